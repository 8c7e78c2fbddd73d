//! Which processes are alive. Every process that uses a home locks a file named after its owner id.
//!
//! The operating system frees the lock when the process ends, for whatever reason. So a dead process is known at once,
//! without a timeout and without guessing by pid.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::db::recovery_lock::RecoveryLock;
use crate::error::Error;
use crate::home::Home;
use crate::os;

const EXTENSION: &str = "lock";
/// Extension of a lock file that is not locked yet.
const NEW_EXTENSION: &str = "new";
/// Age at which a lock file with [`NEW_EXTENSION`] is stale. A living process renames its own within milliseconds.
const STALE_AGE: Duration = Duration::from_secs(3600);

/// The lock file of one store. A process may open several stores.
#[derive(Debug)]
pub(crate) struct ProcessLock {
    owner: String,
    path: PathBuf,
    /// Locked as long as it is open.
    _lock: File,
}

impl ProcessLock {
    /// Creates and locks the file of this owner.
    pub(crate) fn acquire(home: &Home, owner: &str) -> Result<Self, Error> {
        let path = lock_path(home, owner);
        // An unlocked lock file means a dead process, so the file is locked before it gets its name.
        let new = path.with_extension(NEW_EXTENSION);
        let acquire = || {
            let lock = os::create_private_file(&new)?;
            lock.lock()?;
            fs::rename(&new, &path)?;
            Ok(lock)
        };
        let lock = acquire().map_err(Error::io("lock the file", &path))?;
        // The pid is only shown to users. A full disk must not prevent a start.
        if let Err(error) = write!(&lock, "{}", std::process::id()) {
            tracing::debug!(%error, ?path, "the lock file has no pid");
        }
        Ok(Self { owner: owner.into(), path, _lock: lock })
    }

    /// Returns the owner id.
    pub(crate) fn owner(&self) -> &str {
        &self.owner
    }
}

impl Drop for ProcessLock {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(%error, path = ?self.path, "a lock file was not removed");
        }
    }
}

/// Returns whether the process with this owner id runs. If that cannot be determined it counts as alive, since nothing
/// of a living process may be touched.
pub(crate) fn is_alive(home: &Home, owner: &str) -> bool {
    is_locked(&lock_path(home, owner))
}

fn is_locked(path: &Path) -> bool {
    // NFS locks only files that are open for writing. The lock is shared, so that two processes that check at the same
    // time do not take each other for the owner.
    match File::options().read(true).write(true).open(path) {
        Ok(file) => match file.try_lock_shared() {
            Ok(()) => false,
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => true,
        },
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

/// Returns the pid of the living process with this owner id, or 0 if its lock file cannot be read.
pub(crate) fn living_pid(home: &Home, owner: &str) -> Option<u32> {
    let pid = || fs::read_to_string(lock_path(home, owner)).ok()?.parse().ok();
    is_alive(home, owner).then(|| pid().unwrap_or_default())
}

/// Removes the lock files of dead processes.
pub(crate) fn remove_stale(home: &Home, _lock: &RecoveryLock) -> Result<(), Error> {
    let run = home.run();
    for entry in fs::read_dir(&run).map_err(Error::io("read the folder", &run))?.flatten() {
        let path = entry.path();
        let is_lock =
            path.extension().is_some_and(|extension| extension == EXTENSION || is_stale_new(&path, extension));
        if is_lock && !is_locked(&path) {
            fs::remove_file(&path).map_err(Error::io("remove the file", &path))?;
        }
    }
    Ok(())
}

/// Returns whether a process died after it created its lock file and before it renamed it.
fn is_stale_new(path: &Path, extension: &std::ffi::OsStr) -> bool {
    let age = || path.metadata().ok()?.modified().ok()?.elapsed().ok();
    extension == NEW_EXTENSION && age().is_some_and(|age| age > STALE_AGE)
}

fn lock_path(home: &Home, owner: &str) -> PathBuf {
    home.run().join(owner).with_extension(EXTENSION)
}
