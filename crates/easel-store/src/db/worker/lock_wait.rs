//! Waiting for the write lock of the database, which any program may hold: a browser of databases, a backup, a process
//! that is stopped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

/// How long SQLite waits for the lock before it says that it is busy.
pub(crate) const ATTEMPT: Duration = Duration::from_secs(5);

/// How long an operation waits that must not fail.
const LONG: Duration = Duration::from_secs(600);

/// How long a write waits for another program's lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// One attempt, then an error: a request that changes nothing but the database can be made again.
    Short,
    /// Ten minutes: the write records what was paid for, or what a turn has done.
    Long,
}

/// What one operation needs to know to wait for the lock.
#[derive(Debug, Clone)]
pub(crate) struct LockWait {
    deadline: Instant,
    locked: Arc<AtomicBool>,
}

impl LockWait {
    pub(crate) fn new(patience: Patience, locked: Arc<AtomicBool>) -> Self {
        let wait = match patience {
            Patience::Short => Duration::ZERO,
            Patience::Long => LONG,
        };
        Self { deadline: Instant::now() + wait, locked }
    }

    /// Begins a transaction, in as many attempts as there is time for.
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
                    tracing::warn!("another program has locked the database; Easel waits to record what it has done");
                }
                begun => {
                    self.locked.store(false, Ordering::Relaxed);
                    return begun;
                }
            }
        }
    }
}

pub(crate) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}
