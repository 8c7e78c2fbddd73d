//! One connection, as the rest of the program sees it.

use std::collections::HashSet;
use std::sync::OnceLock;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use easel_protocol::event::{Event, ItemCompletedNotification};
use easel_protocol::handshake::{ClientCapabilities, ImageResult};
use easel_protocol::item::ThreadItem;
use easel_rpc::{Closed, Outbox, Share};
use easel_store::EaselStore;

/// How long a client that does not read may keep others waiting.
const SLOWEST: Duration = Duration::from_secs(5);

/// Bytes and number of the events that a client may opt out of.
const LONGEST_NAME: usize = 256;
const MOST_NAMES: usize = 1_024;

pub(crate) struct Client {
    outbox: Outbox,
    patience: Patience,
    hello: OnceLock<Hello>,
}

/// What happens when the client is slower than its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// The events wait for it. It is the only client.
    Endless,
    /// Others wait too, so it is given up when its outbox stays full.
    Bounded,
}

/// What the client said of itself in `initialize`.
#[derive(Debug)]
struct Hello {
    name: String,
    opted_out: HashSet<String>,
    image_result: ImageResult,
}

impl Client {
    pub(crate) fn new(outbox: Outbox, patience: Patience) -> Self {
        Self { outbox, patience, hello: OnceLock::new() }
    }

    /// Called once: the handshake admits no second `initialize`.
    pub(crate) fn greet(&self, name: String, capabilities: ClientCapabilities, image_result: ImageResult) {
        let opted_out = capabilities.opt_out_notification_methods.unwrap_or_default().into_iter();
        // Longer names, and more of them, name no event.
        let opted_out = opted_out.filter(|name| name.len() <= LONGEST_NAME).take(MOST_NAMES).collect();
        let image_result = capabilities.image_result.unwrap_or(image_result);
        let _ = self.hello.set(Hello { name, opted_out, image_result });
    }

    pub(crate) fn name(&self) -> Option<&str> {
        self.hello.get().map(|hello| hello.name.as_str())
    }

    /// Whether nothing can reach the client any more.
    pub(crate) fn is_gone(&self) -> bool {
        self.outbox.is_closed()
    }

    /// Sends an event, unless the client does not want its kind. Waits while the client is slow.
    pub(crate) async fn tell(&self, event: &Event, store: &EaselStore) {
        let inline = self.hello.get().is_some_and(|hello| hello.image_result == ImageResult::Inline);
        if inline
            && self.wants(event)
            && let Some(bytes) = image_bytes(event)
            && let Some(share) = self.reserve(bytes).await
            && let Some(inlined) = with_bytes(event, store).await
        {
            return self.wait(self.outbox.notify_within(share, inlined.method(), &inlined.params())).await;
        }
        self.queue(event).await;
    }

    /// Reserves memory for an image of `bytes` bytes as base64 in an event.
    ///
    /// Returns `None` when other clients would wait too long for it. A client that reads slowly then gets the event
    /// without the image, whose file it can read. A client that does not read at all is disconnected, so that it does not
    /// delay the next image as well.
    async fn reserve(&self, bytes: u64) -> Option<Share> {
        let length = usize::try_from(bytes).unwrap_or(usize::MAX).saturating_mul(4) / 3;
        match self.patience {
            Patience::Endless => Some(self.outbox.reserve(length).await),
            Patience::Bounded => {
                let reserved = tokio::time::timeout(SLOWEST, self.outbox.reserve(length)).await.ok();
                if reserved.is_none() && self.outbox.is_stalled(SLOWEST) {
                    tracing::warn!("a client does not read its events and is disconnected");
                    self.outbox.close();
                }
                reserved
            }
        }
    }

    /// Queues an event as it is at once, unless the client does not want its kind. The future waits while the client is
    /// slow.
    pub(crate) fn queue<'e>(&self, event: &'e Event) -> impl Future<Output = ()> + Send + use<'e> {
        let queued = self.wants(event).then(|| self.outbox.notify(event.method(), &event.params()));
        let queued = queued.map(|queued| self.wait(queued));
        async move {
            if let Some(queued) = queued {
                queued.await;
            }
        }
    }

    /// Waits while the client is slow, as long as that is worth it.
    fn wait<F: Future<Output = Result<(), Closed>> + Send>(
        &self,
        queued: F,
    ) -> impl Future<Output = ()> + Send + use<F> {
        let (outbox, patience) = (self.outbox.clone(), self.patience);
        async move {
            let told = match patience {
                Patience::Endless => queued.await,
                Patience::Bounded => tokio::time::timeout(SLOWEST, queued).await.unwrap_or_else(|_| {
                    tracing::warn!("a client does not read its events and is given up");
                    outbox.close();
                    Ok(())
                }),
            };
            if told.is_err() {
                tracing::debug!("the client is gone");
            }
        }
    }

    /// Queues an event that may be lost: without room for it, it is.
    pub(crate) fn try_queue(&self, event: &Event) {
        if self.wants(event) {
            self.outbox.try_notify(event.method(), &event.params());
        }
    }

    /// To ask the client something.
    pub(crate) fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    fn wants(&self, event: &Event) -> bool {
        !self.hello.get().is_some_and(|hello| hello.opted_out.contains(event.method()))
    }
}

/// Bytes of the first image of an event that ends one.
fn image_bytes(event: &Event) -> Option<u64> {
    let Event::ItemCompleted(completed) = event else { return None };
    let ThreadItem::ImageGeneration(item) = &completed.item else { return None };
    item.images.first().map(|image| image.facts.bytes)
}

/// The event with the first image's bytes in `result`, when it is one that ends an image.
async fn with_bytes(event: &Event, store: &EaselStore) -> Option<Event> {
    let Event::ItemCompleted(completed) = event else { return None };
    let ThreadItem::ImageGeneration(item) = &completed.item else { return None };
    let image = item.images.first()?;
    let length = u32::try_from(image.facts.bytes).ok()?;
    let bytes = match store.read_image(&image.id, 0, length).await {
        Ok(bytes) => bytes?.bytes,
        Err(error) => {
            tracing::warn!(image = %image.id, %error, "the image was made but cannot be read back");
            return None;
        }
    };
    let mut item = item.clone();
    item.result = STANDARD.encode(bytes);
    Some(Event::ItemCompleted(ItemCompletedNotification {
        item: ThreadItem::ImageGeneration(item),
        ..completed.clone()
    }))
}
