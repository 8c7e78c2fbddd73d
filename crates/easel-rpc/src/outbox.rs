//! The only way out of a connection: one queue in the order of the calls, bounded by bytes.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::value::RawValue;
use tokio::runtime::Handle;

use crate::budget::{Bounds, Budget, Share};
use crate::framing::Framing;
use crate::long_lines::LongLineGate;
use crate::message::{self, Dialect};
use crate::peer_request::PeerRequests;
use crate::writer::{Plain, Queue, run};

/// The client cannot be reached any more: it closed our output, or the session is finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the connection is closed")]
pub struct Closed;

/// Where lines go.
pub trait Sink: Write + Send + 'static {
    /// Whether a write of at most a page (512 bytes where the system promises no more) would return at once. Then the reader thread writes its answers itself,
    /// which saves a hand-over to the writer thread; it must never block there, or a client that writes all its
    /// requests before it reads would hang.
    fn is_ready(&self) -> bool;
}

/// Whether queued lines are written now or when the reader thread flushes, which it does before it blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wake {
    Now,
    AtFlush,
}

/// A handle on the outbox of one connection; cheap to clone. When the last one is dropped, what is queued is still
/// written and the sink is closed.
#[derive(Clone)]
pub struct Outbox {
    inner: Arc<Inner>,
}

struct Inner {
    queue: Arc<Queue>,
    peer: PeerRequests,
    versioned: AtomicBool,
    framing: Framing,
    /// Of long answers, from the moment they are built until they are written.
    answers: Budget,
    /// What all connections share; alone before it is served.
    shared: OnceLock<Arc<Bounds>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.queue.finish();
    }
}

impl Outbox {
    /// Starts the writer thread over any writer. `capacity` is [`crate::Limits::outbox_bytes`].
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(writer: impl Write + Send + 'static, capacity: usize) -> io::Result<Self> {
        Self::start_ready(Plain(writer), capacity)
    }

