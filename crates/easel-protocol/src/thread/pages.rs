//! Reading threads, turns and items, one or in pages.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{Thread, ThreadSourceKind};
use crate::id::{ThreadId, TurnId};
use crate::item::ThreadItem;
use crate::turn::{Turn, TurnItemsView};

/// Reads a thread without loading it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ThreadReadParams {
    /// The thread to read.
    pub thread_id: ThreadId,
    /// Whether `thread.turns` has all turns with all their items. Default false.
    #[serde(default)]
    pub include_turns: Option<bool>,
}

/// The thread.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadReadResponse {
    /// The thread.
    pub thread: Thread,
}

/// Lists stored threads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ThreadListParams {
    /// `nextCursor` or `backwardsCursor` of another page. Absent: the first page.
    #[serde(default)]
    pub cursor: Option<String>,
    /// Maximum number of entries in the page, 1 to 100. Default 25.
    #[serde(default)]
    pub limit: Option<u32>,
    /// The order of the threads. Default `created_at`.
    #[serde(default)]
    pub sort_key: Option<ThreadSortKey>,
    /// The direction of the order. Default `desc`.
    #[serde(default)]
    pub sort_direction: Option<SortDirection>,
    /// True lists only archived threads, false only the others. Default false.
    #[serde(default)]
    pub archived: Option<bool>,
    /// Only threads of these providers. Empty or absent: all.
    #[serde(default)]
    pub model_providers: Option<Vec<String>>,
    /// Only threads with this working folder.
    #[serde(default)]
    pub cwd: Option<CwdFilter>,
    /// Only threads whose name or preview contains this text, in upper or lower case. No character is a wildcard.
    #[serde(default)]
    pub search_term: Option<String>,
    /// Only threads of these sources. Empty or absent: all. Threads of Easel are `appServer`; `vscode` finds them too.
    #[serde(default)]
    pub source_kinds: Option<Vec<ThreadSourceKind>>,
    /// Threads to leave out, at most 100. Send the list with every page.
    #[serde(default)]
    pub excluded_thread_ids: Option<Vec<ThreadId>>,
    /// Only threads that these clients started. Empty or absent: all.
    #[serde(default)]
    pub originators: Option<Vec<String>>,
    /// Easel has no sections: an id finds no thread, `null` or absent finds all.
    #[serde(default)]
    pub section_id: Option<String>,
    /// Without effect: the threads of a home belong to no account.
    #[serde(default)]
    pub current_account_only: Option<bool>,
    /// Without effect: Easel has only a database.
    #[serde(default)]
    pub use_state_db_only: Option<bool>,
}

/// One working folder or several. Absolute paths.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(untagged, expecting = "expected a path or a list of paths")]
pub enum CwdFilter {
    /// This folder.
    One(String),
    /// Any of these folders.
    AnyOf(Vec<String>),
}

/// Orders of threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum ThreadSortKey {
    /// By creation.
    CreatedAt,
    /// By the last change.
    UpdatedAt,
    /// The same as `updated_at`.
    RecencyAt,
    /// The same as `created_at`: Easel has no sections.
    SectionPosition,
}

/// The direction of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum SortDirection {
    /// Oldest first.
    Asc,
    /// Newest first.
    Desc,
}

/// A page of threads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadListResponse {
    /// The threads of this page, without turns.
    pub data: Vec<Thread>,
    /// The cursor of the next page. `null` on the last page.
    pub next_cursor: Option<String>,
    /// A cursor for the opposite direction. Its page begins with the first entry of this one. `null` when this page is
    /// empty.
    pub backwards_cursor: Option<String>,
}

/// Lists the threads that are in memory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ThreadLoadedListParams {
    /// `nextCursor` of the previous page. Absent: the first page.
    #[serde(default)]
    pub cursor: Option<String>,
    /// Maximum number of entries in the page, 1 to 500. Default 500.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// A page of the threads that are in memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadLoadedListResponse {
    /// The ids of the threads, in the order of their creation.
    pub data: Vec<ThreadId>,
    /// The cursor of the next page. `null` on the last page.
    pub next_cursor: Option<String>,
}

/// Lists the turns of a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ThreadTurnsListParams {
    /// The thread to list turns of.
    pub thread_id: ThreadId,
    /// `nextCursor` or `backwardsCursor` of another page. Absent: the first page.
    #[serde(default)]
    pub cursor: Option<String>,
    /// Maximum number of entries in the page, 1 to 100. Default 25.
    #[serde(default)]
    pub limit: Option<u32>,
    /// The direction of the order. Default `desc`.
    #[serde(default)]
    pub sort_direction: Option<SortDirection>,
    /// How much of each turn `items` contains. Default `summary`.
    #[serde(default)]
    pub items_view: Option<TurnItemsView>,
}

/// A page of turns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadTurnsListResponse {
    /// The turns of this page.
    pub data: Vec<Turn>,
    /// The cursor of the next page. `null` on the last page.
    pub next_cursor: Option<String>,
    /// A cursor for the opposite direction. Its page begins with the first entry of this one. `null` when this page is
    /// empty.
    pub backwards_cursor: Option<String>,
}

/// Lists the items of a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ThreadItemsListParams {
    /// The thread to list items of.
    pub thread_id: ThreadId,
    /// Only the items of this turn. Absent: of all turns.
    #[serde(default)]
    pub turn_id: Option<TurnId>,
    /// `nextCursor` or `backwardsCursor` of another page. Absent: the first page.
    #[serde(default)]
    pub cursor: Option<String>,
    /// Maximum number of entries in the page, 1 to 100. Default 25.
    #[serde(default)]
    pub limit: Option<u32>,
    /// The direction of the order. Default `asc`.
    #[serde(default)]
    pub sort_direction: Option<SortDirection>,
}

/// A page of items.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadItemsListResponse {
    /// The items of this page.
    pub data: Vec<ThreadItemEntry>,
    /// The cursor of the next page. `null` on the last page.
    pub next_cursor: Option<String>,
    /// A cursor for the opposite direction. Its page begins with the first entry of this one. `null` when this page is
    /// empty.
    pub backwards_cursor: Option<String>,
}

/// An item and the turn that it belongs to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadItemEntry {
    /// The turn.
    pub turn_id: TurnId,
    /// The item.
    pub item: ThreadItem,
    /// When the item started, in Unix milliseconds.
    pub started_at_ms: Option<i64>,
    /// When the item ended, in Unix milliseconds. `null` while it is in progress.
    pub completed_at_ms: Option<i64>,
}
