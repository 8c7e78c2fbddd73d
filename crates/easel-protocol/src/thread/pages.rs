//! Threads, turns and items, one or in pages.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::Thread;
use crate::id::{ThreadId, TurnId};
use crate::item::ThreadItem;
use crate::thread_search::ThreadSourceKind;
use crate::turn::{Turn, TurnItemsView};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ThreadReadParams {
    pub thread_id: ThreadId,
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
    pub excluded_thread_ids: Option<Vec<ThreadId>>,
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
    pub data: Vec<ThreadId>,
    pub next_cursor: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ThreadTurnsListParams {
    pub thread_id: ThreadId,
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
    pub thread_id: ThreadId,
    /// Items of this turn alone.
    #[serde(default)]
    pub turn_id: Option<TurnId>,
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
    pub turn_id: TurnId,
    pub item: ThreadItem,
    pub started_at_ms: Option<i64>,
    pub completed_at_ms: Option<i64>,
}