    /// Like [`Outbox::start`], for a sink that can tell whether it is ready.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start_ready(sink: impl Sink, capacity: usize) -> io::Result<Self> {
        Self::start_framed(sink, capacity, Framing::Lines)
    }

    /// Like [`Outbox::start_ready`], with every message as one WebSocket message.
    pub(crate) fn start_messages(sink: impl Sink, capacity: usize) -> io::Result<Self> {
        Self::start_framed(sink, capacity, Framing::messages())
    }

    fn start_framed(sink: impl Sink, capacity: usize, framing: Framing) -> io::Result<Self> {
        let queue = Arc::new(Queue::new(Box::new(sink), capacity));
        let writer = Arc::clone(&queue);
        std::thread::Builder::new().name("easel-writer".to_owned()).spawn(move || run(&writer))?;
        let (peer, versioned) = (PeerRequests::default(), AtomicBool::new(false));
        let (answers, shared) = (Budget::new(capacity), OnceLock::new());
        Ok(Self { inner: Arc::new(Inner { queue, peer, versioned, framing, answers, shared }) })
    }

    /// Queues a notification at once, so that the order on the wire is the order of the calls. The future waits for
    /// room afterwards; whoever awaits it cannot outrun the client.
    ///
    /// # Errors
    /// [`Closed`], and nothing was queued.
    pub fn notify<P: Serialize + ?Sized>(
        &self,
        method: &str,
        params: &P,
    ) -> impl Future<Output = Result<(), Closed>> + Send + use<P> {
        self.notify_holding(None, method, params)
    }

    /// Like [`Outbox::notify`], for a long notification that bytes were reserved for: it keeps them until it is written.
    ///
    /// # Errors
    /// [`Closed`], and nothing was queued.
    pub fn notify_within<P: Serialize + ?Sized>(
        &self,
        share: Share,
        method: &str,
        params: &P,
    ) -> impl Future<Output = Result<(), Closed>> + Send + use<P> {
        self.notify_holding(Some(share), method, params)
    }

    fn notify_holding<P: Serialize + ?Sized>(
        &self,
        share: Option<Share>,
        method: &str,
        params: &P,
    ) -> impl Future<Output = Result<(), Closed>> + Send + use<P> {
        let queued = match self.notification_line(method, params) {
            Some(line) => self.push(line, share, Wake::Now),
            None => Ok(()),
        };
        let queue = Arc::clone(&self.inner.queue);
        async move {
            queued?;
            queue.room().await;
            Ok(())
        }
    }

    /// Queues a notification that may be lost, such as progress. Returns false when there was no room for it or the
    /// connection is closed.
    pub fn try_notify<P: Serialize + ?Sized>(&self, method: &str, params: &P) -> bool {
        if !self.inner.queue.has_room_for(0) {
            return false;
        }
        match self.notification_line(method, params) {
            Some(line) => self.inner.queue.has_room_for(line.len()) && self.push(line, None, Wake::Now).is_ok(),
            None => false,
        }
    }

    /// Reserves bytes for a long answer or notification, if they are free now.
    pub fn try_reserve(&self, bytes: usize) -> Option<Share> {
        self.shared().try_answer(&self.inner.answers, bytes)
    }

    /// Reserves bytes for a long answer or notification before it is built. Waits while what was reserved before is not
    /// written yet; one that is larger than [`crate::Limits::outbox_bytes`] gets them when it is alone.
    pub async fn reserve(&self, bytes: usize) -> Share {
        self.shared().answer(&self.inner.answers, bytes).await
    }

    /// Whether the client cannot be reached any more.
    pub fn is_closed(&self) -> bool {
        self.inner.queue.closed.is_cancelled()
    }

    /// Resolves when the client cannot be reached any more.
    pub fn closed(&self) -> impl Future<Output = ()> + Send + 'static {
        self.inner.queue.closed.clone().cancelled_owned()
    }

    /// Returns whether something waits to be written and nothing was written for `limit`.
    pub fn is_stalled(&self, limit: Duration) -> bool {
        self.inner.queue.is_stalled(limit)
    }

    /// Gives the client up: what is queued is dropped, whoever waits for it is released.
    pub fn close(&self) {
        self.inner.queue.close();
    }

    /// `None` when the params cannot be serialized, which no derived type does.
    fn notification_line<P: Serialize + ?Sized>(&self, method: &str, params: &P) -> Option<Vec<u8>> {
        message::notification(self.dialect(), method, params, now_ms())
            .inspect_err(|e| tracing::error!(method, error = %e, "notification cannot be serialized"))
            .ok()
    }

    pub(crate) fn push(&self, line: Vec<u8>, mut share: Option<Share>, wake: Wake) -> Result<(), Closed> {
        if let Some(share) = &mut share {
            share.shrink_to(line.len());
        }
        self.inner.queue.push(self.inner.framing.frame(line), share, wake)
    }

    /// Puts this connection under the bounds that all connections share.
    pub(crate) fn share(&self, bounds: &Arc<Bounds>) {
        if self.inner.shared.set(Arc::clone(bounds)).is_ok() {
            bounds.register(&self.inner.queue);
        }
    }

    /// What this connection's source asks before it holds more of a long message.
    pub(crate) fn gate(&self, bounds: &Bounds, runtime: Handle) -> LongLineGate {
        bounds.lines.gate(Arc::downgrade(&self.inner.queue), runtime)
    }

    fn shared(&self) -> &Bounds {
        self.inner.shared.get_or_init(Arc::default)
    }

    /// What the transport itself says between messages.
    pub(crate) fn push_frame(&self, frame: Vec<u8>) -> Result<(), Closed> {
        self.inner.queue.push(frame, None, Wake::Now)
    }

    pub(crate) fn framing(&self) -> &Framing {
        &self.inner.framing
    }

    pub(crate) fn peer(&self) -> &PeerRequests {
        &self.inner.peer
    }

    /// An answer of the client to one of our requests.
    pub(crate) fn answered(&self, id: &str, outcome: Result<&RawValue, &RawValue>) {
        self.inner.peer.settle(id, outcome);
    }

    /// Reader thread: writes what it queued, itself if the sink is ready.
    pub(crate) fn flush(&self) {
        self.inner.queue.flush();
    }

    /// Reader thread: blocks while the outbox is over its bound, and so stops reading. False when that is not worth it any
    /// more; `is_worth_it` gets the time since something was written.
    pub(crate) fn block_for_room(&self, is_worth_it: impl Fn(Duration) -> bool) -> bool {
        self.inner.queue.block_for_room(is_worth_it)
    }

    pub(crate) fn dialect(&self) -> Dialect {
        if self.inner.versioned.load(Ordering::Relaxed) { Dialect::Versioned } else { Dialect::Bare }
    }

    pub(crate) fn set_dialect(&self, dialect: Dialect) {
        self.inner.versioned.store(dialect == Dialect::Versioned, Ordering::Relaxed);
    }

    /// Takes nothing more, writes what is queued, closes the sink. Returns whether that was done within `limit`.
    pub(crate) async fn finish(&self, limit: Duration) -> bool {
        let queue = &self.inner.queue;
        let farewell = self.inner.framing.farewell();
        if !farewell.is_empty() {
            // A connection that is closed needs none.
            let _ = self.push_frame(farewell);
        }
        queue.finish();
        tokio::time::timeout(limit, queue.stopped.cancelled()).await.is_ok() && !queue.has_lost()
    }
}

fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX))
}
