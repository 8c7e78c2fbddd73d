//! The queue of an outbox. [`crate::outbound::writer`] takes the lines from it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::outbound::budget::Share;
use crate::outbound::outbox::{Closed, Wake};
use crate::outbound::sink::Sink;
use crate::outbound::writer::CHUNK_SIZE;

/// The queue of outgoing lines. Senders queue first and wait for room afterwards: a line in the queue takes no more
/// memory than one that a waiting sender holds. Responses do not wait at all; the reader waits before its next request.
pub(crate) struct Queue {
    state: Mutex<QueueState>,
    capacity: usize,
    work: Condvar,
    room: Condvar,
    room_for_tasks: Notify,
    /// The holder of this lock is the writer. Only the holder takes lines from the queue, which keeps their order.
    pub(super) sink: Mutex<Option<Box<dyn Sink>>>,
    /// Cancelled when the queue accepts no more lines.
    pub(crate) closed: CancellationToken,
    /// Cancelled when the writer thread has ended and the sink is closed.
    pub(crate) stopped: CancellationToken,
}

struct QueueState {
    lines: VecDeque<QueuedLine>,
    /// Bytes queued or being written.
    bytes: usize,
    /// When a chunk was last written, or a line was queued while the queue was empty.
    progress: Instant,
    phase: Phase,
}

/// A line, with the bytes that stay reserved until it is written.
#[derive(Default)]
pub(super) struct QueuedLine {
    pub(super) bytes: Vec<u8>,
    pub(super) share: Option<Share>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    Finishing,
    Closed,
}

impl Queue {
    pub(crate) fn new(sink: Box<dyn Sink>, capacity: usize) -> Self {
        Self {
            state: Mutex::new(QueueState {
                lines: VecDeque::new(),
                bytes: 0,
                progress: Instant::now(),
                phase: Phase::Open,
            }),
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
        state.lines.push_back(QueuedLine { bytes, share });
        drop(state);
        if wake == Wake::Now {
            self.work.notify_one();
        }
        Ok(())
    }

    pub(crate) fn has_room_for(&self, bytes: usize) -> bool {
        self.state.lock().bytes.saturating_add(bytes) <= self.capacity
    }

    fn is_over(&self, state: &QueueState) -> bool {
        state.phase == Phase::Open && state.bytes > self.capacity
    }

    /// Waits while the queue is over its limit.
    pub(crate) async fn wait_for_room(&self) {
        loop {
            // Created before the check, so that room freed in between is not missed.
            let freed = self.room_for_tasks.notified();
            if !self.is_over(&self.state.lock()) {
                return;
            }
            freed.await;
        }
    }

    /// Blocks while the queue is over its limit, and calls `keep_waiting` from time to time with the time since the
    /// last write. Returns false as soon as it does.
    pub(crate) fn block_for_room(&self, keep_waiting: impl Fn(Duration) -> bool) -> bool {
        const CHECK_INTERVAL: Duration = Duration::from_millis(500);
        let mut state = self.state.lock();
        if self.is_over(&state) {
            // The writer may not know yet about the lines that the reader queued.
            self.work.notify_one();
        }
        while self.is_over(&state) {
            self.room.wait_for(&mut state, CHECK_INTERVAL);
            if self.is_over(&state) && !keep_waiting(state.progress.elapsed()) {
                return false;
            }
        }
        true
    }

    /// Returns whether lines wait to be written and nothing was written for `limit`.
    pub(crate) fn is_stalled(&self, limit: Duration) -> bool {
        let state = self.state.lock();
        state.phase == Phase::Open && state.bytes > 0 && state.progress.elapsed() >= limit
    }

    /// Returns the bytes that are queued or being written.
    pub(super) fn bytes(&self) -> usize {
        self.state.lock().bytes
    }

    /// Wakes the writer thread if lines are queued.
    pub(super) fn wake_writer(&self) {
        if !self.state.lock().lines.is_empty() {
            self.work.notify_one();
        }
    }

    /// Accepts no more lines. The writer thread writes the rest and ends.
    pub(crate) fn finish(&self) {
        let mut state = self.state.lock();
        if state.phase == Phase::Open {
            state.phase = Phase::Finishing;
        }
        drop(state);
        self.wake_all();
    }

    /// Accepts no more lines and drops the rest.
    pub(crate) fn close(&self) {
        let mut state = self.state.lock();
        state.phase = Phase::Closed;
        state.lines = VecDeque::new();
        state.bytes = 0;
        drop(state);
        self.wake_all();
    }

    /// Returns whether lines were dropped because the connection was closed.
    pub(crate) fn has_lost_lines(&self) -> bool {
        self.state.lock().phase == Phase::Closed
    }

    fn wake_all(&self) {
        self.closed.cancel();
        self.work.notify_all();
        self.room.notify_all();
        self.room_for_tasks.notify_waiters();
    }

    /// Waits for a line. Returns false if the queue is empty and accepts no more lines.
    pub(super) fn wait_for_work(&self) -> bool {
        let mut state = self.state.lock();
        while state.lines.is_empty() {
            if state.phase != Phase::Open {
                return false;
            }
            self.work.wait(&mut state);
        }
        true
    }

    /// Takes the next lines: together at most `limit` bytes, except for a single long line if `limit` is a chunk.
    pub(super) fn take_batch(&self, limit: usize) -> QueuedLine {
        let mut state = self.state.lock();
        let mut batch = QueuedLine::default();
        while let Some(next) = state.lines.front() {
            let allows_long = batch.bytes.is_empty() && limit == CHUNK_SIZE;
            if !allows_long && batch.bytes.len() + next.bytes.len() > limit {
                break;
            }
            match state.lines.pop_front() {
                Some(line) if batch.bytes.is_empty() => batch = line,
                // The reserved bytes of a line this short need not be kept.
                Some(line) => batch.bytes.extend_from_slice(&line.bytes),
                None => break,
            }
        }
        batch
    }

    /// Frees the room of bytes that were written.
    pub(super) fn on_written(&self, bytes: usize) {
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
