//! The service of `usage/read` and `account/usage/read`: counts what threads used, and estimates its cost.

mod prices;
mod spending;
mod streaks;

use std::sync::Arc;

use easel_protocol::account::{
    AccountTokenUsageDailyBucket, GetAccountTokenUsageResponse, ThreadUsage, ThreadUsageBreakdownGroup,
};
use easel_protocol::id::ThreadId;
use easel_protocol::usage::{UsageEntry, UsageReadParams, UsageReadResponse, UsageTotals};
use easel_store::{DailyTokens, EaselStore, UsageRow};

use crate::requests::RequestError;
use crate::settings::Configuration;
use crate::threads::require_thread;
use prices::{sum_totals, with_cost};

/// Maximum number of days in one response. The newest are returned.
const MAX_DAYS: usize = 366;

/// The service of `usage/read` and `account/usage/read`.
pub(crate) struct Usage {
    pub(crate) store: EaselStore,
    pub(crate) configuration: Arc<Configuration>,
}

impl Usage {
    /// Returns a page of usage per day, thread, provider and model, the totals of all pages, and what is used of the
    /// limits of spending.
    ///
    /// # Errors
    /// [`RequestError::BadField`] for an invalid cursor, and those of the store.
    pub(crate) async fn read(&self, params: UsageReadParams) -> Result<UsageReadResponse, RequestError> {
        let counts = self.store.spending(params.thread_id.clone()).await?;
        let page = self.store.list_usage(params).await.map_err(|error| RequestError::page(error, None))?;
        let config = self.configuration.config();
        let totals = sum_totals(page.totals.iter().map(|row| with_cost(row, &config)));
        let entry = |row: UsageRow| {
            let counts = with_cost(&row, &config);
            UsageEntry {
                day: row.day,
                thread_id: row.thread_id,
                provider: row.provider,
                model: row.model,
                used: counts,
            }
        };
        let data = page.data.into_iter().map(entry).collect();
        let spending = spending::to_protocol(counts, &config.limits);
        Ok(UsageReadResponse { data, totals, next_cursor: page.next_cursor, spending })
    }

    /// Returns the token usage of the account per day, and that of one thread if `thread_id` names it.
    ///
    /// # Errors
    /// [`RequestError::ThreadNotFound`], and those of the store.
    pub(crate) async fn read_account(
        &self,
        thread_id: Option<ThreadId>,
    ) -> Result<GetAccountTokenUsageResponse, RequestError> {
        let (days, today) = self.store.daily_tokens().await?;
        let summary = streaks::summarize(&days, today);
        let newest = days.into_iter().rev().take(MAX_DAYS).rev();
        let bucket = |day: DailyTokens| AccountTokenUsageDailyBucket { start_date: day.day, tokens: day.tokens };
        let daily_usage_buckets = Some(newest.map(bucket).collect());
        let thread_usage = match thread_id {
            Some(thread_id) => Some(self.read_thread(thread_id).await?),
            None => None,
        };
        Ok(GetAccountTokenUsageResponse { summary, daily_usage_buckets, thread_usage })
    }

    async fn read_thread(&self, thread_id: ThreadId) -> Result<ThreadUsage, RequestError> {
        let params =
            UsageReadParams { thread_id: Some(thread_id.clone()), limit: Some(1), ..UsageReadParams::default() };
        let used = self.store.list_usage(params).await.map_err(|error| RequestError::page(error, None))?.totals;
        if used.is_empty() {
            require_thread(&self.store, &thread_id).await?;
        }
        let config = self.configuration.config();
        let sum = sum_totals(used.iter().map(|row| with_cost(row, &config)));
        Ok(ThreadUsage {
            thread_id,
            estimated_usage_credits_micros: 0,
            estimated_usage_usd_micros: to_micros(&sum),
            groups: used.into_iter().map(to_group).collect(),
        })
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the cast saturates, and nobody spends that much")]
fn to_micros(sum: &UsageTotals) -> Option<i64> {
    sum.estimated_cost_usd.map(|cost| (cost * 1_000_000.0).round() as i64)
}

fn to_group(used: UsageRow) -> ThreadUsageBreakdownGroup {
    let count = |count: u64| Some(i64::try_from(count).unwrap_or(i64::MAX));
    ThreadUsageBreakdownGroup {
        model: Some(used.model),
        input_tokens: count(used.input_tokens),
        output_tokens: count(used.output_tokens),
        total_tokens: count(used.input_tokens.saturating_add(used.output_tokens)),
        estimated_usage_credits_micros: 0,
    }
}
