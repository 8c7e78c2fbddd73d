//! Bounds the memory for long messages while they are received, over all connections.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::outbound::queue::Queue;

/// Bytes of a message that a connection may receive without a permit.
const MAX_WITHOUT_PERMIT: usize = 1024 * 1024;

/// Connections that may receive a long message at the same time.
const MAX_RECEIVERS: usize = 4;

/// The permits that all connections share. A connection that starts a long message and stalls is closed when another
/// connection waits for a permit.
#[derive(Debug)]
pub(crate) struct LongLines {
    permits: Arc<Semaphore>,
    receivers: Mutex<Vec<Receiver>>,
    stall_timeout: Duration,
}

/// A connection that receives a long message.
#[derive(Debug)]
struct Receiver {
    queue: Weak<Queue>,
    /// When bytes were last received.
    progress: Instant,
    _permit: Option<OwnedSemaphorePermit>,
}

/// A connection's access to the permits. A [`crate::Source`] reports to it while it receives a message.
pub struct LongLineGate {
    shared: Arc<LongLines>,
    queue: Weak<Queue>,
    runtime: Handle,
    is_receiving: bool,
}

impl LongLines {
    pub(crate) fn new(stall_timeout: Duration) -> Self {
        Self { permits: Arc::new(Semaphore::new(MAX_RECEIVERS)), receivers: Mutex::default(), stall_timeout }
    }

    pub(crate) fn new_gate(self: &Arc<Self>, queue: Weak<Queue>, runtime: Handle) -> LongLineGate {
        LongLineGate { shared: Arc::clone(self), queue, runtime, is_receiving: false }
    }

    /// Waits for a permit. Never returns `None`: the semaphore is not closed.
    async fn acquire(&self) -> Option<OwnedSemaphorePermit> {
        let mut acquiring = std::pin::pin!(Arc::clone(&self.permits).acquire_owned());
        loop {
            match tokio::time::timeout(self.stall_timeout, acquiring.as_mut()).await {
                Ok(permit) => return permit.ok(),
                Err(_) => self.close_stalled(),
            }
        }
    }

    fn close_stalled(&self) {
        self.receivers.lock().retain(|receiver| {
            let is_stalled = receiver.progress.elapsed() >= self.stall_timeout;
            if is_stalled && let Some(queue) = receiver.queue.upgrade() {
                tracing::warn!("closed a client that stalls in a long message while others wait for memory");
                queue.close();
            }
            !is_stalled
        });
    }
}

impl LongLineGate {
    /// Reports that the current message has `bytes` bytes. Blocks if it is long and too many long messages are being
    /// received.
    pub(crate) fn on_received(&mut self, bytes: usize) {
        if self.is_receiving {
            self.on_progress();
        } else if bytes > MAX_WITHOUT_PERMIT {
            let permit = self.runtime.block_on(self.shared.acquire());
            let receiver = Receiver { queue: self.queue.clone(), progress: Instant::now(), _permit: permit };
            self.shared.receivers.lock().push(receiver);
            self.is_receiving = true;
        }
    }

    /// Reports that the client continues its message.
    pub(crate) fn on_progress(&self) {
        if self.is_receiving {
            let mut receivers = self.shared.receivers.lock();
            if let Some(own) = receivers.iter_mut().find(|receiver| receiver.queue.ptr_eq(&self.queue)) {
                own.progress = Instant::now();
            }
        }
    }

    /// Reports that the memory of the message was released.
    pub(crate) fn on_release(&mut self) {
        if std::mem::take(&mut self.is_receiving) {
            self.shared.receivers.lock().retain(|receiver| !receiver.queue.ptr_eq(&self.queue));
        }
    }
}

impl Drop for LongLineGate {
    fn drop(&mut self) {
        self.on_release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inbound::line::LineReader;
    use crate::inbound::source::{Line, Source as _};

    #[test]
    fn long_message_holds_a_permit_until_its_memory_is_released() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let shared = Arc::new(LongLines::new(Duration::from_secs(1)));
        let held = || (shared.receivers.lock().len(), MAX_RECEIVERS - shared.permits.available_permits());
        let input =
            [vec![b'z'; MAX_WITHOUT_PERMIT], b"\n".to_vec(), vec![b'z'; 3 * MAX_WITHOUT_PERMIT], b"\nok".to_vec()];
        let mut reader = LineReader::new(std::io::Cursor::new(input.concat()), 4 * MAX_WITHOUT_PERMIT);
        reader.set_gate(shared.new_gate(Weak::new(), runtime.handle().clone()));
        assert_eq!(held(), (0, 0));
        assert!(matches!(reader.next_line().unwrap(), Line::Data(line) if line.len() == MAX_WITHOUT_PERMIT));
        assert!(matches!(reader.next_line().unwrap(), Line::Data(line) if line.len() == 3 * MAX_WITHOUT_PERMIT));
        assert_eq!(held(), (1, 1));
        assert_eq!(reader.next_line().unwrap(), Line::Data(b"ok"));
        assert_eq!(reader.next_line().unwrap(), Line::End);
        assert_eq!(held(), (0, 0));
    }

    #[test]
    fn first_message_needs_a_permit_if_it_is_long() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let shared = Arc::new(LongLines::new(Duration::from_secs(1)));
        let input = [vec![b'z'; 2 * MAX_WITHOUT_PERMIT], b"\n".to_vec()].concat();
        let mut reader = LineReader::new(std::io::Cursor::new(input), 2 * MAX_WITHOUT_PERMIT);
        reader.set_gate(shared.new_gate(Weak::new(), runtime.handle().clone()));
        assert!(matches!(reader.next_line().unwrap(), Line::Data(line) if line.len() == 2 * MAX_WITHOUT_PERMIT));
        assert_eq!(shared.receivers.lock().len(), 1);
    }
}
