//! Threads: their state, their life, and their history in pages.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::item::ThreadItem;
use crate::thread_search::ThreadSourceKind;
use crate::turn::{Turn, TurnItemsView};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct Thread {
    pub id: String,
    pub session_id: String,
    pub forked_from_id: Option<String>,
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
    pub thread_id: String,
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
    pub thread_id: String,
    /// The last turn that the new thread has, which must have ended. Without it, all turns that have ended.
    #[serde(default)]
    pub last_turn_id: Option<String>,
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

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRevertParams {
    pub thread_id: String,
    /// This turn and all after it leave history. The images that they made are kept.
    pub before_turn_id: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRevertResponse {
    /// Without turns.
    pub thread: Thread,
    /// For `thread/turns/list` with `sortDirection: "desc"`: the page begins with the newest turn that is left. `null` when
    /// none is.
    pub turns_backwards_cursor: Option<String>,
    /// The same for `thread/items/list`.
    pub items_backwards_cursor: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRollbackParams {
    pub thread_id: String,
    /// The newest turns that leave history, at least 1; all when there are not so many. The images that they made are
    /// kept.
    pub num_turns: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRollbackResponse {
    /// With the turns that are left, as with `thread/resume`.
    pub thread: Thread,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadDeleteParams {
    pub thread_id: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadDeleteResponse {}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ThreadReadParams {
    pub thread_id: String,
    #[serde(default)]
    pub include_turns: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadReadResponse {
    pub thread: Thread,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ThreadListParams {
    #[serde(default)]
    pub cursor: Option<String>,
    /// 1 to 100; default 25.
    #[serde(default)]
    pub limit: Option<u32>,
    /// Default `created_at`.
    #[serde(default)]
    pub sort_key: Option<ThreadSortKey>,
    /// Default `desc`.
    #[serde(default)]
    pub sort_direction: Option<SortDirection>,
    /// True lists the archived threads alone; default false lists the others.
    #[serde(default)]
    pub archived: Option<bool>,
    #[serde(default)]
    pub model_providers: Option<Vec<String>>,
    #[serde(default)]
    pub cwd: Option<CwdFilter>,
    /// Part of the name or the preview, in upper or lower case; none of its characters is a wildcard.
    #[serde(default)]
    pub search_term: Option<String>,
    /// Where the threads come from; empty is all, and so is the default. Threads of Easel are `appServer`, and `vscode`
    /// finds them too.
    #[serde(default)]
    pub source_kinds: Option<Vec<ThreadSourceKind>>,
    /// Threads to leave out, at most 100; to be sent with each page.
    #[serde(default)]
    pub excluded_thread_ids: Option<Vec<String>>,
    /// Names of the clients that started the threads; empty is all.
    #[serde(default)]
    pub originators: Option<Vec<String>>,
    /// Easel has no sections, so no thread is in one: an id finds nothing, null and the default find all.
    #[serde(default)]
    pub section_id: Option<String>,
    /// Without effect: a home's threads belong to no account.
    #[serde(default)]
    pub current_account_only: Option<bool>,
    /// Without effect: there is only the database.
    #[serde(default)]
    pub use_state_db_only: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(untagged, expecting = "expected a path or a list of paths")]
pub enum CwdFilter {
    One(String),
    AnyOf(Vec<String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum ThreadSortKey {
    CreatedAt,
    UpdatedAt,
    RecencyAt,
    /// As `created_at`, since no thread is in a section.
    SectionPosition,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum SortDirection {
    Asc,
    Desc,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadListResponse {
    pub data: Vec<Thread>,
    pub next_cursor: Option<String>,
    pub backwards_cursor: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ThreadLoadedListParams {
    #[serde(default)]
    pub cursor: Option<String>,
    #[serde(default)]
    pub limit: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadLoadedListResponse {
    pub data: Vec<String>,
    pub next_cursor: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ThreadTurnsListParams {
    pub thread_id: String,
    #[serde(default)]
    pub cursor: Option<String>,
    /// 1 to 100; default 25.
    #[serde(default)]
    pub limit: Option<u32>,
    /// Default `desc`.
    #[serde(default)]
    pub sort_direction: Option<SortDirection>,
    /// Default `summary`.
    #[serde(default)]
    pub items_view: Option<TurnItemsView>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadTurnsListResponse {
    pub data: Vec<Turn>,
    pub next_cursor: Option<String>,
    pub backwards_cursor: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ThreadItemsListParams {
    pub thread_id: String,
    /// Items of this turn alone.
    #[serde(default)]
    pub turn_id: Option<String>,
    #[serde(default)]
    pub cursor: Option<String>,
    /// 1 to 100; default 25.
    #[serde(default)]
    pub limit: Option<u32>,
    /// Default `asc`.
    #[serde(default)]
    pub sort_direction: Option<SortDirection>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadItemsListResponse {
    pub data: Vec<ThreadItemEntry>,
    pub next_cursor: Option<String>,
    pub backwards_cursor: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadItemEntry {
    pub turn_id: String,
    pub item: ThreadItem,
    pub started_at_ms: Option<i64>,
    pub completed_at_ms: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadSetNameParams {
    pub thread_id: String,
    /// 1 to 200 characters after trimming.
    pub name: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadSetNameResponse {}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ThreadMetadataUpdateParams {
    pub thread_id: String,
    #[serde(default)]
    pub git_info: Option<GitInfoPatch>,
}

/// A field that is missing stays, `null` clears it, a string replaces it: the one place where `null` is not absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct GitInfoPatch {
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    #[ts(optional, type = "string | null")]
    pub sha: Option<Option<String>>,
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    #[ts(optional, type = "string | null")]
    pub branch: Option<Option<String>>,
    #[serde(default, with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    #[ts(optional, type = "string | null")]
    pub origin_url: Option<Option<String>>,
}

/// Tells a field that is `null` from one that is missing.
mod given {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &Option<Option<String>>, target: S) -> Result<S::Ok, S::Error> {
        value.as_ref().and_then(Option::as_ref).serialize(target)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(source: D) -> Result<Option<Option<String>>, D::Error> {
        Option::deserialize(source).map(Some)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadMetadataUpdateResponse {
    pub thread: Thread,
}

/// What holds for the turns that start from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ThreadSettingsUpdateParams {
    pub thread_id: String,
    #[serde(default)]
    pub cwd: Option<String>,
    #[serde(default)]
    pub model: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadSettingsUpdateResponse {}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadInjectItemsParams {
    pub thread_id: String,
    /// Items of the Responses API for the model to read before the next turn: messages, function calls with their outputs,
    /// image calls. Pictures are `data:` URLs or handles of the thread. 1 to 256 items, 1 MiB without pictures.
    #[ts(type = "Array<unknown>")]
    pub items: Vec<serde_json::Value>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadInjectItemsResponse {}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadArchiveParams {
    pub thread_id: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadArchiveResponse {}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadUnarchiveParams {
    pub thread_id: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadUnarchiveResponse {
    pub thread: Thread,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadUnsubscribeParams {
    pub thread_id: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadUnsubscribeResponse {
    pub status: UnsubscribeStatus,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum UnsubscribeStatus {
    NotLoaded,
    NotSubscribed,
    Unsubscribed,
}
