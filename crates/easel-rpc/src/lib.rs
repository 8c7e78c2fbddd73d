//! JSON-RPC 2.0 over any pair of byte streams (one object per line) or over a WebSocket (one object per message), as
//! the Codex app-server speaks it: the `jsonrpc` member is optional.
//!
//! This crate owns framing, the message envelope, dispatch, the right to respond, the outgoing queue, and the life of
//! one connection. It must not know what the methods mean: no threads, no images, no protocol type of the app.
//!
//! jsonrpsee provides the error object and a response of limited size that reports when it was queued. Its transports,
//! its ids (unsigned only), its envelope (`jsonrpc` required) and its method table (one context per table, and a copy
//! of the params) are not used.
//!
//! Start at [`serve()`]: reader thread -> [`Table`] -> requests in flight -> [`Outbox`] -> writer thread.
//!
//! Invariants, each with a test: no line can end a session; every request gets exactly one response; a response
//! precedes the events that its request causes; every queue and buffer is bounded, in number or in bytes; long
//! computations run neither on the reader thread nor on a worker of the runtime.

mod inbound;
mod os;
mod outbound;
mod request;
mod transport;

#[cfg(any(fuzzing, test))]
#[doc(hidden)]
pub mod fuzzing;

mod error;
mod limits;
mod relay;
mod serve;

pub use error::{
    auth_required, code, failed, internal_error, invalid_params, invalid_request, invalid_request_with,
    method_not_found, overloaded, resource_not_found,
};
pub use jsonrpsee::types::ErrorObjectOwned;
pub use limits::Limits;
pub use relay::{Relay, Relayed, relay};
pub use serve::{End, Session, serve};

pub use inbound::line::LineReader;
pub use inbound::long_lines::LongLineGate;
pub use inbound::source::{Line, Source};

pub use request::param_error::{ParamError, read_value};
pub use request::params::{parse_params, parse_params_with};
pub use request::reply::{Call, Queued, Reply};
pub use request::request_params::{HeavyWork, ParseParams, RequestParams};
pub use request::table::{CancelMethod, DuplicateMethod, Table, TableBuilder};

pub use outbound::budget::Share;
pub use outbound::outbox::{Closed, Outbox};
pub use outbound::peer_request::PeerError;
pub use outbound::sink::Sink;

pub use os::HangUpProbe;
pub use os::lifecycle::{ClientExit, ClientWatch, Signals};

pub use transport::socket::Socket;
pub use transport::stdio::{Stdin, Stdout, take_stdio};
pub use transport::websocket::{Admission, Messages, Token, accept_websocket};
