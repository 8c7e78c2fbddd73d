//! The queue behind an outbox, and the thread that empties it.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::budget::Share;
use crate::outbox::{Closed, Sink, Wake};

/// Short lines are put together up to this size, long ones are written in pieces of it.
const CHUNK: usize = 64 * 1024;

/// What a pipe or socket that polls as writable takes without blocking. Linux says so from a page on, XNU's pipes from
/// 512 bytes on.
const PAGE: usize = if cfg!(target_os = "linux") { 4096 } else { 512 };

/// Senders queue first and wait for room afterwards. A line in the queue needs no more memory than one in the hands of
/// a waiting sender, and so answers need not wait at all: the reader does, before it takes the next request.
pub(crate) struct Queue {
    state: Mutex<State>,
    capacity: usize,
    work: Condvar,
    room: Condvar,
    room_for_tasks: Notify,
    /// Whoever holds this is the writer. Lines are taken out of the queue by the holder only, which keeps their order.
    sink: Mutex<Option<Box<dyn Sink>>>,
    /// Nothing is taken any more.
    pub(crate) closed: CancellationToken,
    /// The writer thread ended and the sink is closed.
    pub(crate) stopped: CancellationToken,
}

struct State {
    lines: VecDeque<Entry>,
    /// Bytes queued or being written.
    bytes: usize,
    /// When something was written last, or queued while nothing else was.
    progress: Instant,
    phase: Phase,
}

/// A line, and the bytes that were reserved for it until it is written.
#[derive(Default)]
struct Entry {
    bytes: Vec<u8>,
    share: Option<Share>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    Finishing,
    Closed,
}

/// A writer that cannot tell whether it is ready.
pub(crate) struct Plain<W>(pub(crate) W);

impl<W: Write> Write for Plain<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<W: Write + Send + 'static> Sink for Plain<W> {
    fn is_ready(&self) -> bool {
        false
    }
}

/// The writer thread.
pub(crate) fn run(queue: &Queue) {
    let _stopped = queue.stopped.clone().drop_guard();
    while queue.wait_for_work() {
        if let Some(sink) = queue.sink.lock().as_deref_mut() {
            queue.write_all(sink);
        }
    }
    *queue.sink.lock() = None;
}

impl Queue {
    pub(crate) fn new(sink: Box<dyn Sink>, capacity: usize) -> Self {
        Self {
            state: Mutex::new(State { lines: VecDeque::new(), bytes: 0, progress: Instant::now(), phase: Phase::Open }),
            capacity,
            work: Condvar::new(),
            room: Condvar::new(),
            room_for_tasks: Notify::new(),
            sink: Mutex::new(Some(sink)),
            closed: CancellationToken::new(),
            stopped: CancellationToken::new(),
        }
    }

    pub(crate) fn push(&self, bytes: Vec<u8>, share: Option<Share>, wake: Wake) -> Result<(), Closed> {
        let mut state = self.state.lock();
        if state.phase != Phase::Open {
            return Err(Closed);
        }
        if state.bytes == 0 {
            state.progress = Instant::now();
        }
        state.bytes += bytes.len();
        state.lines.push_back(Entry { bytes, share });
        drop(state);
        if wake == Wake::Now {
            self.work.notify_one();
        }
        Ok(())
    }

    pub(crate) fn has_room_for(&self, bytes: usize) -> bool {
        self.state.lock().bytes.saturating_add(bytes) <= self.capacity
    }

    fn is_over(&self, state: &State) -> bool {
        state.phase == Phase::Open && state.bytes > self.capacity
    }

    /// Waits while the queue is over its bound.
    pub(crate) async fn room(&self) {
        loop {
            // Made before the look, so that room made in between is not missed.
            let made = self.room_for_tasks.notified();
            if !self.is_over(&self.state.lock()) {
                return;
            }
            made.await;
        }
    }

