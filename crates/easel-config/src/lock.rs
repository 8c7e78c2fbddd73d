//! The lock that lets one process at a time write the configuration.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::WriteRefused;

/// How long another process may hold the lock. Writing takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// Time between two attempts.
const PAUSE: Duration = Duration::from_millis(10);

/// Takes the lock beside the file. The open file holds it.
pub(crate) fn lock(path: &Path) -> Result<File, WriteRefused> {
    let path = path.with_extension("lock");
    let failed = |source: io::Error| WriteRefused::Io { path: path.clone(), source };
    let lock = open(&path).map_err(failed)?;
    let began = Instant::now();
    // The system has no file lock with a time limit, and callers are on a blocking thread.
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(lock),
            Err(TryLockError::WouldBlock) if began.elapsed() < PATIENCE => std::thread::sleep(PAUSE),
            Err(TryLockError::WouldBlock) => return Err(WriteRefused::Busy { path, waited: PATIENCE }),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
    }
}

/// Only the owner can open it: whoever can open a file can lock it, and keep it locked.
#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let file = options().mode(0o600).open(path)?;
    let permissions = file.metadata()?.permissions();
    if permissions.mode() & 0o077 != 0 {
        file.set_permissions(PermissionsExt::from_mode(0o600))?;
    }
    Ok(file)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    options().open(path)
}

fn options() -> OpenOptions {
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    options
}
