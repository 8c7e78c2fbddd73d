//! Waiting for the write lock of the database. Any program may hold it: a database browser, a backup, a stopped
//! process.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

/// How long SQLite waits for the lock before it returns `SQLITE_BUSY`.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How long an operation with [`LockTimeout::Long`] waits.
const LONG_TIMEOUT: Duration = Duration::from_secs(600);

/// How long a write waits for another program's lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LockTimeout {
    /// One attempt of [`BUSY_TIMEOUT`]: the client can send a request again that only changes the database.
    Short,
    /// Ten minutes: the write records a billed image or the work of a turn, which must not be lost.
    Long,
}

/// The deadline of one write, and the flag by which other writes learn about the lock.
#[derive(Debug, Clone)]
pub(crate) struct LockWait {
    deadline: Instant,
    locked: Arc<AtomicBool>,
}

impl LockWait {
    /// Creates a wait that starts now. `locked` is set while the write waits.
    pub(crate) fn new(lock_timeout: LockTimeout, locked: Arc<AtomicBool>) -> Self {
        let wait = match lock_timeout {
            LockTimeout::Short => Duration::ZERO,
            LockTimeout::Long => LONG_TIMEOUT,
        };
        Self { deadline: Instant::now() + wait, locked }
    }

    /// Begins a transaction. Tries again until the deadline has passed.
    pub(crate) fn begin<'c>(
        &self,
        connection: &'c Connection,
        behavior: TransactionBehavior,
    ) -> Result<Transaction<'c>, rusqlite::Error> {
        loop {
            match Transaction::new_unchecked(connection, behavior) {
                Err(error) if is_busy(&error) => {
                    self.locked.store(true, Ordering::Relaxed);
                    if Instant::now() >= self.deadline {
                        return Err(error);
                    }
                    tracing::warn!("another program has locked the database; Easel waits to record its work");
                }
                result => {
                    self.locked.store(false, Ordering::Relaxed);
                    return result;
                }
            }
        }
    }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}
