//! How often the model is asked for one answer.

use std::time::Duration;

use crate::provider::Retries;

const FIRST_WAIT: Duration = Duration::from_millis(500);
/// A provider that asks for more patience is not waited for.
pub(super) const MAX_WAIT: Duration = Duration::from_secs(30);

/// Requests for one answer that were repeats. Those that brought no answer and those whose answer was cut share one
/// budget, the larger of the two limits: every request may cost tokens.
#[derive(Debug)]
pub(super) struct Repeats {
    retries: Retries,
    unanswered: u32,
    cut: u32,
}

impl Repeats {
    pub(super) const fn new(retries: Retries) -> Self {
        Self { retries, unanswered: 0, cut: 0 }
    }

    /// Takes one more request after one that brought no answer: how long to wait for it, or `None` when it was the last.
    pub(super) fn after_no_answer(&mut self) -> Option<Duration> {
        let wait = self.wait(self.unanswered, self.retries.request)?;
        self.unanswered += 1;
        Some(wait)
    }

    /// The same after an answer that was cut.
    pub(super) fn after_cut(&mut self) -> Option<Duration> {
        let wait = self.wait(self.cut, self.retries.stream)?;
        self.cut += 1;
        Some(wait)
    }

    fn wait(&self, of_kind: u32, most_of_kind: u32) -> Option<Duration> {
        let (all, most) = (self.unanswered + self.cut, self.retries.request.max(self.retries.stream));
        let wait = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(all)).min(MAX_WAIT);
        (of_kind < most_of_kind && all < most).then_some(wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_share_one_budget() {
        let mut repeats = Repeats::new(Retries { request: 2, stream: 3, uncertain_images: 0 });
        assert_eq!(repeats.after_no_answer(), Some(Duration::from_millis(500)));
        assert_eq!(repeats.after_cut(), Some(Duration::from_secs(1)));
        assert_eq!(repeats.after_no_answer(), Some(Duration::from_secs(2)));
        assert_eq!((repeats.after_no_answer(), repeats.after_cut()), (None, None));
    }

    #[test]
    fn each_kind_keeps_its_own_limit() {
        let mut repeats = Repeats::new(Retries { request: 0, stream: 1, uncertain_images: 0 });
        assert_eq!(repeats.after_no_answer(), None);
        assert!(repeats.after_cut().is_some());
        assert_eq!(repeats.after_cut(), None);
    }

    #[test]
    fn no_wait_is_longer_than_half_a_minute() {
        let mut repeats = Repeats::new(Retries { request: 100, stream: 0, uncertain_images: 0 });
        let waits: Vec<Duration> = std::iter::from_fn(|| repeats.after_no_answer()).collect();
        assert_eq!((waits.len(), waits.last().copied()), (100, Some(MAX_WAIT)));
    }
}
