//! The open connections, for events that concern all of them.

use std::fmt;
use std::sync::Arc;

use easel_protocol::event::Event;
use futures_util::future::join_all;
use parking_lot::Mutex;

use crate::connections::Client;

/// Every connection after its handshake. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Connections(Arc<Mutex<Vec<Arc<Client>>>>);

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connections")
    }
}

impl Connections {
    /// Adds a connection after its handshake.
    pub(crate) fn add(&self, client: &Arc<Client>) {
        let mut open = self.0.lock();
        open.retain(|client| !client.is_closed());
        open.push(Arc::clone(client));
    }

    /// Queues an event for every connection at once, so that events arrive in the order of the calls. The future waits
    /// while clients are slow.
    pub(crate) fn broadcast<'e>(&self, event: &'e Event) -> impl Future<Output = ()> + Send + use<'e> {
        let sends: Vec<_> = self.open_clients().iter().map(|client| client.queue(event)).collect();
        async move {
            join_all(sends).await;
        }
    }

    /// Queues an event for every connection that has room for it.
    pub(crate) fn try_broadcast(&self, event: &Event) {
        for client in self.open_clients() {
            client.try_queue(event);
        }
    }

    fn open_clients(&self) -> Vec<Arc<Client>> {
        let mut open = self.0.lock();
        open.retain(|client| !client.is_closed());
        open.clone()
    }
}
