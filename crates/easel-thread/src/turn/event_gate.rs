//! Delays the events of a turn until the response to `turn/start` has been queued and the client has had a moment to
//! subscribe. The turn's work goes on meanwhile.

use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use easel_imagegen::phase;
use easel_protocol::event::{Event, ItemCompletedNotification};
use easel_protocol::id::{ItemId, ThreadId};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tracing::Instrument;

use crate::event_sink::EventSink;

/// Maximum number of delayed events; the turn itself waits when it is reached.
const MAX_DELAYED: usize = 1_024;

/// Resolves once the response to a request is on its way to the client.
pub type ResponseSent = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Sends the events of one turn, or delays them while it is closed.
pub(crate) struct EventGate<E> {
    sink: E,
    thread_id: ThreadId,
    delayed: VecDeque<Event>,
    /// What the gate waits for; `None` while it is open.
    barrier: Option<Barrier>,
    /// What gets the completed items of calls, whose requests are answered after the events.
    completions: HashMap<ItemId, oneshot::Sender<ItemCompletedNotification>>,
}

/// A condition for opening the gate.
enum Barrier {
    /// The response is sent, and `delay` has passed since then.
    Response { response_sent: ResponseSent, delay: Duration },
    /// The moment is reached.
    Until(Instant),
}

impl Barrier {
    /// Waits until the gate may open. Cancel safe.
    async fn wait(&mut self) {
        if let Self::Response { response_sent, delay } = self {
            let delay = *delay;
            response_sent.await;
            *self = Self::Until(Instant::now() + delay);
        }
        if let Self::Until(moment) = self {
            tokio::time::sleep_until(*moment).await;
        }
    }
}

impl<E: EventSink> EventGate<E> {
    /// Creates a gate that opens `delay` after the response is sent.
    pub(crate) fn new(sink: E, thread_id: ThreadId, response_sent: ResponseSent, delay: Duration) -> Self {
        let barrier = Some(Barrier::Response { response_sent, delay });
        Self { sink, thread_id, delayed: VecDeque::new(), barrier, completions: HashMap::new() }
    }

    /// Makes the gate pass on the completed item with this id once its event is sent.
    pub(crate) fn notify_completed(&mut self, item_id: ItemId, completed: oneshot::Sender<ItemCompletedNotification>) {
        self.completions.insert(item_id, completed);
    }

    pub(crate) fn is_open(&self) -> bool {
        self.barrier.is_none()
    }

    /// Waits until the gate may open. Cancel safe.
    pub(crate) async fn ready(&mut self) {
        if let Some(barrier) = &mut self.barrier {
            barrier.wait().await;
        }
    }

    /// Closes the gate until `response_sent` resolves, in addition to what it waits for already.
    pub(crate) fn hold(&mut self, response_sent: ResponseSent) {
        let earlier = self.barrier.take();
        let response_sent = Box::pin(async move {
            if let Some(mut earlier) = earlier {
                earlier.wait().await;
            }
            response_sent.await;
        });
        self.barrier = Some(Barrier::Response { response_sent, delay: Duration::ZERO });
    }

    /// Opens the gate and sends the delayed events.
    pub(crate) async fn open(&mut self) {
        self.barrier = None;
        while let Some(event) = self.delayed.pop_front() {
            self.publish(event).await;
        }
    }

    /// Sends an event, or delays it while the gate is closed.
    pub(crate) async fn send(&mut self, event: Event) {
        if self.is_open() {
            return self.publish(event).await;
        }
        self.delayed.push_back(event);
        if self.delayed.len() >= MAX_DELAYED {
            self.flush().await;
        }
    }

    /// Waits until the gate may open, then sends the delayed events.
    pub(crate) async fn flush(&mut self) {
        if !self.is_open() {
            let span = tracing::debug_span!(target: phase::TARGET, "delay");
            self.ready().instrument(span).await;
        }
        self.open().await;
    }

    async fn publish(&mut self, event: Event) {
        let span = tracing::debug_span!(target: phase::TARGET, "event", method = event.method());
        let completion = self.take_completion(&event);
        self.sink.publish(&self.thread_id, event).instrument(span).await;
        if let Some((sender, completed)) = completion {
            // A request that was cancelled does not wait.
            let _ = sender.send(completed);
        }
    }

    fn take_completion(
        &mut self,
        event: &Event,
    ) -> Option<(oneshot::Sender<ItemCompletedNotification>, ItemCompletedNotification)> {
        let Event::ItemCompleted(completed) = event else { return None };
        Some((self.completions.remove(completed.item.id())?, completed.clone()))
    }
}
