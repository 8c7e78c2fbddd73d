//! Servers that several clients connect to, over socket files and WebSockets.
//!
//! Start at [`server`]: a listening server and its connections.

pub(crate) mod server;

mod activation;
mod connections;
mod plain_http;
mod shutdown;
mod socket_file;
mod unauthorized;
mod web_socket;
