//! Incoming messages: a line is parsed once and becomes a request, an error response, or the response to a request of
//! the server.

pub(crate) mod dispatch;
pub(crate) mod envelope;
pub(crate) mod handshake;
pub(crate) mod in_flight;
pub(crate) mod line;
pub(crate) mod long_lines;
pub(crate) mod source;
