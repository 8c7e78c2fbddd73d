//! Threads: their state, their life, and their history in pages.

mod change;
mod open;
mod pages;
mod search;

pub use change::*;
pub use open::*;
pub use pages::*;
pub use search::*;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::ThreadId;
use crate::model::ReasoningSummary;
use crate::turn::Turn;

/// A thread: a conversation and its settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct Thread {
    /// The id of the thread, a UUID of version 7.
    pub id: ThreadId,
    /// The same as `id`.
    pub session_id: ThreadId,
    /// The thread that this one is a fork of. `null` for a thread that `thread/start` created.
    pub forked_from_id: Option<ThreadId>,
    /// The start of the first user message. Empty before it.
    pub preview: String,
    /// Whether the thread exists only in memory.
    pub ephemeral: bool,
    /// The id of the provider.
    pub model_provider: String,
    /// The model.
    pub model: Option<String>,
    /// The reasoning effort that a client set. `null`: `model_reasoning_effort` applies.
    #[serde(default)]
    pub reasoning_effort: Option<String>,
    /// The summaries of the model's reasoning that a client set. `null`: `model_reasoning_summary` applies.
    #[serde(default)]
    pub reasoning_summary: Option<ReasoningSummary>,
    /// When the thread was created, in Unix seconds.
    pub created_at: i64,
    /// When the thread last changed, in Unix seconds.
    pub updated_at: i64,
    /// What the thread is doing.
    pub status: ThreadStatus,
    /// Always `null`: Easel keeps threads in a database.
    pub path: Option<String>,
    /// Absolute path of the working folder.
    pub cwd: String,
    /// The version of Easel that created the thread.
    pub cli_version: String,
    /// The name of the client that started the thread.
    pub originator: Option<String>,
    /// Where the thread comes from.
    pub source: SessionSource,
    /// The name that a client gave the thread. `null` until then.
    pub name: Option<String>,
    /// Always `null`.
    pub project_id: Option<String>,
    /// The state of the working folder's repository, as a client reported it.
    #[serde(default)]
    pub git_info: Option<GitInfo>,
    /// Always `paginated`.
    pub history_mode: HistoryMode,
    /// The turns. Empty unless the method says otherwise.
    pub turns: Vec<Turn>,
}

/// The state of a Git repository, as a client reported it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct GitInfo {
    /// The commit.
    pub sha: Option<String>,
    /// The branch.
    pub branch: Option<String>,
    /// The URL of the remote `origin`.
    pub origin_url: Option<String>,
}

/// What a thread is doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ThreadStatus {
    /// The thread is stored and not in memory.
    NotLoaded {},
    /// The thread is in memory and runs no turn.
    Idle {},
    /// Never sent.
    SystemError {},
    /// A turn runs.
    Active {
        /// What the turn waits for. Empty while it waits for nobody.
        active_flags: Vec<ThreadActiveFlag>,
    },
}

/// What a running turn waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum ThreadActiveFlag {
    /// An image call of the turn waits for an approval.
    WaitingOnApproval,
}

/// The kind of client that a thread comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum SessionSource {
    /// The command line.
    Cli,
    /// The editor extension.
    Vscode,
    /// A non-interactive run.
    Exec,
    /// A client of this server.
    AppServer,
    /// Unknown.
    Unknown,
}

/// How clients read the history of a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum HistoryMode {
    /// In pages.
    Paginated,
}
