//! Calls that were paid for, or may be, and whose result the host has not got.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::call::Call;

/// How long a result waits for the next call with equal arguments.
const KEPT: Duration = Duration::from_secs(10 * 60);

/// Calls that are remembered.
const MAX_CALLS: usize = 32;

/// The calls, oldest first.
#[derive(Default)]
pub(crate) struct Undelivered(Mutex<VecDeque<Arc<Call>>>);

impl Undelivered {
    /// Keeps a call that is running or has made an image. The oldest one is forgotten if there are too many.
    pub(crate) fn keep(&self, call: Arc<Call>) {
        if !call.may_have_image() {
            return;
        }
        let mut calls = self.0.lock();
        if calls.len() == MAX_CALLS {
            calls.pop_front();
        }
        calls.push_back(call);
    }

    /// Takes the oldest call whose arguments have the hash `key`.
    pub(crate) fn take(&self, key: &str) -> Option<Arc<Call>> {
        let mut calls = self.0.lock();
        calls.retain(|call| call.age() < KEPT && call.may_have_image());
        let position = calls.iter().position(|call| call.key == key)?;
        calls.remove(position)
    }
}
