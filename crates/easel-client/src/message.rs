//! The shapes of messages on the wire.

use easel_protocol::event::Event;
use easel_protocol::method::Method;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::error::{ClientError, protocol_error};

/// A request of the server that waits for [`Client::server_request`](crate::Client::server_request).
#[derive(Debug)]
pub(crate) struct QueuedRequest {
    pub(crate) id: u64,
    pub(crate) method: String,
    pub(crate) params: Box<RawValue>,
}

/// A request of this client.
#[derive(Serialize)]
pub(crate) struct Request<'a> {
    pub(crate) id: u64,
    pub(crate) method: &'a str,
    pub(crate) params: &'a RawValue,
}

/// A line from the server: a response if it has an id and no method, a request if it has both, else a notification.
#[derive(Deserialize)]
pub(crate) struct Line<'a> {
    pub(crate) id: Option<u64>,
    pub(crate) method: Option<String>,
    #[serde(borrow)]
    pub(crate) params: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(crate) result: Option<&'a RawValue>,
    pub(crate) error: Option<RpcError>,
}

/// Parses a notification. `None` for one that this version does not know: later versions of the server have more.
///
/// # Errors
/// If an event has wrong params.
pub(crate) fn parse_event(method: &str, params: Option<&RawValue>) -> Result<Option<Event>, ClientError> {
    let params = params.unwrap_or(RawValue::NULL).get();
    let event = Event::from_params(method, params).map_err(|error| {
        ClientError::Protocol(format!("the event {method} has params of another shape ({error}): {params}"))
    })?;
    if event.is_none() {
        tracing::debug!(method, "an unknown notification was ignored");
    }
    Ok(event)
}

/// The notification that cancels a request.
#[derive(Serialize)]
pub(crate) struct Cancel {
    method: &'static str,
    params: CancelParams,
}

#[derive(Serialize)]
struct CancelParams {
    id: u64,
}

impl Cancel {
    /// Cancels the request with this id.
    pub(crate) fn new(id: u64) -> Self {
        Self { method: "$/cancelRequest", params: CancelParams { id } }
    }
}

/// A JSON-RPC error, of the server or of this client.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RpcError {
    /// The JSON-RPC error code.
    pub code: i32,
    /// The text for people.
    pub message: String,
}

/// A response of this client to a request of the server.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Reply<'a> {
    Result { id: u64, result: Box<RawValue> },
    Error { id: u64, error: &'a RpcError },
}

impl<'a> Reply<'a> {
    pub(crate) fn new<M: Method>(id: u64, result: &'a Result<M::Response, RpcError>) -> Result<Self, ClientError> {
        Ok(match result {
            Ok(result) => {
                let result = M::response_to_json(result).map_err(|error| protocol_error(&error))?;
                Self::Result { id, result }
            }
            Err(error) => Self::Error { id, error },
        })
    }
}
