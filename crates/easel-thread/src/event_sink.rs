//! The receiver of a thread's events.

use std::future::Future;

use easel_protocol::event::Event;

/// Sends events to the subscribers of their threads.
pub trait EventSink: Clone + Send + Sync + 'static {
    /// Sends an event, and waits while subscribers are slow. Only previews of images may be dropped.
    fn publish(&self, thread_id: &str, event: Event) -> impl Future<Output = ()> + Send;
}
