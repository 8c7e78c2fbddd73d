//! Threads: their state, their life, and their history in pages.

mod change;
mod open;
mod pages;

pub use change::*;
pub use open::*;
pub use pages::*;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::ThreadId;
use crate::turn::Turn;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct Thread {
    pub id: ThreadId,
    pub session_id: ThreadId,
    pub forked_from_id: Option<ThreadId>,
    /// The start of the first user message.
    pub preview: String,
    pub ephemeral: bool,
    pub model_provider: String,
    pub model: Option<String>,
    /// Unix seconds.
    pub created_at: i64,
    /// Unix seconds.
    pub updated_at: i64,
    pub status: ThreadStatus,
    /// Easel keeps threads in a database, so there is no file to name.
    pub path: Option<String>,
    /// Absolute path of the working folder.
    pub cwd: String,
    pub cli_version: String,
    /// Name of the client that started the thread.
    pub originator: Option<String>,
    pub source: SessionSource,
    pub name: Option<String>,
    pub project_id: Option<String>,
    /// What a client said of the working folder's repository.
    #[serde(default)]
    pub git_info: Option<GitInfo>,
    pub history_mode: HistoryMode,
    /// Filled where the method says so, else empty.
    pub turns: Vec<Turn>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct GitInfo {
    pub sha: Option<String>,
    pub branch: Option<String>,
    pub origin_url: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ThreadStatus {
    NotLoaded {},
    Idle {},
    SystemError {},
    Active { active_flags: Vec<ThreadActiveFlag> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum ThreadActiveFlag {
    WaitingOnApproval,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum SessionSource {
    Cli,
    Vscode,
    Exec,
    AppServer,
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum HistoryMode {
    Paginated,
}
