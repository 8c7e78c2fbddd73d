//! The only way to send to a client: one queue in the order of the calls, bounded by bytes.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::value::RawValue;
use tokio::runtime::Handle;

use crate::inbound::long_lines::LongLineGate;
use crate::outbound::budget::{Bounds, Budget, Share};
use crate::outbound::frame::Framing;
use crate::outbound::message::{self, JsonRpcTag, WriteJson};
use crate::outbound::peer_request::PeerRequests;
use crate::outbound::queue::Queue;
use crate::outbound::sink::{PlainSink, Sink};
use crate::outbound::writer;

/// The connection is closed: the client closed its end of our output, or the session has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the connection is closed")]
pub struct Closed;

/// When queued lines are written: now, or when the reader thread flushes, which it does before it blocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wake {
    Now,
    AtFlush,
}

/// A handle to the outgoing queue of one connection, cheap to clone. When the last handle is dropped, queued messages
/// are still written, and then the sink is closed.
#[derive(Clone)]
pub struct Outbox {
    inner: Arc<Inner>,
}

struct Inner {
    queue: Arc<Queue>,
    peer: PeerRequests,
    versioned: AtomicBool,
    /// Whether messages have exactly the members of JSON-RPC.
    standard: AtomicBool,
    framing: Framing,
    /// For long responses, from before they are built until they are written.
    responses: Budget,
    /// The budgets that all connections share. Until the connection is served, it has its own.
    shared: OnceLock<Arc<Bounds>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.queue.finish();
    }
}

impl Outbox {
    /// Starts a writer thread for any writer. `capacity` is [`crate::Limits::outbox_bytes`].
    ///
    /// # Errors
    /// If the thread cannot be started.
    pub fn start(writer: impl Write + Send + 'static, capacity: usize) -> io::Result<Self> {
        Self::start_with_sink(PlainSink(writer), capacity)
    }

    /// Like [`Outbox::start`], for a sink that knows whether it is ready.
    ///
    /// # Errors
    /// If the thread cannot be started.
    pub fn start_with_sink(sink: impl Sink, capacity: usize) -> io::Result<Self> {
        Self::start_framed(sink, capacity, Framing::Lines)
    }

    /// Like [`Outbox::start_with_sink`], with every message as one WebSocket message.
    pub(crate) fn start_messages(sink: impl Sink, capacity: usize) -> io::Result<Self> {
        Self::start_framed(sink, capacity, Framing::messages())
    }

    fn start_framed(sink: impl Sink, capacity: usize, framing: Framing) -> io::Result<Self> {
        let queue = Arc::new(Queue::new(Box::new(sink), capacity));
        let queue_to_write = Arc::clone(&queue);
        std::thread::Builder::new().name("easel-writer".to_owned()).spawn(move || writer::run(&queue_to_write))?;
        let (peer, versioned, standard) = (PeerRequests::default(), AtomicBool::new(false), AtomicBool::new(false));
        let (responses, shared) = (Budget::new(capacity), OnceLock::new());
        Ok(Self { inner: Arc::new(Inner { queue, peer, versioned, standard, framing, responses, shared }) })
    }

    /// Makes every message have exactly the members of JSON-RPC 2.0: always `jsonrpc`, and no time in notifications.
    pub fn use_standard_messages(&self) {
        self.inner.standard.store(true, Ordering::Relaxed);
    }

    /// Queues a notification immediately, so that the order on the wire is the order of the calls. The future then
    /// waits for room: a sender that awaits it cannot outrun the client.
    ///
    /// # Errors
    /// [`Closed`] if nothing was queued.
    pub fn notify<P: Serialize + ?Sized>(
        &self,
        method: &str,
        params: &P,
    ) -> impl Future<Output = Result<(), Closed>> + Send + use<P> {
        self.notify_holding(None, method, &params)
    }

    /// Like [`Outbox::notify`], for a long notification with reserved bytes, which it keeps until it is written.
    ///
    /// # Errors
    /// [`Closed`] if nothing was queued.
    pub fn notify_within<P: Serialize + ?Sized>(
        &self,
        share: Share,
        method: &str,
        params: &P,
    ) -> impl Future<Output = Result<(), Closed>> + Send + use<P> {
        self.notify_holding(Some(share), method, &params)
    }

    fn notify_holding(
        &self,
        share: Option<Share>,
        method: &str,
        params: &dyn WriteJson,
    ) -> impl Future<Output = Result<(), Closed>> + Send + use<> {
        let queued = match self.notification_line(method, params) {
            Some(line) => self.push(line, share, Wake::Now),
            None => Ok(()),
        };
        let queue = Arc::clone(&self.inner.queue);
        async move {
            queued?;
            queue.wait_for_room().await;
            Ok(())
        }
    }

    /// Queues a notification that may be lost, such as progress. Returns false if there is no room or the connection is
    /// closed.
    pub fn try_notify<P: Serialize + ?Sized>(&self, method: &str, params: &P) -> bool {
        if !self.inner.queue.has_room_for(0) {
            return false;
        }
        match self.notification_line(method, &params) {
            Some(line) => self.inner.queue.has_room_for(line.len()) && self.push(line, None, Wake::Now).is_ok(),
            None => false,
        }
    }

