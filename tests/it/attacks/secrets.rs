//! No credential and no file leaves that was not meant to.

mod project;
mod stored;