    /// Blocks while the queue is over its bound, and asks from time to time whether that is still worth it. False when it
    /// is not.
    pub(crate) fn block_for_room(&self, is_worth_it: impl Fn(Duration) -> bool) -> bool {
        const LOOK: Duration = Duration::from_millis(500);
        let mut state = self.state.lock();
        if self.is_over(&state) {
            // What the reader queued may not have been shown to the writer yet.
            self.work.notify_one();
        }
        while self.is_over(&state) {
            self.room.wait_for(&mut state, LOOK);
            if self.is_over(&state) && !is_worth_it(state.progress.elapsed()) {
                return false;
            }
        }
        true
    }

    /// Whether something waits to be written, and nothing was for this long.
    pub(crate) fn is_stalled(&self, limit: Duration) -> bool {
        let state = self.state.lock();
        state.phase == Phase::Open && state.bytes > 0 && state.progress.elapsed() >= limit
    }

    /// Writes up to a page in place when that cannot block, and leaves the rest to the writer thread.
    pub(crate) fn flush(&self) {
        let bytes = self.state.lock().bytes;
        if bytes <= PAGE
            && let Some(mut sink) = self.sink.try_lock()
            && let Some(sink) = sink.as_deref_mut()
            && sink.is_ready()
        {
            let page = self.take(PAGE);
            self.write(sink, page);
        }
        if !self.state.lock().lines.is_empty() {
            self.work.notify_one();
        }
    }

    /// No more lines; the writer thread writes what is left and ends.
    pub(crate) fn finish(&self) {
        let mut state = self.state.lock();
        if state.phase == Phase::Open {
            state.phase = Phase::Finishing;
        }
        drop(state);
        self.release();
    }

    /// No more lines, and what is left is dropped.
    pub(crate) fn close(&self) {
        let mut state = self.state.lock();
        state.phase = Phase::Closed;
        state.lines = VecDeque::new();
        state.bytes = 0;
        drop(state);
        self.release();
    }

    /// Whether lines were dropped because the client could not be reached.
    pub(crate) fn has_lost(&self) -> bool {
        self.state.lock().phase == Phase::Closed
    }

    fn release(&self) {
        self.closed.cancel();
        self.work.notify_all();
        self.room.notify_all();
        self.room_for_tasks.notify_waiters();
    }

    /// False when nothing is left and nothing will come.
    fn wait_for_work(&self) -> bool {
        let mut state = self.state.lock();
        while state.lines.is_empty() {
            if state.phase != Phase::Open {
                return false;
            }
            self.work.wait(&mut state);
        }
        true
    }

    fn write_all(&self, sink: &mut dyn Sink) {
        loop {
            let batch = self.take(CHUNK);
            if batch.bytes.is_empty() {
                return;
            }
            self.write(sink, batch);
        }
    }

    /// The next lines: together at most `most` bytes, save for a single long line when `most` is a chunk.
    fn take(&self, most: usize) -> Entry {
        let mut state = self.state.lock();
        let mut batch = Entry::default();
        while let Some(next) = state.lines.front() {
            let alone = batch.bytes.is_empty() && most == CHUNK;
            if !alone && batch.bytes.len() + next.bytes.len() > most {
                break;
            }
            match state.lines.pop_front() {
                Some(line) if batch.bytes.is_empty() => batch = line,
                // What was reserved for a line this short is not missed.
                Some(line) => batch.bytes.extend_from_slice(&line.bytes),
                None => break,
            }
        }
        batch
    }

    /// A sink that fails closes the connection; the callers then find nothing more to write.
    fn write(&self, sink: &mut dyn Sink, batch: Entry) {
        let Entry { bytes, share: _share } = batch;
        for piece in bytes.chunks(CHUNK) {
            if let Err(e) = sink.write_all(piece).and_then(|()| sink.flush()) {
                tracing::debug!(error = %e, "the client closed our output");
                return self.close();
            }
            self.written(piece.len());
        }
    }

    fn written(&self, bytes: usize) {
        let mut state = self.state.lock();
        state.progress = Instant::now();
        let was_over = state.bytes > self.capacity;
        state.bytes = state.bytes.saturating_sub(bytes);
        if was_over && state.bytes <= self.capacity {
            drop(state);
            self.room.notify_all();
            self.room_for_tasks.notify_waiters();
        }
    }
}
