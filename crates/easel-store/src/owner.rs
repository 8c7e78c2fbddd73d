//! Who is alive: every process that uses a home holds an exclusive lock on a file named after its owner id. The system
//! frees the lock when the process ends, however it ends, so a dead process needs no timeout and no guess by pid.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::PathBuf;

use crate::fault::Fault;
use crate::home::Home;
use crate::os;

const EXTENSION: &str = "lock";

/// This process (or rather this store: one process may open several) among those that use the home.
#[derive(Debug)]
pub(crate) struct Owner {
    id: String,
    path: PathBuf,
    /// Locked as long as it is open.
    _lock: File,
}

/// One process at a time enters and recovers what others left. Without it, a lock file could be taken for a dead
/// process's between its creation and its locking.
#[derive(Debug)]
pub(crate) struct Gate(#[expect(dead_code, reason = "the lock is held by being open")] File);

impl Gate {
    /// Waits for another process that is recovering.
    pub(crate) fn enter(home: &Home) -> Result<Self, Fault> {
        let path = home.run().join("gate");
        let open = || -> io::Result<File> {
            let file = os::create_private_file(&path)?;
            file.lock()?;
            Ok(file)
        };
        open().map(Self).map_err(Fault::io("could not lock", &path))
    }
}

impl Owner {
    pub(crate) fn claim(home: &Home, id: &str, _gate: &Gate) -> Result<Self, Fault> {
        let path = lock_path(home, id);
        let lock = os::create_private_file(&path).map_err(Fault::io("could not create", &path))?;
        lock.lock().map_err(Fault::io("could not lock", &path))?;
        write!(&lock, "{}", std::process::id()).map_err(Fault::io("could not write", &path))?;
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
    match File::open(lock_path(home, id)) {
        Ok(file) => match file.try_lock() {
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
pub(crate) fn sweep(home: &Home, _gate: &Gate) -> Result<(), Fault> {
    let run = home.run();
    for entry in fs::read_dir(&run).map_err(Fault::io("could not read the folder", &run))?.flatten() {
        let path = entry.path();
        let id = path.file_stem().unwrap_or_default().to_string_lossy();
        if path.extension().is_some_and(|extension| extension == EXTENSION) && !is_alive(home, &id) {
            fs::remove_file(&path).map_err(Fault::io("could not remove", &path))?;
        }
    }
    Ok(())
}

fn lock_path(home: &Home, id: &str) -> PathBuf {
    home.run().join(id).with_extension(EXTENSION)
}
