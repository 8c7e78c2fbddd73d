//! The whole crate over in-memory pipes, with a table of test methods.

mod client;
mod handshake;
mod server;
