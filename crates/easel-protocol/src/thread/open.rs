//! Starting, resuming and forking a thread, and what it then has.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::{ThreadId, TurnId};

use super::Thread;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ThreadStartParams {
    /// Absolute path; default is the server's own working folder.
    #[serde(default)]
    pub cwd: Option<String>,
    #[serde(default)]
    pub model: Option<String>,
    #[serde(default)]
    pub model_provider: Option<String>,
    /// Configuration of this thread alone, by dotted key.
    #[serde(default)]
    #[ts(optional = nullable, type = "Record<string, unknown> | null")]
    pub config: Option<serde_json::Map<String, serde_json::Value>>,
    /// What the model is to be, in place of `model_instructions`.
    #[serde(default)]
    pub base_instructions: Option<String>,
    /// What the model is told beside that, in place of `developer_instructions`.
    #[serde(default)]
    pub developer_instructions: Option<String>,
    /// Keep the thread in memory: it is in no list and ends when nobody is subscribed to it any more. The images that it
    /// makes stay, with their records.
    #[serde(default)]
    pub ephemeral: Option<bool>,
    /// Send `rawResponseItem/completed` for this thread to this connection.
    #[serde(default)]
    pub experimental_raw_events: Option<bool>,
}

/// What `thread/start`, `thread/resume` and `thread/fork` answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadSettings {
    pub thread: Thread,
    pub model: String,
    pub model_provider: String,
    pub service_tier: Option<String>,
    pub cwd: String,
    pub approval_policy: ApprovalPolicy,
    pub approvals_reviewer: ApprovalsReviewer,
    pub sandbox: SandboxPolicy,
    pub reasoning_effort: Option<String>,
}

pub type ThreadStartResponse = ThreadSettings;
pub type ThreadResumeResponse = ThreadSettings;
pub type ThreadForkResponse = ThreadSettings;

/// Easel runs no commands, so there is nothing to approve by the Codex app-server's policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "kebab-case")]
pub enum ApprovalPolicy {
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalsReviewer {
    User,
}

/// Easel writes to its home alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum SandboxPolicy {
    ReadOnly { network_access: bool },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ThreadResumeParams {
    pub thread_id: ThreadId,
    #[serde(default)]
    pub cwd: Option<String>,
    #[serde(default)]
    pub model: Option<String>,
    #[serde(default)]
    pub model_provider: Option<String>,
    /// Configuration of this thread alone, by dotted key, in place of what `thread/start` gave. Like the other changes
    /// it is refused while a turn runs.
    #[serde(default)]
    #[ts(optional = nullable, type = "Record<string, unknown> | null")]
    pub config: Option<serde_json::Map<String, serde_json::Value>>,
    /// What the model is to be, in place of `model_instructions`.
    #[serde(default)]
    pub base_instructions: Option<String>,
    /// What the model is told beside that, in place of `developer_instructions`.
    #[serde(default)]
    pub developer_instructions: Option<String>,
    /// Leave `thread.turns` empty. Otherwise it holds the newest turns, with their items as far as they fit into a line
    /// of 64 KiB; pages of all come from `thread/turns/list`.
    #[serde(default)]
    pub exclude_turns: Option<bool>,
    #[serde(default)]
    pub experimental_raw_events: Option<bool>,
}

/// The new thread knows the images of the old one by their handles, and shares their files.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ThreadForkParams {
    pub thread_id: ThreadId,
    /// The last turn that the new thread has, which must have ended. Without it, all turns that have ended.
    #[serde(default)]
    pub last_turn_id: Option<TurnId>,
    #[serde(default)]
    pub cwd: Option<String>,
    #[serde(default)]
    pub model: Option<String>,
    #[serde(default)]
    pub model_provider: Option<String>,
    /// Configuration of the new thread alone, by dotted key, in place of the old thread's.
    #[serde(default)]
    #[ts(optional = nullable, type = "Record<string, unknown> | null")]
    pub config: Option<serde_json::Map<String, serde_json::Value>>,
    /// What the model is to be, in place of `model_instructions`.
    #[serde(default)]
    pub base_instructions: Option<String>,
    /// What the model is told beside that, in place of `developer_instructions`.
    #[serde(default)]
    pub developer_instructions: Option<String>,
    /// Keep the new thread in memory, as with `thread/start`.
    #[serde(default)]
    pub ephemeral: Option<bool>,
    /// Leave `thread.turns` empty, as with `thread/resume`.
    #[serde(default)]
    pub exclude_turns: Option<bool>,
    #[serde(default)]
    pub experimental_raw_events: Option<bool>,
}
