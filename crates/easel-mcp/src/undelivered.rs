//! Calls that were paid for, or may be, and whose result the host has not got.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::call::Call;

/// How long a result waits for the next call with equal arguments.
const KEPT: Duration = Duration::from_secs(10 * 60);

/// Calls that are remembered, besides running ones. The app-server limits how many run.
const MAX_CALLS: usize = 32;

/// The calls, oldest first.
#[derive(Default)]
pub(crate) struct Undelivered(Mutex<VecDeque<Arc<Call>>>);

impl Undelivered {
    /// Keeps a call, unless the host's user has stopped it before it made an image. The oldest one that has ended is
    /// forgotten if there are too many. A running one never is, since an equal call would be paid again.
    pub(crate) fn keep(&self, call: Arc<Call>) {
        if !call.has_undelivered_outcome() {
            return;
        }
        let mut calls = self.0.lock();
        calls.retain(|kept| is_wanted(kept) && !Arc::ptr_eq(kept, &call));
        if calls.len() >= MAX_CALLS
            && let Some(ended) = calls.iter().position(|kept| !kept.is_running())
        {
            calls.remove(ended);
        }
        calls.push_back(call);
    }

    /// Takes the oldest call whose arguments have the hash `key`.
    pub(crate) fn take(&self, key: &str) -> Option<Arc<Call>> {
        let mut calls = self.0.lock();
        calls.retain(|call| is_wanted(call));
        let position = calls.iter().position(|call| call.key == key)?;
        calls.remove(position)
    }
}

/// Returns whether a call still waits for the next one with equal arguments.
fn is_wanted(call: &Call) -> bool {
    call.has_undelivered_outcome() && call.time_since_end().is_none_or(|time| time < KEPT)
}
