//! Budgets in bytes for the params of requests and for long responses.

use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::inbound::long_lines::LongLines;
use crate::limits::Limits;
use crate::outbound::queue::Queue;

/// Bytes of one permit.
const UNIT: usize = 1024;

/// How many connections can use their whole budget at the same time.
const FULL_CONNECTIONS: usize = 4;

/// A number of bytes that several holders share. A larger request takes the whole budget, so it succeeds while nobody
/// else holds anything.
#[derive(Debug)]
pub(crate) struct Budget {
    permits: Arc<Semaphore>,
    units: u32,
}

/// Bytes reserved from one or two budgets, released on drop.
#[derive(Debug)]
pub struct Share(Vec<OwnedSemaphorePermit>);

/// The budgets that all connections of a process share, so that memory does not grow with their number.
#[derive(Debug)]
pub(crate) struct Bounds {
    responses: Budget,
    params: Budget,
    pub(crate) lines: Arc<LongLines>,
    /// The connections, to find those that do not read their responses.
    queues: Mutex<Vec<Weak<Queue>>>,
    stall_timeout: Duration,
}

impl Budget {
    pub(crate) fn new(bytes: usize) -> Self {
        let units = u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX >> 4).max(1);
        Self { permits: Arc::new(Semaphore::new(units as usize)), units }
    }

    fn units(&self, bytes: usize) -> u32 {
        u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).min(self.units)
    }

    fn try_acquire(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.permits).try_acquire_many_owned(self.units(bytes)).ok()
    }

    /// Waits for the bytes, in order. Never returns `None`: the semaphore is not closed.
    async fn acquire(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.permits).acquire_many_owned(self.units(bytes)).await.ok()
    }
}

impl Share {
    /// Releases all but `bytes`.
    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        let keep = bytes.div_ceil(UNIT);
        for permit in &mut self.0 {
            drop(permit.split(permit.num_permits().saturating_sub(keep)));
        }
    }
}

impl Bounds {
    /// Creates the shared budgets for connections with these limits.
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            responses: Budget::new(limits.outbox_bytes.saturating_mul(FULL_CONNECTIONS)),
            params: Budget::new(limits.params_bytes.saturating_mul(2)),
            lines: Arc::new(LongLines::new(limits.stall_timeout)),
            queues: Mutex::default(),
            stall_timeout: limits.stall_timeout,
        }
    }

    /// Reserves bytes for the params of a request. `None` if they are not free.
    pub(crate) fn try_reserve_params(&self, own: &Budget, bytes: usize) -> Option<Share> {
        Some(Share(vec![own.try_acquire(bytes)?, self.params.try_acquire(bytes)?]))
    }

    /// Reserves bytes for a long response. `None` if they are not free.
    pub(crate) fn try_reserve_response(&self, own: &Budget, bytes: usize) -> Option<Share> {
        Some(Share(vec![own.try_acquire(bytes)?, self.responses.try_acquire(bytes)?]))
    }

    /// Reserves bytes for a long response, and waits for them. A connection that holds bytes and does not read is
    /// closed after [`Limits::stall_timeout`].
    pub(crate) async fn reserve_response(&self, own: &Budget, bytes: usize) -> Share {
        let mut held: Vec<_> = own.acquire(bytes).await.into_iter().collect();
        let mut acquiring = std::pin::pin!(self.responses.acquire(bytes));
        loop {
            match tokio::time::timeout(self.stall_timeout, acquiring.as_mut()).await {
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
        for queue in queues.iter().filter(|queue| queue.is_stalled(self.stall_timeout)) {
            tracing::warn!("closed a client that does not read its responses while others wait for memory");
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
    fn oversized_share_succeeds_alone() {
        let (bounds, own) = (bounds(), Budget::new(10 * UNIT));
        let large = bounds.try_reserve_response(&own, usize::MAX).expect("an empty budget");
        assert!(bounds.try_reserve_response(&own, 1).is_none());
        drop(large);
        let small = bounds.try_reserve_response(&own, 1).expect("released");
        assert!(bounds.try_reserve_response(&own, usize::MAX).is_none());
        drop(small);
    }

    #[test]
    fn shrunk_share_leaves_room() {
        let (bounds, own) = (bounds(), Budget::new(10 * UNIT));
        let mut share = bounds.try_reserve_response(&own, 10 * UNIT).expect("room");
        assert!(bounds.try_reserve_response(&own, 5 * UNIT).is_none());
        share.shrink_to(5 * UNIT);
        assert!(bounds.try_reserve_response(&own, 5 * UNIT).is_some());
        assert!(bounds.try_reserve_response(&own, 6 * UNIT).is_none());
    }

    #[test]
    fn shared_budget_bounds_many_connections() {
        let bounds = bounds();
        let owns: Vec<Budget> = (0..64).map(|_| Budget::new(10 * UNIT)).collect();
        let held: Vec<Share> = owns.iter().filter_map(|own| bounds.try_reserve_response(own, 10 * UNIT)).collect();
        assert_eq!(held.len(), FULL_CONNECTIONS);
        let held: Vec<Share> = owns.iter().filter_map(|own| bounds.try_reserve_params(own, 10 * UNIT)).collect();
        assert_eq!(held.len(), 2);
    }
}
