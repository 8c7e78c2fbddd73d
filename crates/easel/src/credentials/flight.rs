//! One run for all who want its result at the same time.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use futures_util::future::{BoxFuture, FutureExt, Shared, WeakShared};

/// Work of which there is never more than one at a time. Whoever waits moves it on; it ends early when nobody waits.
pub(super) struct Flight<T: Clone>(Mutex<Option<WeakShared<BoxFuture<'static, T>>>>);

impl<T: Clone> Flight<T> {
    /// The work that is under way, or else that which `start` begins.
    ///
    /// Between a caller's own look at the result of earlier work and this call, such work may have ended: what `start`
    /// returns looks again.
    pub(super) fn join(&self, start: impl FnOnce() -> BoxFuture<'static, T>) -> Shared<BoxFuture<'static, T>> {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = slot.as_ref().and_then(WeakShared::upgrade).filter(|running| running.peek().is_none()) {
            return running;
        }
        let started = start().shared();
        *slot = started.downgrade();
        started
    }
}

impl<T: Clone> Default for Flight<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> fmt::Debug for Flight<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Flight")
    }
}
