//! What was used, and what it may have cost.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::ThreadId;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct UsageReadParams {
    /// Without it, what all threads used. A thread that is nowhere has used nothing.
    #[serde(default)]
    pub thread_id: Option<ThreadId>,
    #[serde(default)]
    pub model: Option<String>,
    /// First day, `YYYY-MM-DD` in UTC.
    #[serde(default)]
    pub since: Option<String>,
    /// Last day, `YYYY-MM-DD` in UTC.
    #[serde(default)]
    pub until: Option<String>,
    #[serde(default)]
    pub cursor: Option<String>,
    /// 1 to 200; default 100.
    #[serde(default)]
    pub limit: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct UsageReadResponse {
    /// One entry for each day, thread and model, the newest first.
    pub data: Vec<UsageEntry>,
    /// Of all entries that were asked for, on this page or not.
    pub totals: UsageTotals,
    pub next_cursor: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct UsageEntry {
    /// `YYYY-MM-DD` in UTC.
    pub day: String,
    pub thread_id: ThreadId,
    pub provider: String,
    /// A chat model or an image model.
    pub model: String,
    #[serde(flatten)]
    pub used: UsageTotals,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct UsageTotals {
    pub images: u64,
    /// Those of them that no model made, which cost nothing.
    pub synthetic_images: u64,
    pub input_tokens: u64,
    pub output_tokens: u64,
    /// By the prices of the configuration; `null` when one of them is missing.
    pub estimated_cost_usd: Option<f64>,
}
