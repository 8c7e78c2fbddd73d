//! Shares one run of an operation among all callers that need its result at the same time.

use std::fmt;

use futures_util::future::{BoxFuture, FutureExt, Shared, WeakShared};
use parking_lot::Mutex;

/// An operation that never runs twice at once. Its callers poll it. It is dropped early if none of them waits anymore.
pub(super) struct SingleFlight<T: Clone>(Mutex<Option<WeakShared<BoxFuture<'static, T>>>>);

impl<T: Clone> SingleFlight<T> {
    /// Returns the running operation, or the one that `start` begins.
    ///
    /// An earlier run may end after the caller has checked its result and before this call. The operation itself must
    /// therefore check again whether it is still necessary.
    pub(super) fn join(&self, start: impl FnOnce() -> BoxFuture<'static, T>) -> Shared<BoxFuture<'static, T>> {
        let mut current = self.0.lock();
        let running = current.as_ref().and_then(WeakShared::upgrade);
        if let Some(running) = running.filter(|running| running.peek().is_none()) {
            return running;
        }
        let started = start().shared();
        *current = started.downgrade();
        started
    }
}

impl<T: Clone> Default for SingleFlight<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> fmt::Debug for SingleFlight<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SingleFlight")
    }
}
