//! When what dead processes left open is closed: at the start, and later if that was not possible then.

use std::time::{Duration, Instant};

use crate::db::connection::Database;
use crate::db::process_lock::{self, Gate};
use crate::db::worker::ATTEMPT;
use crate::error::Error;
use crate::recovery;

/// How long recovery waits for the write lock before it is put off.
const GLANCE: Duration = Duration::from_millis(100);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// When to try next; `None` when all is closed.
#[derive(Debug)]
pub(crate) struct Recovery {
    due: Option<Instant>,
    pause: Duration,
}

impl Recovery {
    pub(crate) fn new() -> Self {
        Self { due: Some(Instant::now()), pause: FIRST_PAUSE }
    }
}

impl Database {
    /// Closes what is open if that is due. It waits for no other process: one that recovers at this moment closes the same.
    pub(crate) fn recover(&mut self) {
        if self.recovery.due.is_none_or(|due| Instant::now() < due) {
            return;
        }
        let recovered = self.try_to_recover().unwrap_or_else(|error| {
            tracing::warn!(%error, "what an earlier process left open could not all be closed");
            false
        });
        self.recovery.due = (!recovered).then(|| Instant::now() + self.recovery.pause);
        self.recovery.pause = (self.recovery.pause * 2).min(LONGEST_PAUSE);
    }

    fn try_to_recover(&mut self) -> Result<bool, Error> {
        let Some(gate) = Gate::try_enter(&self.home)? else { return Ok(false) };
        if !recovery::dead_owners(self)?.is_empty() {
            // One short look at the lock, and not a wait for each thing that is to be closed: who starts is waited for.
            self.connection.busy_timeout(GLANCE)?;
            let is_free = self.write(|_| Ok::<_, Error>(()));
            self.connection.busy_timeout(ATTEMPT)?;
            is_free?;
        }
        recovery::all(self, &gate)?;
        if let Err(error) = process_lock::sweep(&self.home, &gate) {
            tracing::debug!(%error, "stale lock files stay");
        }
        Ok(recovery::dead_owners(self)?.is_empty())
    }
}
