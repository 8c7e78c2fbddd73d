//! Threads by what was said in them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::thread::{SortDirection, Thread};

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ThreadSearchParams {
    /// Part of the name, the preview, a user's message or an image's prompt, in upper or lower case. 1 to 200 characters
    /// after trimming; none of them is a wildcard.
    pub search_term: String,
    #[serde(default)]
    pub cursor: Option<String>,
    /// 1 to 100; default 25.
    #[serde(default)]
    pub limit: Option<u32>,
    /// Default `created_at`.
    #[serde(default)]
    pub sort_key: Option<ThreadSearchSortKey>,
    /// Default `desc`.
    #[serde(default)]
    pub sort_direction: Option<SortDirection>,
    /// As with `thread/list`.
    #[serde(default)]
    pub source_kinds: Option<Vec<ThreadSourceKind>>,
    /// As with `thread/list`.
    #[serde(default)]
    pub archived: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum ThreadSearchSortKey {
    CreatedAt,
    UpdatedAt,
    RecencyAt,
}

/// The Codex app-server's kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum ThreadSourceKind {
    Cli,
    Vscode,
    Exec,
    AppServer,
    SubAgent,
    SubAgentReview,
    SubAgentCompact,
    SubAgentThreadSpawn,
    SubAgentOther,
    Unknown,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadSearchResponse {
    pub data: Vec<ThreadSearchResult>,
    pub next_cursor: Option<String>,
    pub backwards_cursor: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadSearchResult {
    /// Without turns.
    pub thread: Thread,
    /// At most 160 characters of the text that the term was found in.
    pub snippet: String,
}
