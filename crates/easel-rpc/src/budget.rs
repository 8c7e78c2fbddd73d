//! Bounds in bytes: how much requests and answers may hold at the same time.

use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits::Limits;
use crate::long_lines::LongLines;
use crate::writer::Queue;

/// Bytes of one permit.
const UNIT: usize = 1024;

/// How many connections may use their whole bound at the same time.
const FULL_CONNECTIONS: usize = 4;

/// A number of bytes that several holders share. More than all of it counts as all of it, so that one large holder passes
/// when nobody else holds anything.
#[derive(Debug)]
pub(crate) struct Budget {
    free: Arc<Semaphore>,
    units: u32,
}

/// Bytes taken out of one or two budgets; they are given back when this is dropped.
#[derive(Debug)]
pub struct Share(Vec<OwnedSemaphorePermit>);

/// What all connections of a process share, so that many of them do not multiply what one may hold.
#[derive(Debug)]
pub(crate) struct Bounds {
    answers: Budget,
    params: Budget,
    pub(crate) lines: Arc<LongLines>,
    /// The connections that may hold answers that nobody reads, and how long they may while others wait.
    queues: Mutex<Vec<Weak<Queue>>>,
    silence: Duration,
}

impl Budget {
    pub(crate) fn new(bytes: usize) -> Self {
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX >> 4).max(1);
        Self { free: Arc::new(Semaphore::new(units as usize)), units }
    }

    fn units(&self, bytes: usize) -> u32 {
        u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).min(self.units)
    }

    fn try_take(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.free).try_acquire_many_owned(self.units(bytes)).ok()
    }

    /// Waits for its turn. `None` is never returned: the semaphore is not closed.
    async fn take(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.free).acquire_many_owned(self.units(bytes)).await.ok()
    }
}

impl Share {
    /// Gives back what is beyond `bytes`.
    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        let keep = bytes.div_ceil(UNIT);
        for permit in &mut self.0 {
            drop(permit.split(permit.num_permits().saturating_sub(keep)));
        }
    }
}

impl Bounds {
    /// Bounds for connections with these limits.
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            answers: Budget::new(limits.outbox_bytes.saturating_mul(FULL_CONNECTIONS)),
            params: Budget::new(limits.params_bytes.saturating_mul(2)),
            lines: Arc::new(LongLines::new(limits.silence)),
            queues: Mutex::default(),
            silence: limits.silence,
        }
    }

    /// Bytes for the params of one more request, unless too many are held already.
    pub(crate) fn try_params(&self, own: &Budget, bytes: usize) -> Option<Share> {
        Some(Share(vec![own.try_take(bytes)?, self.params.try_take(bytes)?]))
    }

    /// Bytes for one more answer, if they are free now.
    pub(crate) fn try_answer(&self, own: &Budget, bytes: usize) -> Option<Share> {
        Some(Share(vec![own.try_take(bytes)?, self.answers.try_take(bytes)?]))
    }

    /// Waits for bytes for one more answer. A connection that keeps them and does not read is closed after
    /// [`Limits::silence`].
    pub(crate) async fn answer(&self, own: &Budget, bytes: usize) -> Share {
        let mut held: Vec<_> = own.take(bytes).await.into_iter().collect();
        let mut taking = std::pin::pin!(self.answers.take(bytes));
        loop {
            match tokio::time::timeout(self.silence, taking.as_mut()).await {
                Ok(taken) => {
                    held.extend(taken);
                    return Share(held);
                }
                Err(_) => self.close_stalled(),
            }
        }
    }

    pub(crate) fn register(&self, queue: &Arc<Queue>) {
        let mut queues = self.queues.lock();
        queues.retain(|known| known.strong_count() > 0);
        queues.push(Arc::downgrade(queue));
    }

    fn close_stalled(&self) {
        let queues: Vec<_> = self.queues.lock().iter().filter_map(Weak::upgrade).collect();
        for queue in queues.iter().filter(|queue| queue.is_stalled(self.silence)) {
            tracing::warn!("a client does not read its answers while others wait for memory, and is closed");
            queue.close();
        }
    }
}

impl Default for Bounds {
    fn default() -> Self {
        Self::new(Limits::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds() -> Bounds {
        Bounds::new(Limits { outbox_bytes: 10 * UNIT, params_bytes: 10 * UNIT, ..Limits::default() })
    }

    #[test]
    fn what_is_larger_than_the_budget_passes_alone() {
        let (bounds, own) = (bounds(), Budget::new(10 * UNIT));
        let large = bounds.try_answer(&own, usize::MAX).expect("an empty budget");
        assert!(bounds.try_answer(&own, 1).is_none());
        drop(large);
        let small = bounds.try_answer(&own, 1).expect("it was given back");
        assert!(bounds.try_answer(&own, usize::MAX).is_none());
        drop(small);
    }

    #[test]
    fn a_share_that_shrinks_leaves_room_for_others() {
        let (bounds, own) = (bounds(), Budget::new(10 * UNIT));
        let mut share = bounds.try_answer(&own, 10 * UNIT).expect("room");
        assert!(bounds.try_answer(&own, 5 * UNIT).is_none());
        share.shrink_to(5 * UNIT);
        assert!(bounds.try_answer(&own, 5 * UNIT).is_some());
        assert!(bounds.try_answer(&own, 6 * UNIT).is_none());
    }

    #[test]
    fn many_connections_do_not_multiply_what_one_may_hold() {
        let bounds = bounds();
        let owns: Vec<Budget> = (0..64).map(|_| Budget::new(10 * UNIT)).collect();
        let held: Vec<Share> = owns.iter().filter_map(|own| bounds.try_answer(own, 10 * UNIT)).collect();
        assert_eq!(held.len(), FULL_CONNECTIONS);
        let held: Vec<Share> = owns.iter().filter_map(|own| bounds.try_params(own, 10 * UNIT)).collect();
        assert_eq!(held.len(), 2);
    }
}
