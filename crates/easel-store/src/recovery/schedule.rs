//! When recovery runs: at the start, and later if it was not possible then.

use std::time::{Duration, Instant};

use crate::db::connection::Database;
use crate::db::process_lock;
use crate::db::recovery_lock::RecoveryLock;
use crate::db::worker::BUSY_TIMEOUT;
use crate::error::Error;
use crate::recovery;

/// How long recovery waits for another process that recovers, and then for the write lock, before it is put off.
const PROBE_TIMEOUT: Duration = Duration::from_millis(100);
const FIRST_DELAY: Duration = Duration::from_millis(100);
const MAX_DELAY: Duration = Duration::from_secs(60);

/// The time of the next attempt. The delay doubles after each one.
#[derive(Debug)]
pub(crate) struct RecoverySchedule {
    due: Option<Instant>,
    delay: Duration,
}

impl RecoverySchedule {
    /// Creates a schedule whose first attempt is due now.
    pub(crate) fn new() -> Self {
        Self { due: Some(Instant::now()), delay: FIRST_DELAY }
    }

    /// Returns the time of the next attempt, or `None` once everything is closed.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }
}

impl Database {
    /// Recovers dead processes if that is due. Another process that recovers closes the same things; a short wait for
    /// it lets the reads that follow see the result.
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
        let Some(lock) = RecoveryLock::acquire_within(&self.home, PROBE_TIMEOUT)? else { return Ok(false) };
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
