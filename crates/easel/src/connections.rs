//! The connections that are open, for what concerns all of them.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use easel_protocol::event::Event;
use futures_util::future::join_all;

use crate::client::Client;

/// Every connection after its handshake. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Connections(Arc<Mutex<Vec<Arc<Client>>>>);

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connections")
    }
}

impl Connections {
    pub(crate) fn join(&self, client: &Arc<Client>) {
        let mut open = self.lock();
        open.retain(|known| !known.is_gone());
        open.push(Arc::clone(client));
    }

    /// Queues an event for every connection at once, so that events come in the order of the calls. The future waits
    /// while clients are slow.
    pub(crate) fn announce<'e>(&self, event: &'e Event) -> impl Future<Output = ()> + Send + use<'e> {
        let telling: Vec<_> = self.open().iter().map(|client| client.queue(event)).collect();
        async move {
            join_all(telling).await;
        }
    }

    /// The same for what may be lost: a connection without room for it does not get it.
    pub(crate) fn try_announce(&self, event: &Event) {
        for client in self.open() {
            client.try_queue(event);
        }
    }

    fn open(&self) -> Vec<Arc<Client>> {
        let mut open = self.lock();
        open.retain(|known| !known.is_gone());
        open.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Client>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
