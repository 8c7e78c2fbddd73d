//! Usage and its estimated cost.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::ThreadId;

/// Reads usage by day, thread and model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct UsageReadParams {
    /// Only the usage of this thread. Absent: of all threads. An unknown thread has none.
    #[serde(default)]
    pub thread_id: Option<ThreadId>,
    /// Only the usage of this model.
    #[serde(default)]
    pub model: Option<String>,
    /// The first day, `YYYY-MM-DD` in UTC.
    #[serde(default)]
    pub since: Option<String>,
    /// The last day, `YYYY-MM-DD` in UTC.
    #[serde(default)]
    pub until: Option<String>,
    /// `nextCursor` of the previous page. Absent: the first page.
    #[serde(default)]
    pub cursor: Option<String>,
    /// Maximum number of entries in the page, 1 to 200. Default 100.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// A page of usage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct UsageReadResponse {
    /// One entry for each day, thread and model, newest first.
    pub data: Vec<UsageEntry>,
    /// The sum of all matching entries, on this page or not.
    pub totals: UsageTotals,
    /// The cursor of the next page. `null` on the last page.
    pub next_cursor: Option<String>,
    /// The limits of spending, and what is used of them.
    pub spending: Spending,
}

/// What is used of the limits of spending. Only images that a provider bills count.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct Spending {
    /// The limits for new threads.
    pub limits: SpendingLimits,
    /// What all threads used today, in the time zone of the server.
    pub today: SpendingCounts,
    /// What `threadId` used in all its days. `null` without `threadId`.
    pub thread: Option<SpendingCounts>,
    /// When the limits of a day are free again, in Unix seconds.
    pub resets_at: i64,
}

/// Limits of spending. `null`: no limit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct SpendingLimits {
    /// `limits.images_per_day`
    pub images_per_day: Option<u64>,
    /// `limits.cost_per_day` in US dollars.
    pub cost_per_day_usd: Option<f64>,
    /// `limits.cost_per_thread` in US dollars.
    pub cost_per_thread_usd: Option<f64>,
}

/// What counts for the limits, by state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct SpendingCounts {
    /// What is reserved for running calls, by estimate.
    pub reserved: SpendingAmount,
    /// What calls that ended have cost.
    pub spent: SpendingAmount,
    /// What may have been billed for images that never arrived.
    pub uncertain: SpendingAmount,
}

/// Images and their cost.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct SpendingAmount {
    /// Number of images.
    pub images: u64,
    /// Their cost in US dollars, as far as it is known.
    pub cost_usd: f64,
    /// How many of the images have an unknown cost.
    pub unpriced_images: u64,
}

/// The usage of one model in one thread on one day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct UsageEntry {
    /// The day, `YYYY-MM-DD` in UTC.
    pub day: String,
    /// The thread with this usage.
    pub thread_id: ThreadId,
    /// The id of the provider.
    pub provider: String,
    /// A chat model or an image model.
    pub model: String,
    #[serde(flatten)]
    pub used: UsageTotals,
}

/// Sums of usage.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct UsageTotals {
    /// Images that were made.
    pub images: u64,
    /// How many of them the preview provider drew, at no cost.
    pub synthetic_images: u64,
    /// Tokens that models read.
    pub input_tokens: u64,
    /// Tokens that models wrote.
    pub output_tokens: u64,
    /// Estimated cost in US dollars, by the prices of the configuration. `null` when a price is missing.
    pub estimated_cost_usd: Option<f64>,
}
