//! The scripts of the documentation.
