//! Searching threads by their content.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{SortDirection, Thread};

/// Finds stored threads by their content.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ThreadSearchParams {
    /// Text of the name, the preview, a user message or the prompt of an image, in upper or lower case. 1 to 200
    /// characters after trimming. No character is a wildcard.
    pub search_term: String,
    /// `nextCursor` or `backwardsCursor` of another page. Absent: the first page.
    #[serde(default)]
    pub cursor: Option<String>,
    /// Maximum number of entries in the page, 1 to 100. Default 25.
    #[serde(default)]
    pub limit: Option<u32>,
    /// The order of the threads. Default `created_at`.
    #[serde(default)]
    pub sort_key: Option<ThreadSearchSortKey>,
    /// The direction of the order. Default `desc`.
    #[serde(default)]
    pub sort_direction: Option<SortDirection>,
    /// Only threads of these sources, as in `thread/list`.
    #[serde(default)]
    pub source_kinds: Option<Vec<ThreadSourceKind>>,
    /// True finds only archived threads, false only the others. Default false.
    #[serde(default)]
    pub archived: Option<bool>,
}

/// Orders of found threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum ThreadSearchSortKey {
    /// By creation.
    CreatedAt,
    /// By the last change.
    UpdatedAt,
    /// The same as `updated_at`.
    RecencyAt,
}

/// Kinds of clients that threads come from: the Codex app-server's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum ThreadSourceKind {
    /// The command line.
    Cli,
    /// The editor extension.
    Vscode,
    /// A non-interactive run.
    Exec,
    /// A client of this server: every thread of Easel.
    AppServer,
    /// Any agent that another thread started. Easel has none.
    SubAgent,
    /// A review agent. Easel has none.
    SubAgentReview,
    /// A compaction agent. Easel has none.
    SubAgentCompact,
    /// A thread that another thread started. Easel has none.
    SubAgentThreadSpawn,
    /// Another agent. Easel has none.
    SubAgentOther,
    /// Unknown.
    Unknown,
}

/// A page of found threads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadSearchResponse {
    /// The threads of this page.
    pub data: Vec<ThreadSearchResult>,
    /// The cursor of the next page. `null` on the last page.
    pub next_cursor: Option<String>,
    /// A cursor for the opposite direction. Its page begins with the first entry of this one. `null` when this page is
    /// empty.
    pub backwards_cursor: Option<String>,
}

/// A thread that matches the search.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadSearchResult {
    /// The thread, without turns.
    pub thread: Thread,
    /// The text around the match, at most 160 characters.
    pub snippet: String,
}
