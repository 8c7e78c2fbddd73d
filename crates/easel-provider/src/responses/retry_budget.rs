//! How often a request is sent for one response of the model.

use std::time::Duration;

use crate::settings::Retries;

/// The pause before the first repeated request. It doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause. If the provider asks for more, the request fails.
pub(super) const MAX_PAUSE: Duration = Duration::from_secs(30);

/// The budget for repeating the request for one response.
///
/// Requests without a response and truncated responses share one budget, which is the larger of the two limits:
/// every request may cost tokens.
#[derive(Debug)]
pub(super) struct RetryBudget {
    retries: Retries,
    no_response: u32,
    truncated: u32,
}

impl RetryBudget {
    pub(super) const fn new(retries: Retries) -> Self {
        Self { retries, no_response: 0, truncated: 0 }
    }

    /// Counts a request without a response. Returns the pause before the next one, or `None` if there may be none.
    pub(super) fn after_no_response(&mut self) -> Option<Duration> {
        let pause = self.pause(self.no_response, self.retries.request)?;
        self.no_response += 1;
        Some(pause)
    }

    /// Counts a truncated response. Returns the pause before the next request, or `None` if there may be none.
    pub(super) fn after_truncation(&mut self) -> Option<Duration> {
        let pause = self.pause(self.truncated, self.retries.stream)?;
        self.truncated += 1;
        Some(pause)
    }

    fn pause(&self, used: u32, max: u32) -> Option<Duration> {
        let (all, max_all) = (self.no_response + self.truncated, self.retries.request.max(self.retries.stream));
        let pause = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(all)).min(MAX_PAUSE);
        (used < max && all < max_all).then_some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_share_one_budget() {
        let mut budget = RetryBudget::new(Retries { request: 2, stream: 3 });
        assert_eq!(budget.after_no_response(), Some(Duration::from_millis(500)));
        assert_eq!(budget.after_truncation(), Some(Duration::from_secs(1)));
        assert_eq!(budget.after_no_response(), Some(Duration::from_secs(2)));
        assert_eq!((budget.after_no_response(), budget.after_truncation()), (None, None));
    }

    #[test]
    fn each_kind_has_its_own_limit() {
        let mut budget = RetryBudget::new(Retries { request: 0, stream: 1 });
        assert_eq!(budget.after_no_response(), None);
        assert!(budget.after_truncation().is_some());
        assert_eq!(budget.after_truncation(), None);
    }

    #[test]
    fn pauses_are_at_most_30_seconds() {
        let mut budget = RetryBudget::new(Retries { request: 100, stream: 0 });
        let pauses: Vec<Duration> = std::iter::from_fn(|| budget.after_no_response()).collect();
        assert_eq!((pauses.len(), pauses.last().copied()), (100, Some(MAX_PAUSE)));
    }
}
