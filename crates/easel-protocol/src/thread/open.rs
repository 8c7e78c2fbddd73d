//! Starting, resuming and forking a thread.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::{ThreadId, TurnId};

use super::Thread;

/// Starts a thread and subscribes the connection to it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ThreadStartParams {
    /// The working folder. A relative path begins at that of the server. Absent: the working folder of the server.
    #[serde(default)]
    pub cwd: Option<String>,
    /// The model. Absent: the configured one.
    #[serde(default)]
    pub model: Option<String>,
    /// The id of the provider. Absent: the configured one.
    #[serde(default)]
    pub model_provider: Option<String>,
    /// Configuration that applies only to this thread, by dotted key.
    #[serde(default)]
    #[ts(optional = nullable, type = "Record<string, unknown> | null")]
    pub config: Option<serde_json::Map<String, serde_json::Value>>,
    /// Replaces `model_instructions`: who the model is.
    #[serde(default)]
    pub base_instructions: Option<String>,
    /// Replaces `developer_instructions`: what the model must also follow.
    #[serde(default)]
    pub developer_instructions: Option<String>,
    /// Keeps the thread only in memory: no list shows it, and it ends when the last subscriber leaves. The images that
    /// it makes stay, with their records. Default false.
    #[serde(default)]
    pub ephemeral: Option<bool>,
    /// Whether this connection receives `rawResponseItem/completed` for the thread. Default false.
    #[serde(default)]
    pub experimental_raw_events: Option<bool>,
}

/// The response of `thread/start` and `thread/fork`, and part of that of `thread/resume`: the thread and the settings
/// that apply to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadSettings {
    /// The thread.
    pub thread: Thread,
    /// The model.
    pub model: String,
    /// The id of the provider.
    pub model_provider: String,
    /// Always `null`.
    pub service_tier: Option<String>,
    /// Absolute path of the working folder.
    pub cwd: String,
    /// Always `never`.
    pub approval_policy: ApprovalPolicy,
    /// Always `user`.
    pub approvals_reviewer: ApprovalsReviewer,
    /// Always read-only.
    pub sandbox: SandboxPolicy,
    /// The reasoning effort. `null`: the model's default.
    pub reasoning_effort: Option<String>,
}

/// The response of `thread/start`.
pub type ThreadStartResponse = ThreadSettings;
/// The response of `thread/fork`.
pub type ThreadForkResponse = ThreadSettings;

/// The response of `thread/resume`: the thread, its settings, and where clients read its history from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadResumeResponse {
    /// The thread and its settings.
    #[serde(flatten)]
    pub settings: ThreadSettings,
    /// Cursor at the newest turn, for `thread/turns/list` with the direction `desc`. `null`: there are no turns.
    pub turns_backwards_cursor: Option<String>,
    /// Cursor at the newest item, for `thread/items/list` with the direction `desc`. `null`: there are no items.
    pub items_backwards_cursor: Option<String>,
}

/// When the Codex app-server asks for approval of commands. Easel runs none. Its questions about image calls depend on
/// `approval` in its configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "kebab-case")]
pub enum ApprovalPolicy {
    /// Never.
    Never,
}

/// Who approves. Without effect: Easel asks the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalsReviewer {
    /// The user.
    User,
}

/// What commands may do. Easel runs none and writes only to its home.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum SandboxPolicy {
    /// No writing.
    ReadOnly {
        /// Whether commands may use the network.
        network_access: bool,
    },
}

/// Loads a stored thread and subscribes the connection to it. Changes of its settings fail while a turn runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ThreadResumeParams {
    /// The thread to load.
    pub thread_id: ThreadId,
    /// The new working folder. A relative path begins at that of the server. Absent: unchanged.
    #[serde(default)]
    pub cwd: Option<String>,
    /// The new model. Absent: unchanged.
    #[serde(default)]
    pub model: Option<String>,
    /// The id of the new provider. Absent: unchanged.
    #[serde(default)]
    pub model_provider: Option<String>,
    /// Configuration that applies only to this thread, by dotted key. Replaces the configuration that `thread/start`
    /// gave.
    #[serde(default)]
    #[ts(optional = nullable, type = "Record<string, unknown> | null")]
    pub config: Option<serde_json::Map<String, serde_json::Value>>,
    /// Replaces `model_instructions`: who the model is.
    #[serde(default)]
    pub base_instructions: Option<String>,
    /// Replaces `developer_instructions`: what the model must also follow.
    #[serde(default)]
    pub developer_instructions: Option<String>,
    /// Whether to leave `thread.turns` empty. Default false: it has the newest turns, with as many of their items as
    /// fit into a line of 64 KiB. `thread/turns/list` has all of them.
    #[serde(default)]
    pub exclude_turns: Option<bool>,
    /// Whether this connection receives `rawResponseItem/completed` for the thread. Default false.
    #[serde(default)]
    pub experimental_raw_events: Option<bool>,
}

/// Starts a thread as a copy of another and subscribes the connection to it. The copy has the same handles for the
/// images and shares their files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ThreadForkParams {
    /// The thread to copy.
    pub thread_id: ThreadId,
    /// The last turn to copy. It must have ended. Absent: all turns that have ended.
    #[serde(default)]
    pub last_turn_id: Option<TurnId>,
    /// The working folder. A relative path begins at that of the server. Absent: the one of the copied thread.
    #[serde(default)]
    pub cwd: Option<String>,
    /// The model. Absent: the one of the copied thread.
    #[serde(default)]
    pub model: Option<String>,
    /// The id of the provider. Absent: the one of the copied thread.
    #[serde(default)]
    pub model_provider: Option<String>,
    /// Configuration that applies only to the new thread, by dotted key. Replaces the configuration of the copied
    /// thread.
    #[serde(default)]
    #[ts(optional = nullable, type = "Record<string, unknown> | null")]
    pub config: Option<serde_json::Map<String, serde_json::Value>>,
    /// Replaces `model_instructions`: who the model is.
    #[serde(default)]
    pub base_instructions: Option<String>,
    /// Replaces `developer_instructions`: what the model must also follow.
    #[serde(default)]
    pub developer_instructions: Option<String>,
    /// Keeps the new thread only in memory, as in `thread/start`. Default false.
    #[serde(default)]
    pub ephemeral: Option<bool>,
    /// Whether to leave `thread.turns` empty, as in `thread/resume`. Default false.
    #[serde(default)]
    pub exclude_turns: Option<bool>,
    /// Whether this connection receives `rawResponseItem/completed` for the thread. Default false.
    #[serde(default)]
    pub experimental_raw_events: Option<bool>,
}
