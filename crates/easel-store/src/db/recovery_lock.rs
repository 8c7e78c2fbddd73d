//! The lock that lets one process at a time recover what dead processes left open.

use std::fs::{File, TryLockError};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::home::Home;
use crate::os;

/// How long a request for a thread of a dead process waits for another process that recovers.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Time between two attempts.
const RETRY_DELAY: Duration = Duration::from_millis(20);

/// The right to recover. Released on drop.
#[derive(Debug)]
pub(crate) struct RecoveryLock(#[expect(dead_code, reason = "the file is locked as long as it is open")] File);

impl RecoveryLock {
    /// Takes the lock, or returns `None` while another process has it.
    fn try_acquire(home: &Home) -> Result<Option<Self>, Error> {
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

    /// Waits up to `timeout` for the lock, on the calling thread. Returns `None` if another process still has it then.
    pub(crate) fn acquire_within(home: &Home, timeout: Duration) -> Result<Option<Self>, Error> {
        let start = Instant::now();
        loop {
            let lock = Self::try_acquire(home)?;
            if lock.is_some() || start.elapsed() >= timeout {
                return Ok(lock);
            }
            // Polls, because the system has no file lock with a timeout.
            std::thread::sleep(RETRY_DELAY);
        }
    }

    /// Waits for the lock.
    ///
    /// # Errors
    /// [`Error::RecoveryRunning`] after [`TIMEOUT`].
    pub(crate) async fn acquire(home: &Arc<Home>) -> Result<Self, Error> {
        let home = Arc::clone(home);
        let acquire = move || Self::acquire_within(&home, TIMEOUT)?.ok_or(Error::RecoveryRunning);
        tokio::task::spawn_blocking(acquire).await.map_err(Error::Task)?
    }
}
