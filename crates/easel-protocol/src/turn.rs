//! Turns: one user message each, what the model produced for it, and how it ended.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::{ThreadId, TurnId};
use crate::input::UserInput;
use crate::item::ThreadItem;
use crate::model::ReasoningSummary;

/// A turn: one user message, the items that follow from it, and how it ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct Turn {
    /// The id of the turn, unique in its thread.
    pub id: TurnId,
    /// The same as `id`: Easel has no turns inside turns.
    pub root_turn_id: TurnId,
    /// The turn's items, as far as `itemsView` says.
    pub items: Vec<ThreadItem>,
    /// How much of the turn `items` contains.
    pub items_view: TurnItemsView,
    /// Whether the turn runs, and how it ended.
    pub status: TurnStatus,
    /// Why the turn failed. In an interrupted turn, a warning that the provider may have billed an image that did not
    /// arrive. Otherwise `null`.
    pub error: Option<TurnError>,
    /// When the turn started, in Unix seconds.
    pub started_at: Option<i64>,
    /// When the turn ended, in Unix seconds. `null` while it runs.
    pub completed_at: Option<i64>,
    /// Milliseconds from start to end. `null` while the turn runs.
    pub duration_ms: Option<i64>,
}

/// How much of a turn its `items` contain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum TurnItemsView {
    /// `items` is empty, whatever the turn contains.
    NotLoaded,
    /// The user message and the last agent message. In `turn/completed` only the agent message.
    Summary,
    /// Every item.
    Full,
}

/// The state of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum TurnStatus {
    /// The turn runs.
    InProgress,
    /// The turn ended by itself. An image call in it may still have failed: see the items.
    Completed,
    /// A client interrupted the turn, or the server stopped while it ran.
    Interrupted,
    /// The turn failed; `error` says why.
    Failed,
}

/// Why a turn failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct TurnError {
    /// One sentence for the user.
    pub message: String,
    /// The kind of failure, for clients that act on it.
    pub codex_error_info: Option<CodexErrorInfo>,
    /// More about the failure. `null` when the message says it all.
    pub additional_details: Option<String>,
}

/// Kinds of turn failures. The subset of the Codex app-server's kinds that Easel uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum CodexErrorInfo {
    /// The conversation is too long for the model.
    ContextWindowExceeded,
    /// The account has used up a limit of its plan.
    UsageLimitExceeded,
    /// The provider received too many requests; a later turn may succeed.
    RateLimitExceeded,
    /// There is no credential, or the provider did not accept it.
    Unauthorized,
    /// The provider rejected the request as invalid.
    BadRequest,
    /// The provider or Easel failed.
    InternalServerError,
    /// Any other failure.
    Other,
}

/// Starts a turn. Fields of the Codex app-server that have no meaning for images (sandbox, approvals, personality) are
/// ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct TurnStartParams {
    /// The thread that gets the turn.
    pub thread_id: ThreadId,
    /// The user message, in parts. At least one.
    pub input: Vec<UserInput>,
    /// The client's own id of the message. Easel returns it as `clientId` of the item.
    #[serde(default)]
    pub client_user_message_id: Option<String>,
    /// Changes the thread's working folder, from this turn on. A relative path begins at that of the server.
    #[serde(default)]
    pub cwd: Option<String>,
    /// Changes the thread's model, from this turn on.
    #[serde(default)]
    pub model: Option<String>,
    /// Changes the thread's reasoning effort, from this turn on. One that the model supports, see `model/list`.
    #[serde(default)]
    pub effort: Option<String>,
    /// Changes which summaries of its reasoning the model writes in the thread, from this turn on.
    #[serde(default)]
    pub summary: Option<ReasoningSummary>,
    /// A JSON Schema, as an object, that the last agent message of this turn must satisfy.
    #[serde(default)]
    #[ts(optional = nullable, type = "unknown")]
    pub output_schema: Option<serde_json::Value>,
    /// Whether the model is asked again after its images were made, for its closing words. Absent: what
    /// `images.closing_answer` says. Without effect if an image fails, if a message was added to the turn, or if there
    /// is an `outputSchema`: the model then always answers.
    #[serde(default)]
    pub closing_answer: Option<bool>,
}

/// The turn that was started. Its events follow this response.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct TurnStartResponse {
    /// The turn, without items.
    pub turn: Turn,
}

/// Adds a user message to the running turn. The model reads it before its next response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct TurnSteerParams {
    /// The thread of the turn.
    pub thread_id: ThreadId,
    /// The turn that must be running. The request fails if another turn runs, or none.
    pub expected_turn_id: TurnId,
    /// The user message, in parts. At least one.
    pub input: Vec<UserInput>,
    /// The client's own id of the message. Easel returns it as `clientId` of the item.
    #[serde(default)]
    pub client_user_message_id: Option<String>,
}

/// The turn accepted the message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct TurnSteerResponse {
    /// The running turn.
    pub turn_id: TurnId,
}

/// Interrupts the running turn. Images that the provider has already delivered are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct TurnInterruptParams {
    /// The thread of the turn.
    pub thread_id: ThreadId,
    /// The turn that must be running. The request fails if another turn runs, or none.
    pub turn_id: TurnId,
}

/// The interrupt was accepted. `turn/completed` follows when the turn has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct TurnInterruptResponse {}
