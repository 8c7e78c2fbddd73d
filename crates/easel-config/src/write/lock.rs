//! The lock file that lets one process at a time write the configuration.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use super::WriteError;

/// How long to wait for another process. Writing takes milliseconds.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// The pause between two attempts.
const RETRY_INTERVAL: Duration = Duration::from_millis(10);

/// Locks the lock file of a configuration file. The lock is released when the returned file is dropped.
pub(super) fn lock(path: &Path) -> Result<File, WriteError> {
    let path = path.with_extension("lock");
    let io = |source: io::Error| WriteError::Io { path: path.clone(), source };
    let file = open(&path).map_err(io)?;
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

/// Opens the file with mode 0600, because any user who can open a file can lock it and keep it locked.
#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let file = open_options().mode(0o600).open(path)?;
    let permissions = file.metadata()?.permissions();
    if permissions.mode() & 0o077 != 0 {
        file.set_permissions(PermissionsExt::from_mode(0o600))?;
    }
    Ok(file)
}

/// Opens the file. Other systems have no file mode.
#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    open_options().open(path)
}

fn open_options() -> OpenOptions {
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    options
}
