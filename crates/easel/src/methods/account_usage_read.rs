use easel_protocol::account::{
    AccountTokenUsageDailyBucket, AccountTokenUsageSummary, GetAccountTokenUsageParams, GetAccountTokenUsageResponse,
    ThreadUsage, ThreadUsageBreakdownGroup,
};
use easel_protocol::id::ThreadId;
use easel_protocol::method::AccountUsageRead;
use easel_protocol::usage::{UsageReadParams, UsageTotals};
use easel_store::{DailyTokens, UsageRow};

use crate::app::{App, Cx};
use crate::methods::{Answer, Handler};
use crate::prices::{priced, total};
use crate::refusal::Refusal;

/// Most days in one answer, the newest.
const MAX_DAYS: usize = 366;

impl Handler for AccountUsageRead {
    async fn handle(
        cx: Cx,
        params: GetAccountTokenUsageParams,
    ) -> Result<Answer<GetAccountTokenUsageResponse>, Refusal> {
        let (days, today) = cx.app.store.daily_tokens().await?;
        let summary = summary(&days, today);
        let newest = days.into_iter().rev().take(MAX_DAYS).rev();
        let bucket = |day: DailyTokens| AccountTokenUsageDailyBucket { start_date: day.day, tokens: day.tokens };
        let daily_usage_buckets = Some(newest.map(bucket).collect());
        let thread_usage = match params.thread_id {
            Some(thread_id) => Some(thread_usage(&cx.app, thread_id).await?),
            None => None,
        };
        Ok(Answer::new(GetAccountTokenUsageResponse { summary, daily_usage_buckets, thread_usage }))
    }
}

/// Of days in their order.
fn summary(days: &[DailyTokens], today: i64) -> AccountTokenUsageSummary {
    let (mut streak, mut longest, mut last) = (0, 0, None);
    for day in days {
        streak = if last == Some(day.number - 1) { streak + 1 } else { 1 };
        longest = longest.max(streak);
        last = Some(day.number);
    }
    let goes_on = last.is_some_and(|last| last >= today - 1);
    AccountTokenUsageSummary {
        lifetime_tokens: Some(days.iter().fold(0, |sum, day| sum.saturating_add(day.tokens))),
        peak_daily_tokens: days.iter().map(|day| day.tokens).max(),
        longest_running_turn_sec: None,
        current_streak_days: Some(if goes_on { streak } else { 0 }),
        longest_streak_days: Some(longest),
    }
}

async fn thread_usage(app: &App, thread_id: ThreadId) -> Result<ThreadUsage, Refusal> {
    let wish = UsageReadParams { thread_id: Some(thread_id.clone()), limit: Some(1), ..UsageReadParams::default() };
    let used = app.store.list_usage(wish).await.map_err(|refused| Refusal::page(refused, None))?.totals;
    if used.is_empty() && app.store.thread(&thread_id).await?.is_none() {
        return Err(Refusal::ThreadNotFound(thread_id));
    }
    let config = app.config();
    let sum = total(used.iter().map(|used| priced(used, &config)));
    Ok(ThreadUsage {
        thread_id,
        estimated_usage_credits_micros: 0,
        estimated_usage_usd_micros: micros(&sum),
        groups: used.into_iter().map(group).collect(),
    })
}

#[expect(clippy::cast_possible_truncation, reason = "the cast saturates, and nobody spends that much")]
fn micros(sum: &UsageTotals) -> Option<i64> {
    sum.estimated_cost_usd.map(|cost| (cost * 1_000_000.0).round() as i64)
}

fn group(used: UsageRow) -> ThreadUsageBreakdownGroup {
    let whole = |count: u64| Some(i64::try_from(count).unwrap_or(i64::MAX));
    ThreadUsageBreakdownGroup {
        model: Some(used.model),
        input_tokens: whole(used.input_tokens),
        output_tokens: whole(used.output_tokens),
        total_tokens: whole(used.input_tokens.saturating_add(used.output_tokens)),
        estimated_usage_credits_micros: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streaks_are_days_without_a_gap_and_one_that_ended_before_yesterday_is_over() {
        let days = |numbers: &[i64]| -> Vec<DailyTokens> {
            numbers.iter().map(|number| DailyTokens { day: String::new(), number: *number, tokens: *number }).collect()
        };
        // (days, current, longest)
        let table: [(&[i64], _, _); 5] =
            [(&[], 0, 0), (&[100], 1, 1), (&[99], 1, 1), (&[98], 0, 1), (&[90, 91, 92, 99, 100], 2, 3)];
        for (numbers, current, longest) in table {
            let summary = summary(&days(numbers), 100);
            let streaks = (summary.current_streak_days, summary.longest_streak_days);
            assert_eq!(streaks, (Some(current), Some(longest)), "{numbers:?}");
            assert_eq!(summary.peak_daily_tokens, numbers.iter().max().copied());
        }
    }
}
