//! Sends the events of a thread to the connections that subscribe to it.

use std::collections::HashMap;
use std::sync::Arc;

use easel_protocol::event::Event;
use easel_protocol::id::ThreadId;
use easel_store::EaselStore;
use easel_thread::EventSink;
use futures_util::future::join_all;
use parking_lot::Mutex;

use crate::connections::{Client, Connections};

/// The connections and their subscriptions. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Hub {
    connections: Connections,
    /// By thread id; a thread without subscriptions has no entry.
    subscriptions: Arc<Mutex<HashMap<ThreadId, Vec<Subscription>>>>,
    store: EaselStore,
}

#[derive(Clone)]
struct Subscription {
    client: Arc<Client>,
    filter: EventFilter,
}

/// Which events of a thread a subscription gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EventFilter {
    /// All but `rawResponseItem/completed`.
    Standard,
    /// `rawResponseItem/completed` too.
    Raw,
}

impl EventFilter {
    /// Converts the `experimentalRawEvents` of a request that subscribes.
    pub(crate) fn from_flag(raw: Option<bool>) -> Self {
        if raw == Some(true) { Self::Raw } else { Self::Standard }
    }
}

impl Hub {
    /// Creates a hub without connections.
    pub(crate) fn new(store: EaselStore) -> Self {
        Self { connections: Connections::default(), subscriptions: Arc::default(), store }
    }

    /// Returns the connections, for events that concern all of them.
    pub(crate) fn connections(&self) -> &Connections {
        &self.connections
    }

    /// Subscribes a connection, or changes the filter of its subscription. Returns false if the connection is closed.
    #[must_use]
    pub(crate) fn subscribe(&self, thread_id: &str, client: &Arc<Client>, filter: EventFilter) -> bool {
        let mut table = self.subscriptions.lock();
        if client.is_closed() {
            return false;
        }
        let subscriptions = table.entry(thread_id.into()).or_default();
        subscriptions.retain(|subscription| !Arc::ptr_eq(&subscription.client, client));
        subscriptions.push(Subscription { client: Arc::clone(client), filter });
        true
    }

    /// Ends a subscription and returns how many the thread has left; `None` if the connection did not subscribe to it.
    pub(crate) fn unsubscribe(&self, thread_id: &str, client: &Arc<Client>) -> Option<usize> {
        let mut table = self.subscriptions.lock();
        let subscriptions = table.get_mut(thread_id)?;
        let before = subscriptions.len();
        subscriptions.retain(|subscription| !Arc::ptr_eq(&subscription.client, client));
        let left = subscriptions.len();
        if left == 0 {
            table.remove(thread_id);
        }
        (left < before).then_some(left)
    }

    /// Ends all subscriptions of a closed connection. Returns the threads that have no subscribers now.
    pub(crate) fn unsubscribe_all(&self, client: &Arc<Client>) -> Vec<ThreadId> {
        let mut without_subscribers = Vec::new();
        self.subscriptions.lock().retain(|thread_id, subscriptions| {
            subscriptions.retain(|subscription| !Arc::ptr_eq(&subscription.client, client));
            if subscriptions.is_empty() {
                without_subscribers.push(thread_id.clone());
            }
            !subscriptions.is_empty()
        });
        without_subscribers
    }

    /// Ends all subscriptions to a thread that was archived or deleted.
    pub(crate) fn remove_thread(&self, thread_id: &str) {
        self.subscriptions.lock().remove(thread_id);
    }

    /// Returns whether any connection subscribes to the thread.
    pub(crate) fn has_subscribers(&self, thread_id: &str) -> bool {
        self.subscriptions.lock().contains_key(thread_id)
    }

    /// Sends an event to one connection, whether it subscribes to a thread or not.
    pub(crate) async fn send(&self, client: &Client, event: &Event) {
        client.send(event, &self.store).await;
    }

    /// Sends an event to the thread's subscribers, and to `requester`, the connection whose request caused it.
    pub(crate) async fn publish_with(&self, thread_id: &str, requester: &Arc<Client>, event: Event) {
        if !self.subscribers(thread_id).iter().any(|subscription| Arc::ptr_eq(&subscription.client, requester)) {
            self.send(requester, &event).await;
        }
        self.publish(thread_id, event).await;
    }

    fn subscribers(&self, thread_id: &str) -> Vec<Subscription> {
        self.subscriptions.lock().get(thread_id).cloned().unwrap_or_default()
    }
}

impl EventSink for Hub {
    async fn publish(&self, thread_id: &str, event: Event) {
        let is_raw = matches!(event, Event::RawResponseItemCompleted(_));
        let mut subscribers = self.subscribers(thread_id);
        subscribers.retain(|subscription| !is_raw || subscription.filter == EventFilter::Raw);
        // A preview only shows progress, so a slow client does not get it.
        if matches!(event, Event::ImagePreview(_)) {
            return subscribers.iter().for_each(|subscription| subscription.client.try_queue(&event));
        }
        // Concurrently, so that a slow client does not delay the event for the others.
        join_all(subscribers.iter().map(|subscription| subscription.client.send(&event, &self.store))).await;
    }
}
