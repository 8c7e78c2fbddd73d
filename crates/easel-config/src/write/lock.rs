//! The lock file that lets one process at a time write the configuration.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use super::WriteError;
use crate::os;

/// How long to wait for another process. Writing takes milliseconds.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// The pause between two attempts.
const RETRY_INTERVAL: Duration = Duration::from_millis(10);

/// Locks the lock file of a configuration file. The lock is released when the returned file is dropped.
pub(super) fn lock(path: &Path) -> Result<File, WriteError> {
    let path = path.with_extension("lock");
    let io = |source: io::Error| WriteError::Io { path: path.clone(), source };
    let file = os::open_lock_file(&path).map_err(io)?;
    let start = Instant::now();
    // Polls, because the system has no file lock with a timeout. Callers are on a blocking thread.
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if start.elapsed() < LOCK_TIMEOUT => std::thread::sleep(RETRY_INTERVAL),
            Err(TryLockError::WouldBlock) => return Err(WriteError::Busy { path, waited: LOCK_TIMEOUT }),
            Err(TryLockError::Error(error)) => return Err(io(error)),
        }
    }
}
