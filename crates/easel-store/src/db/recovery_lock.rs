//! The lock that lets one process at a time recover what dead processes left open.

use std::fs::{File, TryLockError};
use std::time::Duration;

use tokio::time::Instant;

use crate::error::Error;
use crate::home::Home;
use crate::os;

/// How long a request for a thread of a dead process waits for another process that recovers.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Time between two attempts: a file lock cannot be awaited with a time limit.
const RETRY_DELAY: Duration = Duration::from_millis(20);

/// The right to recover. Released on drop.
#[derive(Debug)]
pub(crate) struct RecoveryLock(#[expect(dead_code, reason = "the file is locked as long as it is open")] File);

impl RecoveryLock {
    /// Takes the lock, or returns `None` while another process has it.
    pub(crate) fn try_acquire(home: &Home) -> Result<Option<Self>, Error> {
        let path = home.run().join("gate");
        let acquire = || {
            let file = os::create_private_file(&path)?;
            match file.try_lock() {
                Ok(()) => Ok(Some(Self(file))),
                Err(TryLockError::WouldBlock) => Ok(None),
                Err(TryLockError::Error(error)) => Err(error),
            }
        };
        acquire().map_err(Error::io("lock the file", &path))
    }

    /// Waits for the lock.
    ///
    /// # Errors
    /// [`Error::RecoveryRunning`] after [`TIMEOUT`].
    pub(crate) async fn acquire(home: &Home) -> Result<Self, Error> {
        let deadline = Instant::now() + TIMEOUT;
        loop {
            if let Some(lock) = Self::try_acquire(home)? {
                return Ok(lock);
            }
            if Instant::now() >= deadline {
                return Err(Error::RecoveryRunning);
            }
            tokio::time::sleep(RETRY_DELAY).await;
        }
    }
}
