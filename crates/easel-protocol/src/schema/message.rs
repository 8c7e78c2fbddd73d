//! The messages around params and results. `easel-rpc` reads and writes them; these types only describe them.
#![expect(dead_code, reason = "only their schema is used")]

use schemars::JsonSchema;
use serde_json::Value;
use ts_rs::TS;

use crate::event::RequestId;

/// A response to a request that succeeded.
#[derive(JsonSchema, TS)]
pub(super) struct SuccessResponse {
    /// The id of the request.
    id: RequestId,
    /// The result. `methods` (in TypeScript `Methods`) has its type for the method of the request.
    result: Value,
}

/// A response to a request that failed.
#[derive(JsonSchema, TS)]
pub(super) struct ErrorResponse {
    /// The id of the request. `null` if the line had no valid id.
    id: Option<RequestId>,
    /// Why the request failed.
    error: ErrorObject,
}

/// Why a request failed. A failed turn or image is not an error of a request: see `Turn` and `ImageGenerationItem`.
#[derive(JsonSchema, TS)]
struct ErrorObject {
    /// The kind of error. `docs/CLIENTS.md` lists the codes.
    code: i32,
    /// What happened and what to do, in one sentence.
    message: String,
    /// More for clients to act on, such as `field`, the param that is invalid. Absent without such details.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    data: Option<Value>,
}

/// A notification of a client. Others are ignored.
#[derive(JsonSchema, TS)]
#[serde(tag = "method", content = "params")]
pub(super) enum ClientNotification {
    /// The client has read the response to `initialize`. It may be left out.
    #[serde(rename = "initialized")]
    Initialized,
    /// Cancels a request, which then fails with −32800.
    #[serde(rename = "$/cancelRequest")]
    CancelRequest(CancelRequestParams),
}

/// The request to cancel.
#[derive(JsonSchema, TS)]
pub(super) struct CancelRequestParams {
    /// The id of the request.
    id: RequestId,
}

/// The description of any message.
pub(super) const MESSAGE: &str = "A message of the Easel app-server protocol, one line of JSON. A message may also have `\"jsonrpc\": \"2.0\"`; \
     those of the server have it if the client's `initialize` has it.";

/// The types of messages, in the order of a connection's life.
pub(super) const MESSAGES: [&str; 6] =
    ["ClientRequest", "ClientNotification", "SuccessResponse", "ErrorResponse", "Event", "ServerRequest"];

/// The description of [`EMITTED_AT_MS`].
pub(super) const EMITTED_AT: &str = "When the server wrote the notification, in Unix milliseconds.";

/// The member that every notification of the server has beside `method` and `params`.
pub(super) const EMITTED_AT_MS: &str = "emittedAtMs";
