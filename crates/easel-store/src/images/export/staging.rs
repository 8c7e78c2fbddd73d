//! The hidden folder in which the files of a set wait until all of them are written.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// What the names of these folders begin with.
const PREFIX: &str = ".easel-export-";
/// The file that a running process locks.
const LOCK: &str = "lock";
/// What the names of replaced files begin with, before their number.
const BACKUP: &str = "old-";
/// The most entries of a folder that are looked at for what dead processes left.
const MAX_ENTRIES: usize = 100_000;
/// How often a folder is created again that another process took for the rest of a dead one.
const ATTEMPTS: usize = 3;

/// A folder for unfinished files, in the folder of the finished ones so that a rename is enough. It is removed on drop.
#[derive(Debug)]
pub(super) struct Staging {
    /// Locked as long as the process lives. It is closed before the folder is removed, for systems that remove no open
    /// file.
    _lock: File,
    folder: TempDir,
}

impl Staging {
    /// Creates a folder in `folder`, and removes those of dead processes.
    pub(super) fn create(folder: &Path) -> io::Result<Self> {
        remove_abandoned(folder);
        let mut result = Self::try_create(folder);
        for _ in 1..ATTEMPTS {
            match result {
                Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::WouldBlock) => {
                    result = Self::try_create(folder);
                }
                _ => break,
            }
        }
        result
    }

    fn try_create(folder: &Path) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(folder)?;
        let path = folder.path().join(LOCK);
        let lock = File::create_new(&path)?;
        tolerate_unsupported(lock.try_lock())?;
        // Until the lock was locked, another process may have taken the folder for an abandoned one and removed it.
        if !path.try_exists()? {
            return Err(io::ErrorKind::NotFound.into());
        }
        Ok(Self { _lock: lock, folder })
    }

    /// Returns the path of an unfinished file by its number.
    pub(super) fn file(&self, number: usize) -> PathBuf {
        self.folder.path().join(number.to_string())
    }

    /// Returns the path of a file that is replaced, until the set is complete.
    pub(super) fn backup(&self, number: usize) -> PathBuf {
        self.folder.path().join(format!("{BACKUP}{number}"))
    }

    /// Leaves the folder on the disk, since it has the only copy of a replaced file. Later exports keep it too.
    pub(super) fn keep(mut self) {
        self.folder.disable_cleanup(true);
    }
}

/// Removes the folders that dead processes left in `folder`. What cannot be removed is left for later.
fn remove_abandoned(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.take(MAX_ENTRIES).flatten() {
        let is_ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        if is_ours && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            let _ = remove_unlocked(&entry.path());
        }
    }
}

/// Accepts that a file system has no locks. Then no process can lock the file, and so none removes the folder.
fn tolerate_unsupported(locked: Result<(), TryLockError>) -> io::Result<()> {
    match locked {
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(()),
        locked => Ok(locked?),
    }
}

fn remove_unlocked(folder: &Path) -> io::Result<()> {
    match File::open(folder.join(LOCK)) {
        Ok(lock) => match lock.try_lock() {
            Ok(()) if has_replaced_files(folder)? => {
                tracing::warn!(
                    ?folder,
                    "an export ended while it replaced files; the old ones are kept in this folder"
                );
                Ok(())
            }
            // The lock is held meanwhile: a process that has just created the folder must not begin to use it.
            Ok(()) => fs::remove_dir_all(folder),
            Err(TryLockError::WouldBlock) => Ok(()),
            Err(TryLockError::Error(error)) => Err(error),
        },
        // The process died before it had a lock, and so before it had files.
        Err(_) => fs::remove_dir(folder),
    }
}

/// Returns whether the folder has the only copy of a replaced file: its new content is not in the folder anymore.
fn has_replaced_files(folder: &Path) -> io::Result<bool> {
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        if let Some(number) = name.to_str().and_then(|name| name.strip_prefix(BACKUP))
            && !folder.join(number).try_exists()?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_system_without_locks_is_used() {
        assert!(tolerate_unsupported(Err(TryLockError::Error(io::ErrorKind::Unsupported.into()))).is_ok());
        assert!(tolerate_unsupported(Err(TryLockError::Error(io::ErrorKind::PermissionDenied.into()))).is_err());
        let busy = tolerate_unsupported(Err(TryLockError::WouldBlock)).unwrap_err();
        assert_eq!(busy.kind(), io::ErrorKind::WouldBlock);
    }
}
