//! Requests of one thread keep their order; threads do not wait for each other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use easel_protocol::id::ThreadId;
use tokio::sync::{Mutex as Turnstile, OwnedMutexGuard};

type Table = Mutex<HashMap<ThreadId, Arc<Turnstile<()>>>>;

/// One turnstile a thread, for as long as somebody stands in it.
#[derive(Debug, Default)]
pub(crate) struct Order(Arc<Table>);

/// The head of a thread's line; the next request goes on when this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    table: Arc<Table>,
    thread_id: ThreadId,
    held: Option<OwnedMutexGuard<()>>,
}

impl Order {
    /// Waits for the requests of the thread that came before. Places are given in the order of the first polls, which
    /// for requests is the order of their lines.
    pub(crate) async fn take(&self, thread_id: &str) -> Place {
        let turnstile = Arc::clone(lock(&self.0).entry(thread_id.into()).or_default());
        let mut place = Place { table: Arc::clone(&self.0), thread_id: thread_id.into(), held: None };
        place.held = Some(turnstile.lock_owned().await);
        place
    }
}

impl Place {
    pub(crate) fn thread_id(&self) -> &str {
        &self.thread_id
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut table = lock(&self.table);
        self.held = None;
        // Whoever waits holds a clone, and clones are made under this lock.
        if table.get(&self.thread_id).is_some_and(|turnstile| Arc::strong_count(turnstile) == 1) {
            table.remove(&self.thread_id);
        }
    }
}

fn lock(table: &Table) -> MutexGuard<'_, HashMap<ThreadId, Arc<Turnstile<()>>>> {
    table.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    #[test]
    fn places_are_given_in_the_order_of_asking_and_nothing_is_left_behind() {
        let order = Order::default();
        let mut context = Context::from_waker(Waker::noop());
        let mut poll = |future: std::pin::Pin<&mut dyn Future<Output = Place>>| future.poll(&mut context);
        let (mut first, mut second, mut third) = (pin!(order.take("a")), pin!(order.take("a")), pin!(order.take("a")));
        let Poll::Ready(head) = poll(first.as_mut()) else { panic!("the line was empty") };
        assert!(poll(third.as_mut()).is_pending());
        assert!(poll(second.as_mut()).is_pending());
        let mut other = pin!(order.take("b"));
        assert!(poll(other.as_mut()).is_ready(), "another thread does not wait");
        drop(head);
        assert!(poll(second.as_mut()).is_pending());
        let Poll::Ready(head) = poll(third.as_mut()) else { panic!("the third asked first") };
        drop(head);
        let Poll::Ready(head) = poll(second.as_mut()) else { panic!("nobody is before it") };
        drop(head);
        assert!(lock(&order.0).is_empty());
    }
}
