//! Notifications about the life of a thread.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::ThreadId;
use crate::model::ReasoningSummary;
use crate::thread::{ApprovalPolicy, ApprovalsReviewer, SandboxPolicy, Thread, ThreadStatus};

/// A thread was created, by `thread/start` or `thread/fork`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadStartedNotification {
    /// The thread, without turns.
    pub thread: Thread,
}

/// The status of a thread changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadStatusChangedNotification {
    /// The thread whose status changed.
    pub thread_id: ThreadId,
    /// The new status.
    pub status: ThreadStatus,
}

/// A client named a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadNameUpdatedNotification {
    /// The renamed thread.
    pub thread_id: ThreadId,
    /// The new name.
    pub thread_name: Option<String>,
}

/// The model, its reasoning or the working folder of a thread changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadSettingsUpdatedNotification {
    /// The thread whose settings changed.
    pub thread_id: ThreadId,
    /// All settings, as they apply from the next turn on.
    pub thread_settings: AppliedSettings,
}

/// The settings that apply to a thread's next turn. Easel has one collaboration mode and nothing to approve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct AppliedSettings {
    /// Absolute path of the working folder.
    pub cwd: String,
    /// Always `never`.
    pub approval_policy: ApprovalPolicy,
    /// Always `user`.
    pub approvals_reviewer: ApprovalsReviewer,
    /// Always read-only.
    pub sandbox_policy: SandboxPolicy,
    /// Always the default mode.
    pub collaboration_mode: CollaborationMode,
    /// The model.
    pub model: String,
    /// The id of the provider.
    pub model_provider: String,
    /// Always `null`.
    pub service_tier: Option<String>,
    /// The reasoning effort. `null`: the model's default.
    pub effort: Option<String>,
    /// Which summaries of its reasoning the model writes. `null`: the provider's default.
    pub summary: Option<ReasoningSummary>,
}

/// The Codex app-server's collaboration mode.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct CollaborationMode {
    /// Always `default`.
    pub mode: ModeKind,
    /// The settings of the mode.
    pub settings: CollaborationSettings,
}

/// Kinds of collaboration modes. Easel has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum ModeKind {
    /// The only mode.
    Default,
}

/// The settings of a collaboration mode. Its fields are in snake_case, as in the Codex app-server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub struct CollaborationSettings {
    /// The model.
    pub model: String,
    /// The reasoning effort. `null`: the model's default.
    pub reasoning_effort: Option<String>,
    /// The developer instructions of the thread. `null` when it has none.
    pub developer_instructions: Option<String>,
}

/// A thread was archived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadArchivedNotification {
    /// The archived thread.
    pub thread_id: ThreadId,
}

/// A thread was unarchived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadUnarchivedNotification {
    /// The thread that lists show again.
    pub thread_id: ThreadId,
}

/// A thread was unloaded from memory. `thread/resume` loads it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadClosedNotification {
    /// The thread that is no longer in memory.
    pub thread_id: ThreadId,
}

/// A client removed turns from the history of a thread. Clients that show the history must read it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRevertedNotification {
    /// The thread that lost turns.
    pub thread_id: ThreadId,
}

/// A thread was deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadDeletedNotification {
    /// The deleted thread.
    pub thread_id: ThreadId,
}
