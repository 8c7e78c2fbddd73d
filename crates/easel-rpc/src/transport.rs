//! Connections: standard input and output, sockets, WebSockets.

pub(crate) mod socket;
pub(crate) mod stdio;
pub(crate) mod websocket;
