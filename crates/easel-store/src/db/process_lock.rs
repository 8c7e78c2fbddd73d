//! Who is alive: every process that uses a home holds an exclusive lock on a file named after its owner id. The system
//! frees the lock when the process ends, however it ends, so a dead process needs no timeout and no guess by pid.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;

use crate::error::Error;
use crate::home::Home;
use crate::os;

const EXTENSION: &str = "lock";
/// A lock file that is not locked yet.
const NEW: &str = "new";

/// How long a thread of a dead process waits for another process that recovers.
const PATIENCE: Duration = Duration::from_secs(10);
/// The lock of a file cannot be waited for with a time limit.
const LOOK: Duration = Duration::from_millis(20);

/// This process (or rather this store: one process may open several) among those that use the home.
#[derive(Debug)]
pub(crate) struct Owner {
    id: String,
    path: PathBuf,
    /// Locked as long as it is open.
    _lock: File,
}

/// Held by the one process that recovers what others left.
#[derive(Debug)]
pub(crate) struct Gate(#[expect(dead_code, reason = "the lock is held by being open")] File);

impl Gate {
    /// `None` while another process is inside.
    pub(crate) fn try_enter(home: &Home) -> Result<Option<Self>, Error> {
        let path = home.run().join("gate");
        let enter = || {
            let file = os::create_private_file(&path)?;
            match file.try_lock() {
                Ok(()) => Ok(Some(Self(file))),
                Err(TryLockError::WouldBlock) => Ok(None),
                Err(TryLockError::Error(error)) => Err(error),
            }
        };
        enter().map_err(Error::io("lock the file", &path))
    }

    /// Waits for another process that is inside, up to [`PATIENCE`].
    pub(crate) async fn enter(home: &Home) -> Result<Self, Error> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(gate) = Self::try_enter(home)? {
                return Ok(gate);
            }
            if Instant::now() >= deadline {
                return Err(Error::RecoveryRunning);
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

impl Owner {
    pub(crate) fn claim(home: &Home, id: &str) -> Result<Self, Error> {
        let path = lock_path(home, id);
        // Another process takes a lock file that is not locked for one of a dead process, so this one gets its name
        // when it is locked.
        let new = path.with_extension(NEW);
        let claim = || {
            let lock = os::create_private_file(&new)?;
            lock.lock()?;
            fs::rename(&new, &path)?;
            Ok(lock)
        };
        let lock = claim().map_err(Error::io("lock the file", &path))?;
        // A full disk takes no pid. It is there only to be shown.
        if let Err(error) = write!(&lock, "{}", std::process::id()) {
            tracing::debug!(%error, ?path, "the lock file names no process");
        }
        Ok(Self { id: id.into(), path, _lock: lock })
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(%error, path = ?self.path, "a lock file was left behind");
        }
    }
}

/// Whether the process with this owner id still runs. When that cannot be told, it is taken to: nothing of a living
/// process may be touched.
pub(crate) fn is_alive(home: &Home, id: &str) -> bool {
    is_locked(&lock_path(home, id))
}

fn is_locked(path: &Path) -> bool {
    // Over NFS only a file that is open for writing can be locked. The lock is shared, so that two processes that look
    // at the same moment do not take each other for the owner.
    match File::options().read(true).write(true).open(path) {
        Ok(file) => match file.try_lock_shared() {
            Ok(()) => false,
            Err(TryLockError::WouldBlock | TryLockError::Error(_)) => true,
        },
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

/// The process that holds the lock of this id, if one does; 0 where a locked file cannot be read.
pub(crate) fn pid_of_living(home: &Home, id: &str) -> Option<u32> {
    let pid = || fs::read_to_string(lock_path(home, id)).ok()?.parse().ok();
    is_alive(home, id).then(|| pid().unwrap_or_default())
}

/// Removes the lock files of dead processes.
pub(crate) fn sweep(home: &Home, _gate: &Gate) -> Result<(), Error> {
    let run = home.run();
    for entry in fs::read_dir(&run).map_err(Error::io("read the folder", &run))?.flatten() {
        let path = entry.path();
        let is_lock = path.extension().is_some_and(|extension| extension == EXTENSION || is_old(&path, extension));
        if is_lock && !is_locked(&path) {
            fs::remove_file(&path).map_err(Error::io("remove the file", &path))?;
        }
    }
    Ok(())
}

/// Whether a process died between the creation of its lock file and the naming of it. One that is about to name its own
/// needs no hour for that.
fn is_old(path: &Path, extension: &std::ffi::OsStr) -> bool {
    let age = || path.metadata().ok()?.modified().ok()?.elapsed().ok();
    extension == NEW && age().is_some_and(|age| age > Duration::from_secs(3600))
}

fn lock_path(home: &Home, id: &str) -> PathBuf {
    home.run().join(id).with_extension(EXTENSION)
}
