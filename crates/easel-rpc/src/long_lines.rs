//! A bound on the long messages that are being received, of all connections together.

use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::writer::Queue;

/// Bytes of a message that is received without permission.
const LONG: usize = 1024 * 1024;

/// Connections that may receive a long message at the same time.
const RECEIVERS: usize = 4;

/// What all connections share. A connection that begins a long message and does not go on with it is closed when another
/// waits.
#[derive(Debug)]
pub(crate) struct LongLines {
    free: Arc<Semaphore>,
    receivers: Mutex<Vec<Receiver>>,
    silence: Duration,
}

/// A connection that receives a long message.
#[derive(Debug)]
struct Receiver {
    queue: Weak<Queue>,
    /// When a piece came last.
    progress: Instant,
    _permit: Option<OwnedSemaphorePermit>,
}

/// What a [`crate::Source`] asks before it holds more of a message.
pub struct LongLineGate {
    shared: Arc<LongLines>,
    queue: Weak<Queue>,
    runtime: Handle,
    is_receiving: bool,
}

impl LongLines {
    pub(crate) fn new(silence: Duration) -> Self {
        Self { free: Arc::new(Semaphore::new(RECEIVERS)), receivers: Mutex::default(), silence }
    }

    pub(crate) fn gate(self: &Arc<Self>, queue: Weak<Queue>, runtime: Handle) -> LongLineGate {
        LongLineGate { shared: Arc::clone(self), queue, runtime, is_receiving: false }
    }

    async fn take(&self) -> Option<OwnedSemaphorePermit> {
        let mut taking = std::pin::pin!(Arc::clone(&self.free).acquire_owned());
        loop {
            match tokio::time::timeout(self.silence, taking.as_mut()).await {
                Ok(permit) => return permit.ok(),
                Err(_) => self.close_silent(),
            }
        }
    }

    fn close_silent(&self) {
        self.receivers.lock().retain(|receiver| {
            let is_silent = receiver.progress.elapsed() >= self.silence;
            if is_silent && let Some(queue) = receiver.queue.upgrade() {
                tracing::warn!("a client does not end a long message while others wait for memory, and is closed");
                queue.close();
            }
            !is_silent
        });
    }
}

impl LongLineGate {
    /// A piece of a message came, which now has so many bytes. Blocks where that is long and too many are received.
    pub(crate) fn received(&mut self, bytes: usize) {
        if self.is_receiving {
            self.progressed();
        } else if bytes > LONG {
            let permit = self.runtime.block_on(self.shared.take());
            let receiver = Receiver { queue: self.queue.clone(), progress: Instant::now(), _permit: permit };
            self.shared.receivers.lock().push(receiver);
            self.is_receiving = true;
        }
    }

    /// The client goes on with its message.
    pub(crate) fn progressed(&self) {
        if self.is_receiving {
            let mut receivers = self.shared.receivers.lock();
            if let Some(own) = receivers.iter_mut().find(|receiver| receiver.queue.ptr_eq(&self.queue)) {
                own.progress = Instant::now();
            }
        }
    }

    /// The memory of the message was given back.
    pub(crate) fn released(&mut self) {
        if std::mem::take(&mut self.is_receiving) {
            self.shared.receivers.lock().retain(|receiver| !receiver.queue.ptr_eq(&self.queue));
        }
    }
}

impl Drop for LongLineGate {
    fn drop(&mut self) {
        self.released();
    }
}
