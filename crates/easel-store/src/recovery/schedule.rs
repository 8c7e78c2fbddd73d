//! When recovery runs: at the start, and later if it was not possible then.

use std::time::{Duration, Instant};

use crate::db::connection::Database;
use crate::db::process_lock;
use crate::db::recovery_lock::RecoveryLock;
use crate::db::worker::BUSY_TIMEOUT;
use crate::error::Error;
use crate::recovery;

/// How long recovery waits for the write lock before it is put off.
const PROBE_TIMEOUT: Duration = Duration::from_millis(100);
const FIRST_DELAY: Duration = Duration::from_millis(100);
const MAX_DELAY: Duration = Duration::from_secs(60);

/// The time of the next attempt. The delay doubles after each one.
#[derive(Debug)]
pub(crate) struct RecoverySchedule {
    /// `None` once everything is closed.
    due: Option<Instant>,
    delay: Duration,
}

impl RecoverySchedule {
    /// Creates a schedule whose first attempt is due now.
    pub(crate) fn new() -> Self {
        Self { due: Some(Instant::now()), delay: FIRST_DELAY }
    }
}

impl Database {
    /// Recovers dead processes if that is due. Does not wait for another process that recovers, since that one closes
    /// the same things.
    pub(crate) fn recover(&mut self) {
        if self.recovery.due.is_none_or(|due| Instant::now() < due) {
            return;
        }
        let is_done = self.try_recover().unwrap_or_else(|error| {
            tracing::warn!(error = &error as &dyn std::error::Error, "recovery of earlier processes is incomplete");
            false
        });
        self.recovery.due = (!is_done).then(|| Instant::now() + self.recovery.delay);
        self.recovery.delay = (self.recovery.delay * 2).min(MAX_DELAY);
    }

    /// Returns whether everything is closed.
    fn try_recover(&mut self) -> Result<bool, Error> {
        let Some(lock) = RecoveryLock::try_acquire(&self.home)? else { return Ok(false) };
        if !recovery::find_dead_owners(self)?.is_empty() {
            // Probes the write lock once. Without this, each thing to close would wait for it, and so would the start.
            self.connection.busy_timeout(PROBE_TIMEOUT)?;
            let probe = self.write(|_| Ok::<_, Error>(()));
            self.connection.busy_timeout(BUSY_TIMEOUT)?;
            probe?;
        }
        recovery::recover_all(self, &lock)?;
        if let Err(error) = process_lock::remove_stale(&self.home, &lock) {
            tracing::debug!(error = &error as &dyn std::error::Error, "stale lock files were not removed");
        }
        Ok(recovery::find_dead_owners(self)?.is_empty())
    }
}
