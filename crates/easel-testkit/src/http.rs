//! HTTP/1.1 on real sockets, so that broken and stalled connections are real.

mod exchange;
mod mock_server;
mod recording_proxy;
mod request;
mod response;
mod script;

pub use exchange::Exchange;
pub use mock_server::MockServer;
pub use recording_proxy::{RecordingProxy, send_request};
pub use request::Request;
pub use response::Response;
pub use script::Step;
