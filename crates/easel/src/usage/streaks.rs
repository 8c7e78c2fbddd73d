//! Summarizes daily token usage: totals, peaks, and streaks of days in a row.

use easel_protocol::account::AccountTokenUsageSummary;
use easel_store::DailyTokens;

/// Summarizes `days`, which are in ascending order. `today` is a day number like those of `days`.
pub(super) fn summarize(days: &[DailyTokens], today: i64) -> AccountTokenUsageSummary {
    let (mut streak, mut longest, mut last) = (0, 0, None);
    for day in days {
        streak = if last == Some(day.number - 1) { streak + 1 } else { 1 };
        longest = longest.max(streak);
        last = Some(day.number);
    }
    // Today is not over yet, so a streak that reached yesterday still counts.
    let is_current = last.is_some_and(|last| last >= today - 1);
    AccountTokenUsageSummary {
        lifetime_tokens: Some(days.iter().fold(0, |sum, day| sum.saturating_add(day.tokens))),
        peak_daily_tokens: days.iter().map(|day| day.tokens).max(),
        longest_running_turn_sec: None,
        current_streak_days: Some(if is_current { streak } else { 0 }),
        longest_streak_days: Some(longest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streak_ends_with_a_gap_or_before_yesterday() {
        let days = |numbers: &[i64]| -> Vec<DailyTokens> {
            numbers.iter().map(|number| DailyTokens { day: String::new(), number: *number, tokens: *number }).collect()
        };
        // (days, current, longest)
        let table: [(&[i64], _, _); 5] =
            [(&[], 0, 0), (&[100], 1, 1), (&[99], 1, 1), (&[98], 0, 1), (&[90, 91, 92, 99, 100], 2, 3)];
        for (numbers, current, longest) in table {
            let summary = summarize(&days(numbers), 100);
            let streaks = (summary.current_streak_days, summary.longest_streak_days);
            assert_eq!(streaks, (Some(current), Some(longest)), "{numbers:?}");
            assert_eq!(summary.peak_daily_tokens, numbers.iter().max().copied());
        }
    }
}
