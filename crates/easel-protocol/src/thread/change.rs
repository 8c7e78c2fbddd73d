//! Requests that change a stored thread or end a subscription.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::{ThreadId, TurnId};
use crate::model::ReasoningSummary;

use super::Thread;

/// Removes a turn and all turns after it from history. The images that they made are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRevertParams {
    /// The thread to remove turns from.
    pub thread_id: ThreadId,
    /// The first turn to remove.
    pub before_turn_id: TurnId,
}

/// The turns were removed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRevertResponse {
    /// The thread, without turns.
    pub thread: Thread,
    /// A cursor for `thread/turns/list` with `sortDirection: "desc"`. Its page begins with the newest remaining turn.
    /// `null` when no turn remains.
    pub turns_backwards_cursor: Option<String>,
    /// A cursor for `thread/items/list` with `sortDirection: "desc"`. Its page begins with the newest remaining item.
    /// `null` when no item remains.
    pub items_backwards_cursor: Option<String>,
}

/// Removes the newest turns from history. The images that they made are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRollbackParams {
    /// The thread to remove turns from.
    pub thread_id: ThreadId,
    /// How many turns to remove, at least 1. A larger number than the thread has removes all.
    pub num_turns: u32,
}

/// The turns were removed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRollbackResponse {
    /// The thread with the remaining turns, as in `thread/resume`.
    pub thread: Thread,
}

/// Reduces the older turns of a thread to a catalogue that the model reads instead of them. Clients still read all
/// turns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadCompactStartParams {
    /// The thread to compact.
    pub thread_id: ThreadId,
}

/// The turn that compacts the thread was started. Its events follow this response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadCompactStartResponse {}

/// Deletes a thread and the files that no fork uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadDeleteParams {
    /// The thread to delete.
    pub thread_id: ThreadId,
}

/// The thread was deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadDeleteResponse {}

/// Names a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadSetNameParams {
    /// The thread to rename.
    pub thread_id: ThreadId,
    /// The name, 1 to 200 characters after trimming.
    pub name: String,
}

/// The thread was named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadSetNameResponse {}

/// Stores the state of the working folder's repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ThreadMetadataUpdateParams {
    /// The thread to update.
    pub thread_id: ThreadId,
    /// The fields to change.
    #[serde(default)]
    pub git_info: Option<GitInfoPatch>,
}

/// Changes of [`GitInfo`](super::GitInfo). A missing field stays, `null` clears it, a string replaces it. This is the
/// only part of the protocol in which `null` and a missing field differ.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct GitInfoPatch {
    /// The commit.
    #[serde(default, with = "nullable", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    #[ts(optional, type = "string | null")]
    pub sha: Option<Option<String>>,
    /// The branch.
    #[serde(default, with = "nullable", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    #[ts(optional, type = "string | null")]
    pub branch: Option<Option<String>>,
    /// The URL of the remote `origin`.
    #[serde(default, with = "nullable", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    #[ts(optional, type = "string | null")]
    pub origin_url: Option<Option<String>>,
}

/// (De)serializes a field whose `null` differs from its absence.
mod nullable {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &Option<Option<String>>, target: S) -> Result<S::Ok, S::Error> {
        value.as_ref().and_then(Option::as_ref).serialize(target)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(source: D) -> Result<Option<Option<String>>, D::Error> {
        Option::deserialize(source).map(Some)
    }
}

/// The state was stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadMetadataUpdateResponse {
    /// The thread, without turns.
    pub thread: Thread,
}

/// Changes the settings of a thread. They apply to the turns that start from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ThreadSettingsUpdateParams {
    /// The thread to change.
    pub thread_id: ThreadId,
    /// The new working folder. A relative path begins at that of the server.
    #[serde(default)]
    pub cwd: Option<String>,
    /// The new model.
    #[serde(default)]
    pub model: Option<String>,
    /// The new reasoning effort. One that the model supports, see `model/list`.
    #[serde(default)]
    pub effort: Option<String>,
    /// Which summaries of its reasoning the model writes.
    #[serde(default)]
    pub summary: Option<ReasoningSummary>,
}

/// The settings were stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadSettingsUpdateResponse {}

/// Adds items to the history that the model reads, before the next turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadInjectItemsParams {
    /// The thread whose history gets the items.
    pub thread_id: ThreadId,
    /// Items of the Responses API: messages, function calls with their outputs, image calls. Images are `data:` URLs or
    /// handles of the thread. 1 to 256 items, at most 1 MiB without images.
    #[ts(type = "Array<unknown>")]
    pub items: Vec<serde_json::Value>,
}

/// The items were added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadInjectItemsResponse {}

/// Archives a thread: lists leave it out by default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadArchiveParams {
    /// The thread to archive.
    pub thread_id: ThreadId,
}

/// The thread was archived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadArchiveResponse {}

/// Unarchives a thread: lists show it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadUnarchiveParams {
    /// The thread to show in lists again.
    pub thread_id: ThreadId,
}

/// The thread is no longer archived.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadUnarchiveResponse {
    /// The thread, without turns.
    pub thread: Thread,
}

/// Stops sending the events of a thread to this connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadUnsubscribeParams {
    /// The thread whose events this connection no longer gets.
    pub thread_id: ThreadId,
}

/// Whether the connection was subscribed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadUnsubscribeResponse {
    /// What the request did.
    pub status: UnsubscribeStatus,
}

/// What an unsubscribe request did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum UnsubscribeStatus {
    /// Nothing: the thread is not in memory.
    NotLoaded,
    /// Nothing: the connection was not subscribed.
    NotSubscribed,
    /// The connection receives no more events of the thread.
    Unsubscribed,
}
