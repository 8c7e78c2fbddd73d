//! Who is let in, and how many wait outside: strangers have a bound of their own, so that they keep nobody out.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use easel_rpc::Socket;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections that were let in. Each has two threads.
pub(super) const MOST_CONNECTIONS: usize = 64;

/// Connections that were not let in yet. For one more the oldest is closed: who knows the token shows it at once.
pub(super) const MOST_STRANGERS: usize = 32;

/// The two bounds of a listening server.
#[derive(Debug)]
pub(super) struct Doorstep {
    strangers: Mutex<Strangers>,
    seats: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct Strangers {
    /// Oldest first.
    waiting: VecDeque<(u64, Socket)>,
    next: u64,
}

/// A connection that was not let in yet, until this is dropped.
#[derive(Debug)]
pub(super) struct Stranger<'a> {
    doorstep: &'a Doorstep,
    number: u64,
}

impl Doorstep {
    pub(super) fn new() -> Self {
        Self { strangers: Mutex::default(), seats: Arc::new(Semaphore::new(MOST_CONNECTIONS)) }
    }

    /// Takes a stranger in, and closes the oldest of too many.
    pub(super) fn enter(&self, socket: &Socket) -> io::Result<Stranger<'_>> {
        let socket = socket.try_clone()?;
        let mut strangers = self.strangers();
        let number = strangers.next;
        strangers.next += 1;
        strangers.waiting.push_back((number, socket));
        if strangers.waiting.len() > MOST_STRANGERS
            && let Some((_, oldest)) = strangers.waiting.pop_front()
        {
            tracing::info!("too many connections say nothing, the oldest is closed");
            oldest.hang_up();
        }
        drop(strangers);
        Ok(Stranger { doorstep: self, number })
    }

    /// A seat for a connection that was let in; `None` when all are taken.
    pub(super) fn seat(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.seats).try_acquire_owned().ok()
    }

    fn strangers(&self) -> MutexGuard<'_, Strangers> {
        self.strangers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Stranger<'_> {
    fn drop(&mut self) {
        self.doorstep.strangers().waiting.retain(|(number, _)| *number != self.number);
    }
}