    /// Reserves bytes for a long response or notification. `None` if they are not free.
    pub fn try_reserve(&self, bytes: usize) -> Option<Share> {
        self.shared_bounds().try_reserve_response(&self.inner.responses, bytes)
    }

    /// Reserves bytes for a long response or notification before it is built. Waits until earlier ones are written.
    /// More than [`crate::Limits::outbox_bytes`] are granted while nothing else is reserved.
    pub async fn reserve(&self, bytes: usize) -> Share {
        self.shared_bounds().reserve_response(&self.inner.responses, bytes).await
    }

    /// Returns whether the connection is closed for sending.
    pub fn is_closed(&self) -> bool {
        self.inner.queue.closed.is_cancelled()
    }

    /// Waits until the connection is closed for sending.
    pub fn closed(&self) -> impl Future<Output = ()> + Send + 'static {
        self.inner.queue.closed.clone().cancelled_owned()
    }

    /// Returns whether messages wait to be written and none was written for `limit`.
    pub fn is_stalled(&self, limit: Duration) -> bool {
        self.inner.queue.is_stalled(limit)
    }

    /// Disconnects the client: drops the queued messages and wakes everyone who waits for room.
    pub fn close(&self) {
        self.inner.queue.close();
    }

    /// Serializes a notification. `None` if that fails, which a derived `Serialize` does not.
    fn notification_line(&self, method: &str, params: &dyn WriteJson) -> Option<Vec<u8>> {
        let emitted_at_ms = (!self.inner.standard.load(Ordering::Relaxed)).then(now_ms);
        message::notification(self.tag(), method, params, emitted_at_ms)
            .inspect_err(|e| tracing::error!(method, error = %e, "a notification cannot be serialized"))
            .ok()
    }

    /// Waits until there is room for another message.
    pub(crate) async fn wait_for_room(&self) {
        self.inner.queue.wait_for_room().await;
    }

    pub(crate) fn push(&self, line: Vec<u8>, mut share: Option<Share>, wake: Wake) -> Result<(), Closed> {
        if let Some(share) = &mut share {
            share.shrink_to(line.len());
        }
        self.inner.queue.push(self.inner.framing.frame(line), share, wake)
    }

    /// Makes this connection use the budgets that all connections share.
    pub(crate) fn use_shared_budgets(&self, bounds: &Arc<Bounds>) {
        if self.inner.shared.set(Arc::clone(bounds)).is_ok() {
            bounds.register(&self.inner.queue);
        }
    }

    /// Returns the gate for this connection's source, which bounds the memory for long messages.
    pub(crate) fn new_gate(&self, bounds: &Bounds, runtime: Handle) -> LongLineGate {
        bounds.lines.new_gate(Arc::downgrade(&self.inner.queue), runtime)
    }

    fn shared_bounds(&self) -> &Bounds {
        self.inner.shared.get_or_init(Arc::default)
    }

    /// Queues a control frame of the transport.
    pub(crate) fn push_frame(&self, frame: Vec<u8>) -> Result<(), Closed> {
        self.inner.queue.push(frame, None, Wake::Now)
    }

    pub(crate) fn framing(&self) -> &Framing {
        &self.inner.framing
    }

    pub(crate) fn peer(&self) -> &PeerRequests {
        &self.inner.peer
    }

    /// Passes on the client's response to a request of the server.
    pub(crate) fn settle(&self, id: &str, outcome: Result<&RawValue, &RawValue>) {
        self.inner.peer.settle(id, outcome);
    }

    /// Writes queued messages: on the calling reader thread if the sink is ready, else on the writer thread.
    pub(crate) fn flush(&self) {
        writer::flush(&self.inner.queue);
    }

    /// Blocks the calling reader thread while the outbox is over its limit. Calls `keep_waiting` from time to time with
    /// the time since the last write, and returns false as soon as it does.
    pub(crate) fn block_for_room(&self, keep_waiting: impl Fn(Duration) -> bool) -> bool {
        self.inner.queue.block_for_room(keep_waiting)
    }

    pub(crate) fn tag(&self) -> JsonRpcTag {
        let tagged = self.inner.versioned.load(Ordering::Relaxed) || self.inner.standard.load(Ordering::Relaxed);
        if tagged { JsonRpcTag::Present } else { JsonRpcTag::Absent }
    }

    pub(crate) fn set_tag(&self, tag: JsonRpcTag) {
        self.inner.versioned.store(tag == JsonRpcTag::Present, Ordering::Relaxed);
    }

    /// Accepts no more messages, writes the queued ones and closes the sink. Returns whether that succeeded within
    /// `limit`.
    pub(crate) async fn finish(&self, limit: Duration) -> bool {
        let queue = &self.inner.queue;
        let close_frame = self.inner.framing.close_frame();
        if !close_frame.is_empty() {
            // A closed connection needs no close frame.
            let _ = self.push_frame(close_frame);
        }
        queue.finish();
        tokio::time::timeout(limit, queue.stopped.cancelled()).await.is_ok() && !queue.has_lost_lines()
    }
}

fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX))
}
