//! Runs the requests of one thread in their order. Requests of different threads do not wait for each other.

use std::collections::HashMap;
use std::sync::Arc;

use easel_protocol::id::ThreadId;
use parking_lot::Mutex;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

type Locks = Mutex<HashMap<ThreadId, Arc<AsyncMutex<()>>>>;

/// One first-in, first-out lock per thread, which exists as long as a request holds it or waits for it. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct ThreadQueue(Arc<Locks>);

/// The head of a thread's queue. The next request proceeds when the guard is dropped.
#[derive(Debug)]
pub(crate) struct QueueGuard {
    locks: Arc<Locks>,
    thread_id: ThreadId,
    guard: Option<OwnedMutexGuard<()>>,
}

impl ThreadQueue {
    /// Waits for the earlier requests of the thread. The order is that of the first polls, which for requests is the
    /// order of their lines.
    pub(crate) async fn enter(&self, thread_id: &str) -> QueueGuard {
        let lock = Arc::clone(self.0.lock().entry(thread_id.into()).or_default());
        let mut guard = QueueGuard { locks: Arc::clone(&self.0), thread_id: thread_id.into(), guard: None };
        guard.guard = Some(lock.lock_owned().await);
        guard
    }
}

impl QueueGuard {
    /// Returns the thread of the queue.
    pub(crate) fn thread_id(&self) -> &str {
        &self.thread_id
    }
}

impl Drop for QueueGuard {
    fn drop(&mut self) {
        let mut locks = self.locks.lock();
        self.guard = None;
        // Every waiting request holds a clone, and clones are made only under the table's lock.
        if locks.get(&self.thread_id).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            locks.remove(&self.thread_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    #[test]
    fn requests_enter_in_the_order_of_first_polls() {
        let queue = ThreadQueue::default();
        let mut context = Context::from_waker(Waker::noop());
        let mut poll = |future: std::pin::Pin<&mut dyn Future<Output = QueueGuard>>| future.poll(&mut context);
        let (mut first, mut second, mut third) =
            (pin!(queue.enter("a")), pin!(queue.enter("a")), pin!(queue.enter("a")));
        let Poll::Ready(head) = poll(first.as_mut()) else { panic!("the queue was empty") };
        assert!(poll(third.as_mut()).is_pending());
        assert!(poll(second.as_mut()).is_pending());
        let mut other = pin!(queue.enter("b"));
        assert!(poll(other.as_mut()).is_ready(), "another thread does not wait");
        drop(head);
        assert!(poll(second.as_mut()).is_pending());
        let Poll::Ready(head) = poll(third.as_mut()) else { panic!("the third was polled first") };
        drop(head);
        let Poll::Ready(head) = poll(second.as_mut()) else { panic!("nobody is ahead of the second") };
        drop(head);
        assert!(queue.0.lock().is_empty(), "no lock is left behind");
    }
}
