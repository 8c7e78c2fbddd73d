//! Servers that several clients connect to, over socket files and WebSockets.
//!
//! Start at [`server`]: a listening server and its connections.

pub(crate) mod server;

mod connections;
mod ending;
mod socket_file;
mod strangers;
mod web_socket;
