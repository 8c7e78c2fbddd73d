//! Notifications about the server as a whole.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::ThreadId;
use crate::tool::ToolExposure;

/// The configuration has a problem that Easel can work around.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ConfigWarningNotification {
    /// One sentence. It never contains a value, which may be a secret.
    pub summary: String,
    /// What follows from the problem, or how to solve it. `null` when the summary says it all.
    pub details: Option<String>,
    /// The file that the warning is about. Absent when it is about no file.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub path: Option<String>,
}

/// Something in a turn is not as the user may expect it, and the turn goes on: the provider's hosted image tool is not
/// offered to the model, because a limit of spending is used up, or because it would bypass an approval or a hook. Each
/// reason is reported once a turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct WarningNotification {
    /// The thread of the turn.
    pub thread_id: ThreadId,
    /// What happened, and what to do, for the user.
    pub message: String,
}

/// The image tools that a thread with the default configuration offers have changed, or their arguments have.
/// `tool/list` has the details.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ToolListUpdatedNotification {
    /// The tool that is offered now.
    pub exposure: ToolExposure,
    /// The names of the offered tools, as in the response to `initialize`.
    pub tools: Vec<String>,
}

/// Nobody waits for the client's response to a request of the server any more: it has arrived, or the server withdrew
/// the request. Only the connection that got the request gets this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ServerRequestResolvedNotification {
    /// The thread that the request was about.
    pub thread_id: ThreadId,
    /// The id of the request.
    pub request_id: RequestId,
}

/// The id of a request, chosen by its sender. Easel numbers its own requests per connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(untagged)]
pub enum RequestId {
    /// A number.
    Number(i64),
    /// Text. Easel's own requests have none.
    Text(String),
}
