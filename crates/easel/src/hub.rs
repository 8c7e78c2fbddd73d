//! Who is connected, and who is subscribed to which thread.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use easel_protocol::event::Event;
use easel_store::EaselStore;
use easel_thread::Audience;
use futures_util::future::join_all;

use crate::client::Client;
use crate::connections::Connections;

/// The connections and their subscriptions. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Hub {
    connections: Connections,
    subscriptions: Arc<Mutex<HashMap<String, Vec<Subscription>>>>,
    store: EaselStore,
}

#[derive(Clone)]
struct Subscription {
    client: Arc<Client>,
    wants: Wants,
}

/// Which events of a thread a connection gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wants {
    Events,
    /// `rawResponseItem/completed` too.
    RawEvents,
}

impl Wants {
    /// By the `experimentalRawEvents` of the request that subscribes.
    pub(crate) fn from_flag(raw: Option<bool>) -> Self {
        if raw == Some(true) { Self::RawEvents } else { Self::Events }
    }
}

impl Hub {
    pub(crate) fn new(store: EaselStore) -> Self {
        Self { connections: Connections::default(), subscriptions: Arc::default(), store }
    }

    pub(crate) fn connections(&self) -> &Connections {
        &self.connections
    }

    /// Subscribes a connection, or changes what it wants. One that is gone is not, and then the answer is `false`.
    pub(crate) fn subscribe(&self, thread_id: &str, client: &Arc<Client>, wants: Wants) -> bool {
        let mut table = self.table();
        if client.is_gone() {
            return false;
        }
        let subscriptions = table.entry(thread_id.to_owned()).or_default();
        subscriptions.retain(|subscription| !Arc::ptr_eq(&subscription.client, client));
        subscriptions.push(Subscription { client: Arc::clone(client), wants });
        true
    }

    /// Ends a subscription; `None` when there was none, else how many are left.
    pub(crate) fn unsubscribe(&self, thread_id: &str, client: &Arc<Client>) -> Option<usize> {
        let mut table = self.table();
        let subscriptions = table.get_mut(thread_id)?;
        let before = subscriptions.len();
        subscriptions.retain(|subscription| !Arc::ptr_eq(&subscription.client, client));
        let left = subscriptions.len();
        if left == 0 {
            table.remove(thread_id);
        }
        (left < before).then_some(left)
    }

    /// Ends all subscriptions of a connection that is gone. Returns the threads that nobody hears now.
    pub(crate) fn leave(&self, client: &Arc<Client>) -> Vec<String> {
        let mut unheard = Vec::new();
        self.table().retain(|thread_id, subscriptions| {
            subscriptions.retain(|subscription| !Arc::ptr_eq(&subscription.client, client));
            if subscriptions.is_empty() {
                unheard.push(thread_id.clone());
            }
            !subscriptions.is_empty()
        });
        unheard
    }

    /// Ends all subscriptions to a thread that is gone.
    pub(crate) fn forget(&self, thread_id: &str) {
        self.table().remove(thread_id);
    }

    pub(crate) fn is_heard(&self, thread_id: &str) -> bool {
        self.table().contains_key(thread_id)
    }

    /// Tells one connection, subscribed or not.
    pub(crate) async fn tell(&self, client: &Client, event: &Event) {
        client.tell(event, &self.store).await;
    }

    /// Tells the subscribers and, if it is not one of them, the connection that caused the event.
    pub(crate) async fn publish_with(&self, thread_id: &str, cause: &Arc<Client>, event: Event) {
        if !self.subscribers(thread_id).iter().any(|subscription| Arc::ptr_eq(&subscription.client, cause)) {
            self.tell(cause, &event).await;
        }
        self.publish(thread_id, event).await;
    }

    fn subscribers(&self, thread_id: &str) -> Vec<Subscription> {
        self.table().get(thread_id).cloned().unwrap_or_default()
    }

    fn table(&self) -> MutexGuard<'_, HashMap<String, Vec<Subscription>>> {
        self.subscriptions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Audience for Hub {
    async fn publish(&self, thread_id: &str, event: Event) {
        let raw = matches!(event, Event::RawResponseItemCompleted(_));
        let mut subscribers = self.subscribers(thread_id);
        subscribers.retain(|subscription| !raw || subscription.wants == Wants::RawEvents);
        // Progress: a client that is slow to read does without.
        if matches!(event, Event::ImagePreview(_)) {
            return subscribers.iter().for_each(|subscription| subscription.client.try_queue(&event));
        }
        // Side by side, so that a slow client does not keep the event from the others.
        join_all(subscribers.iter().map(|subscription| subscription.client.tell(&event, &self.store))).await;
    }
}
