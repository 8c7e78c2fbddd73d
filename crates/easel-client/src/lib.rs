//! Typed clients of the app-server, which send requests by method type and get events in order.
//!
//! [`Client`] spawns a server and waits for one response at a time. [`Connection`] has any number of requests in flight
//! over any pair of streams, for a client that runs in the process of the server. Both ignore notifications that they
//! do not know, which later servers may send; an event of the wrong shape and a response without a request are errors,
//! so nothing is lost silently. The crate depends only on the types of the protocol.

mod connection;
mod error;
mod incoming;
mod message;
mod pending;
mod spawned;
mod streams;
mod tap;

pub use connection::Connection;
pub use error::ClientError;
pub use incoming::{Message, Messages, ServerRequest};
pub use message::RpcError;
pub use pending::PendingRequest;
pub use spawned::Client;
pub use streams::connect;
pub use tap::{Direction, Tap};
