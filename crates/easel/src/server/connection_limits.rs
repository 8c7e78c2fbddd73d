//! Limits the number of connections. Those before their handshake have a limit of their own, so that strangers cannot
//! keep clients out.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use easel_rpc::Socket;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Maximum number of connections after their handshake. Each has two threads.
pub(super) const MAX_CONNECTIONS: usize = 64;

/// Maximum number of connections before their handshake. One more closes the oldest: a client that knows the token
/// sends it at once.
pub(super) const MAX_PENDING: usize = 32;

/// The two limits of a listening server.
#[derive(Debug)]
pub(super) struct ConnectionLimits {
    pending: Mutex<PendingSockets>,
    permits: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct PendingSockets {
    /// Sockets and their numbers, oldest first.
    sockets: VecDeque<(u64, Socket)>,
    next_number: u64,
}

/// Counts a connection before its handshake until it is dropped.
#[derive(Debug)]
pub(super) struct PendingGuard {
    limits: Arc<ConnectionLimits>,
    number: u64,
}

impl ConnectionLimits {
    /// Creates the limits of a server without connections.
    pub(super) fn new() -> Self {
        Self { pending: Mutex::default(), permits: Arc::new(Semaphore::new(MAX_CONNECTIONS)) }
    }

    /// Counts a connection before its handshake, and closes the oldest if there are too many. Connections must be added
    /// in the order in which they were accepted, so that a new one is never taken for the oldest.
    pub(super) fn add_pending(self: &Arc<Self>, socket: &Socket) -> io::Result<PendingGuard> {
        let socket = socket.try_clone()?;
        let mut pending = self.pending.lock();
        let number = pending.next_number;
        pending.next_number += 1;
        pending.sockets.push_back((number, socket));
        if pending.sockets.len() > MAX_PENDING
            && let Some((_, oldest)) = pending.sockets.pop_front()
        {
            tracing::info!("the oldest connection without a handshake was closed: too many wait");
            oldest.hang_up();
        }
        drop(pending);
        Ok(PendingGuard { limits: Arc::clone(self), number })
    }

    /// Acquires a permit for a connection after its handshake; `None` if there are too many.
    pub(super) fn acquire(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.permits).try_acquire_owned().ok()
    }
}

impl Drop for PendingGuard {
    fn drop(&mut self) {
        self.limits.pending.lock().sockets.retain(|(number, _)| *number != self.number);
    }
}
