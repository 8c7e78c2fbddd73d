//! Requests to one provider over HTTP.
//!
//! [`send`] sends a [`Request`] until a successful response begins, and asks the request's own policy after each
//! failure. The body of a request ([`RequestBody`]) is read from disk while it is sent. A [`NetworkLimit`] ends waiting
//! for the network and nothing else. A [`FormatDetector`] finds out whether a response is JSON or an event stream;
//! [`sse`] parses the latter.

mod attempt;
mod body;
mod body_format;
mod clients;
mod connection_error;
mod destination;
mod endpoint;
mod network_limit;
mod public_address;
mod send;
mod upload;

pub(crate) mod sse;

pub(crate) use attempt::Attempt;
pub(crate) use body::{BodyPart, Encoding, RequestBody};
pub(crate) use body_format::{BodyFormat, FormatDetector};
pub(crate) use clients::Target;
pub use clients::is_loopback;
pub(crate) use connection_error::{Unreachable, describe_unreachable};
pub(crate) use destination::Destination;
pub use destination::Proxy;
pub use endpoint::{Endpoint, EndpointError};
pub(crate) use network_limit::{LimitReached, NetworkLimit};
pub(crate) use public_address::{NotPublic, is_public};
pub(crate) use send::{ApiClient, OpenResponse, PreparedRequest, Request, SendError, root_cause, send};
#[cfg(test)]
pub(crate) use upload::Upload;
