//! JSON-RPC 2.0 over any pair of byte streams, one object a line, or over a WebSocket, one object a message, in the
//! dialect of the Codex app-server (the `jsonrpc` member is optional).
//!
//! This crate owns framing, the envelope, dispatch, the right to answer, the only way out, and the life of one
//! connection. It must not know what the methods mean: no threads, no images, no protocol type of the app.
//!
//! jsonrpsee is the dispatch table, the params, the error object and the response that tells when it was queued. Its
//! transports, its ids (unsigned only) and its envelope (`jsonrpc` required) are not used.
//!
//! Start reading at [`serve()`]: reader thread -> [`Table`] -> in-flight table -> [`Outbox`] -> writer thread.
//!
//! Invariants, each held by a test: a line, whatever it holds, never ends a session; every request is answered once;
//! a response precedes the events that its request causes; nothing here grows without a bound, in number or in bytes;
//! what computes for long runs neither on the reader thread nor on a worker of the runtime.

mod serve;

// In: one line, parsed once, becomes a call, a refusal, or an answer to one of our own requests.
mod dispatch;
mod envelope;
mod handshake;
mod in_flight;
mod line;
mod long_lines;
mod source;

// What the app writes and sees of a call.
mod error;
mod fault;
mod limits;
mod params;
mod reply;
mod request_params;
mod table;
mod wording;

// Out: one queue, one writer.
mod budget;
mod framing;
mod message;
mod outbox;
mod peer_request;
mod writer;

// The process around a connection.
mod lifecycle;
mod os;

// The edges: standard input and output, sockets, WebSockets.
mod socket;
mod stdio;
mod websocket;

pub use budget::Share;
pub use error::{
    code, internal_error, invalid_params, invalid_request, invalid_request_with, method_not_found, overloaded,
};
pub use fault::{Fault, read_value};
pub use jsonrpsee::types::ErrorObjectOwned;
pub use lifecycle::{ClientWatch, Gone, Signals};
pub use limits::Limits;
pub use line::LineReader;
pub use long_lines::LongLineGate;
pub use os::HangUpProbe;
pub use outbox::{Closed, Outbox, Sink};
pub use params::parse_params;
pub use peer_request::PeerError;
pub use reply::{Call, Queued, Reply};
pub use request_params::{HeavyWork, RequestParams};
pub use serve::{End, Session, serve};
pub use socket::Socket;
pub use source::{Line, Source};
pub use stdio::{Stdin, Stdout, take_over};
pub use table::{DuplicateMethod, Table, TableBuilder};
pub use websocket::{Admission, Messages, Token, accept_websocket};
