//! Writes the lines of a queue: on a thread of its own, or on the reader thread for a short response.

use crate::os::PAGE;
use crate::outbound::queue::{Queue, QueuedLine};
use crate::outbound::sink::Sink;

/// Short lines are joined up to this size, long ones are written in chunks of it.
pub(super) const CHUNK_SIZE: usize = 64 * 1024;

/// Runs the writer thread.
pub(crate) fn run(queue: &Queue) {
    let _stopped = queue.stopped.clone().drop_guard();
    while queue.wait_for_work() {
        if let Some(sink) = queue.sink.lock().as_deref_mut() {
            write_all(queue, sink);
        }
    }
    *queue.sink.lock() = None;
}

/// Writes up to a page in place if that cannot block, and leaves the rest to the writer thread.
pub(crate) fn flush(queue: &Queue) {
    if queue.bytes() <= PAGE
        && let Some(mut sink) = queue.sink.try_lock()
        && let Some(sink) = sink.as_deref_mut()
        && sink.is_ready()
    {
        let page = queue.take_batch(PAGE);
        write(queue, sink, page);
    }
    queue.wake_writer();
}

fn write_all(queue: &Queue, sink: &mut dyn Sink) {
    loop {
        let batch = queue.take_batch(CHUNK_SIZE);
        if batch.bytes.is_empty() {
            return;
        }
        write(queue, sink, batch);
    }
}

/// Writes a batch. A failing sink closes the connection; the callers then find no more lines.
fn write(queue: &Queue, sink: &mut dyn Sink, batch: QueuedLine) {
    let QueuedLine { bytes, share: _share } = batch;
    for chunk in bytes.chunks(CHUNK_SIZE) {
        if let Err(e) = sink.write_all(chunk).and_then(|()| sink.flush()) {
            tracing::debug!(error = %e, "the client closed our output");
            return queue.close();
        }
        queue.on_written(chunk.len());
    }
}
