//! One connection, as the rest of the program sees it.

use std::collections::HashSet;
use std::sync::OnceLock;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use easel_config::Warning;
use easel_protocol::event::{Event, ItemCompletedNotification};
use easel_protocol::handshake::{ClientCapabilities, ImageResult};
use easel_protocol::item::ThreadItem;
use easel_rpc::{Closed, Outbox, Share};
use easel_store::{EaselStore, ThreadOwner};
use parking_lot::Mutex;

use crate::approvals::ClientApprovals;

/// How long a client that does not read may delay others.
const SLOW_CLIENT_TIMEOUT: Duration = Duration::from_secs(5);

/// Maximum length of the name of an event that a client opts out of, in bytes.
const MAX_EVENT_NAME_BYTES: usize = 256;
/// Maximum number of events that a client opts out of.
const MAX_OPT_OUTS: usize = 1_024;

/// Maximum number of warnings that a connection gets only once. Further ones may repeat.
const MAX_KNOWN_WARNINGS: usize = 256;

/// One connection: its queue of outgoing messages, and what the client said about itself.
pub(crate) struct Client {
    outbox: Outbox,
    policy: SlowClientPolicy,
    /// The protocol that the client translates; `None` for one that speaks the app-server's.
    face: Option<&'static str>,
    info: OnceLock<ClientInfo>,
    /// The warnings about configuration that the client has got.
    warnings: Mutex<HashSet<Warning>>,
    approvals: ClientApprovals,
}

/// What happens to a client that reads more slowly than its events arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SlowClientPolicy {
    /// Its events wait, because it is the only client.
    Wait,
    /// It is disconnected when its outbox stays full, since other clients wait for it.
    Disconnect,
}

/// What the client said about itself in `initialize`.
#[derive(Debug)]
struct ClientInfo {
    name: String,
    opted_out: HashSet<String>,
    image_result: ImageResult,
    answers_approvals: bool,
}

impl Client {
    /// Creates a client that has not sent `initialize` yet.
    pub(crate) fn new(outbox: Outbox, policy: SlowClientPolicy) -> Self {
        Self::of_face(outbox, policy, None)
    }

    /// Creates a client of this process that translates another protocol.
    pub(crate) fn of_face(outbox: Outbox, policy: SlowClientPolicy, face: Option<&'static str>) -> Self {
        let (warnings, approvals) = (Mutex::default(), ClientApprovals::default());
        Self { outbox, policy, face, info: OnceLock::new(), warnings, approvals }
    }

    /// Stores what the client said in `initialize`. Called once, because the handshake refuses a second `initialize`.
    pub(crate) fn set_info(&self, name: String, capabilities: ClientCapabilities, image_result: ImageResult) {
        let answers_approvals = capabilities.request_permissions_approval == Some(true);
        let opted_out = capabilities.opt_out_notification_methods.unwrap_or_default().into_iter();
        // Real event names are shorter, and there are fewer of them.
        let opted_out = opted_out.filter(|name| name.len() <= MAX_EVENT_NAME_BYTES).take(MAX_OPT_OUTS).collect();
        let image_result = capabilities.image_result.unwrap_or(image_result);
        let _ = self.info.set(ClientInfo { name, opted_out, image_result, answers_approvals });
    }

    /// Returns the client's name; `None` before `initialize`.
    pub(crate) fn name(&self) -> Option<&str> {
        self.info.get().map(|info| info.name.as_str())
    }

