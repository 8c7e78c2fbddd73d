//! The commands for credentials, and those that check how Easel is set up.

pub(crate) mod config;
pub(crate) mod doctor;
pub(crate) mod features;
pub(crate) mod login;
