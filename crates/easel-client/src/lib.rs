//! Typed clients of the app-server, which send requests by method type and get events in order.
//!
//! [`Client`] spawns a server and waits for one response at a time. A message that it does not expect is an error, so
//! nothing is lost silently. [`Connection`] has any number of requests in flight over any pair of streams, for a
//! client that runs in the process of the server. The crate depends only on the types of the protocol.

mod connection;
mod error;
mod incoming;
mod message;
mod pending;
mod spawned;
mod streams;

pub use connection::Connection;
pub use error::ClientError;
pub use incoming::{Message, Messages, ServerRequest};
pub use message::RpcError;
pub use pending::PendingRequest;
pub use spawned::{Client, Direction, Tap};
pub use streams::connect;
