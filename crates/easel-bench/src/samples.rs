//! Measured values and what is reported of them.

use std::time::{Duration, Instant};

use serde::Serialize;

/// The distribution of a measured value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Summary {
    pub(crate) median: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
    /// Number of values.
    pub(crate) count: usize,
}

impl Summary {
    /// Summarizes the values. Returns `None` if there are none.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let at = |share: f64| values[((values.len() - 1) as f64 * share).round() as usize];
        (!values.is_empty()).then(|| Self { median: at(0.5), p99: at(0.99), max: at(1.0), count: values.len() })
    }

    /// Summarizes one value.
    pub(crate) fn single(value: f64) -> Self {
        Self { median: value, p99: value, max: value, count: 1 }
    }
}

/// Runs `work` and returns its result and its time in milliseconds.
pub(crate) fn time<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let started = Instant::now();
    let result = work();
    (result, to_ms(started.elapsed()))
}

/// Returns a duration in milliseconds.
pub(crate) fn to_ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summary_has_median_and_99th_percentile() {
        let summary = Summary::of((0..=100).rev().map(f64::from)).expect("values");
        assert_eq!((summary.median, summary.p99, summary.max, summary.count), (50.0, 99.0, 100.0, 101));
        assert_eq!(Summary::of([]), None);
        assert_eq!(Summary::of([3.0]), Some(Summary::single(3.0)));
    }
}