    /// Returns the protocol that the client translates; `None` for one that speaks the app-server's.
    pub(crate) fn face(&self) -> Option<&'static str> {
        self.face
    }

    /// Returns whose threads the client's are.
    pub(crate) fn owner(&self) -> ThreadOwner {
        ThreadOwner { face: self.face.map(str::to_owned), client: self.name().map(str::to_owned) }
    }

    /// Returns whether the client has not got this warning yet, and remembers it.
    pub(crate) fn is_new_warning(&self, warning: &Warning) -> bool {
        let mut known = self.warnings.lock();
        if known.len() == MAX_KNOWN_WARNINGS {
            return !known.contains(warning);
        }
        known.insert(warning.clone())
    }

    /// Returns whether the client answers requests for approvals.
    pub(crate) fn answers_approvals(&self) -> bool {
        self.info.get().is_some_and(|info| info.answers_approvals)
    }

    /// Returns the approvals that the client has given for more than a turn.
    pub(crate) fn approvals(&self) -> &ClientApprovals {
        &self.approvals
    }

    /// Returns whether the connection is closed.
    pub(crate) fn is_closed(&self) -> bool {
        self.outbox.is_closed()
    }

    /// Sends an event, unless the client opted out of its kind. Waits while the client is slow.
    pub(crate) async fn send(&self, event: &Event, store: &EaselStore) {
        let inline = self.info.get().is_some_and(|info| info.image_result == ImageResult::Inline);
        if inline
            && self.wants(event)
            && let Some(bytes) = image_len(event)
            && let Some(share) = self.reserve(bytes).await
            && let Some(inlined) = with_inline_image(event, store).await
        {
            return self.wait(self.outbox.notify_within(share, inlined.method(), &inlined.params())).await;
        }
        self.queue(event).await;
    }

    /// Reserves memory for an image of `bytes` bytes as base64 in an event.
    ///
    /// Returns `None` if other clients would wait too long for it. A client that reads slowly then gets the event
    /// without the image, whose file it can read. A client that does not read at all is disconnected, so that it does
    /// not delay the next image as well.
    async fn reserve(&self, bytes: u64) -> Option<Share> {
        let length = usize::try_from(bytes).unwrap_or(usize::MAX).saturating_mul(4) / 3;
        match self.policy {
            SlowClientPolicy::Wait => Some(self.outbox.reserve(length).await),
            SlowClientPolicy::Disconnect => {
                let reserved = tokio::time::timeout(SLOW_CLIENT_TIMEOUT, self.outbox.reserve(length)).await.ok();
                if reserved.is_none() && self.outbox.is_stalled(SLOW_CLIENT_TIMEOUT) {
                    disconnect(&self.outbox);
                }
                reserved
            }
        }
    }

    /// Queues an event at once, unless the client opted out of its kind. The future waits while the client is slow.
    pub(crate) fn queue<'e>(&self, event: &'e Event) -> impl Future<Output = ()> + Send + use<'e> {
        let queued = self.wants(event).then(|| self.outbox.notify(event.method(), &event.params()));
        let queued = queued.map(|queued| self.wait(queued));
        async move {
            if let Some(queued) = queued {
                queued.await;
            }
        }
    }

    /// Waits until an event is queued, or until the client has been slow for too long.
    fn wait<F: Future<Output = Result<(), Closed>> + Send>(
        &self,
        queued: F,
    ) -> impl Future<Output = ()> + Send + use<F> {
        let (outbox, policy) = (self.outbox.clone(), self.policy);
        async move {
            let result = match policy {
                SlowClientPolicy::Wait => queued.await,
                SlowClientPolicy::Disconnect => {
                    tokio::time::timeout(SLOW_CLIENT_TIMEOUT, queued).await.unwrap_or_else(|_| {
                        disconnect(&outbox);
                        Ok(())
                    })
                }
            };
            if result.is_err() {
                tracing::debug!("an event was not sent: the client has disconnected");
            }
        }
    }

    /// Queues an event, or drops it if the queue is full.
    pub(crate) fn try_queue(&self, event: &Event) {
        if self.wants(event) {
            self.outbox.try_notify(event.method(), &event.params());
        }
    }

    /// Returns the queue of outgoing messages, for requests to the client.
    pub(crate) fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    fn wants(&self, event: &Event) -> bool {
        !self.info.get().is_some_and(|info| info.opted_out.contains(event.method()))
    }
}

fn disconnect(outbox: &Outbox) {
    tracing::warn!("a client does not read its events and is disconnected");
    outbox.close();
}

/// Returns the size of the first image of an event that completes an image.
fn image_len(event: &Event) -> Option<u64> {
    let Event::ItemCompleted(completed) = event else { return None };
    let ThreadItem::ImageGeneration(item) = &completed.item else { return None };
    item.images.first().map(|image| image.facts.bytes)
}

/// Puts the base64 of the first image into `result` of an event that completes an image.
async fn with_inline_image(event: &Event, store: &EaselStore) -> Option<Event> {
    let Event::ItemCompleted(completed) = event else { return None };
    let ThreadItem::ImageGeneration(item) = &completed.item else { return None };
    let image = item.images.first()?;
    let length = u32::try_from(image.facts.bytes).ok()?;
    let bytes = match store.read_image(&image.id, 0, length).await {
        Ok(chunk) => chunk?.bytes,
        Err(error) => {
            tracing::warn!(image = %image.id, %error, "a generated image cannot be read back, so its event has no data");
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
