//! Who hears of a thread's events.

use std::future::Future;

use easel_protocol::event::Event;

/// The subscribers of threads. Publishing waits while they are slow; no event is dropped but previews of images.
pub trait Audience: Clone + Send + Sync + 'static {
    fn publish(&self, thread_id: &str, event: Event) -> impl Future<Output = ()> + Send;
}
