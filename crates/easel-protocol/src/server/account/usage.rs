//! The tokens that a home has used, as clients of the Codex app-server read them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::ThreadId;

/// Reads how many tokens this home has used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct GetAccountTokenUsageParams {
    /// A thread whose usage the response includes.
    #[serde(default)]
    pub thread_id: Option<ThreadId>,
}

/// The tokens that this home has used. Easel counts them itself and does not ask the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct GetAccountTokenUsageResponse {
    /// Sums over all threads.
    pub summary: AccountTokenUsageSummary,
    /// The newest 366 days on which tokens were used, oldest first.
    pub daily_usage_buckets: Option<Vec<AccountTokenUsageDailyBucket>>,
    /// The usage of the thread that the request names. `null` when it names none.
    pub thread_usage: Option<ThreadUsage>,
}

/// Sums of used tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct AccountTokenUsageSummary {
    /// All tokens since the home was created.
    pub lifetime_tokens: Option<i64>,
    /// The tokens of the busiest day.
    pub peak_daily_tokens: Option<i64>,
    /// Always `null`.
    pub longest_running_turn_sec: Option<i64>,
    /// Consecutive days with usage, up to today.
    pub current_streak_days: Option<i64>,
    /// The largest number of consecutive days with usage.
    pub longest_streak_days: Option<i64>,
}

/// The tokens of one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct AccountTokenUsageDailyBucket {
    /// The day, `YYYY-MM-DD` in UTC.
    pub start_date: String,
    /// Input and output tokens together.
    pub tokens: i64,
}

/// The usage of a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadUsage {
    /// The thread that used the tokens.
    pub thread_id: ThreadId,
    /// Always 0: Easel has no credits.
    pub estimated_usage_credits_micros: i64,
    /// Estimated cost in millionths of a US dollar, by the prices of the configuration. `null` when a price is missing.
    pub estimated_usage_usd_micros: Option<i64>,
    /// The usage by model.
    pub groups: Vec<ThreadUsageBreakdownGroup>,
}

/// The usage of one model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadUsageBreakdownGroup {
    /// The name of the model.
    pub model: Option<String>,
    /// Tokens that the model read.
    pub input_tokens: Option<i64>,
    /// Tokens that the model wrote.
    pub output_tokens: Option<i64>,
    /// Both together.
    pub total_tokens: Option<i64>,
    /// Always 0: Easel has no credits.
    pub estimated_usage_credits_micros: i64,
}
