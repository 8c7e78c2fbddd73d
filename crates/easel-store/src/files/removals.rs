//! The queue of files to remove: a table of paths, filled in the transaction that drops the last reference.
//!
//! After a crash, the next start removes the files that are still queued.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{Connection, Transaction};

use crate::db::connection::Database;
use crate::error::Error;
use crate::home::Home;
use crate::images::model_copies;
use crate::os;

/// Maximum number of paths that one step removes. The database is locked while they are renamed.
const STEP: u32 = 64;

/// The path from which the first step starts: no other path sorts after it.
pub(crate) const FIRST: &str = "\u{10ffff}";

/// Prefix of a file's name from the decision to remove it until it is gone.
const REMOVED_PREFIX: &str = ".removed-";

/// Queues a file for removal.
pub(crate) fn enqueue(write: &Transaction<'_>, home: &Home, path: &Path) -> Result<(), Error> {
    let sql = "INSERT INTO removals (path) VALUES (?1) ON CONFLICT DO NOTHING";
    write.prepare_cached(sql)?.execute([home.stored_path(path)])?;
    Ok(())
}

/// What a step did.
#[derive(Debug, Default)]
pub(crate) struct Step {
    /// The path to continue from, or `None` at the end.
    pub(crate) last: Option<String>,
    /// Why files and folders were not removed. Their paths stay in the queue.
    pub(crate) failures: Vec<Error>,
}

/// Removes all queued files. A file that cannot be removed is tried again after the next deletion or at the next start.
pub(crate) fn run_all(database: &mut Database) -> Result<(), Error> {
    let mut next = Some(FIRST.to_owned());
    while let Some(before) = next {
        let step = run_step(database, &before)?;
        log_failures(&step.failures);
        next = step.last;
    }
    Ok(())
}

/// Logs the failures of a step in one line, because a folder that is not writable fails once for each file.
pub(crate) fn log_failures(failures: &[Error]) {
    if let Some(first) = failures.first() {
        tracing::warn!(
            error = first as &dyn std::error::Error,
            failures = failures.len(),
            "unreferenced files are kept until the next deletion or start"
        );
    }
}

/// Removes the next [`STEP`] queued paths that sort before `before`. The order is descending, so that a folder follows
/// its files. A path that cannot be removed does not keep the others from being removed.
///
/// A file that no thread references is renamed inside a transaction, in which no thread can begin to reference it. It
/// is removed after the transaction, when others can use the database. A process that dies in between leaves the queue
/// entry. The entry of a file that a thread references is deleted in the same transaction: later, it could be a new
/// request of another process.
///
/// # Errors
/// If the database fails.
pub(crate) fn run_step(database: &mut Database, before: &str) -> Result<Step, Error> {
    let queued = queued_paths(database, before)?;
    let Some(last) = queued.last().cloned() else { return Ok(Step::default()) };
    let home = Arc::clone(&database.home);
    // Nothing but an image of the home is ever removed.
    let own = queued.iter().map(|path| home.absolute_path(path)).filter(|path| home.split_image_path(path).is_some());
    let (folders, files): (Vec<_>, Vec<_>) = own.partition(|path| is_folder(path));
    let mut failures = Vec::new();
    let mut removed = remove_files(database, files, &mut failures)?;
    for folder in folders {
        if remove_folder(database, &folder, &mut failures)? {
            removed.push(folder);
        }
    }
    // Otherwise a power cut could bring back a file that is no longer queued.
    let removed = flush_folders(removed, &mut failures);
    if !removed.is_empty() {
        database.write(|write| dequeue_removed(write, &home, &removed))?;
    }
    Ok(Step { last: Some(last), failures })
}

/// Deletes the queue entries of removed paths, except of those that exist again: another process may have stored and
/// dropped the same file since, and its request for the removal is the same entry.
pub(crate) fn dequeue_removed(write: &Transaction<'_>, home: &Home, removed: &[PathBuf]) -> Result<(), Error> {
    let exists = |path: &Path| path.symlink_metadata().is_ok();
    removed
        .iter()
        .filter(|path| !exists(path) && !exists(&removal_path(path)))
        .try_for_each(|path| dequeue(write, home, path))
}

fn dequeue(write: &Transaction<'_>, home: &Home, path: &Path) -> Result<(), Error> {
    write.prepare_cached("DELETE FROM removals WHERE path = ?1")?.execute([home.stored_path(path)])?;
    Ok(())
}

/// Removes the files that no thread references, and their model copies, and takes those that a thread references out of
/// the queue. Returns the paths of the removed files.
pub(crate) fn remove_files(
    database: &mut Database,
    files: Vec<PathBuf>,
    failures: &mut Vec<Error>,
) -> Result<Vec<PathBuf>, Error> {
    if files.is_empty() {
        return Ok(Vec::new());
    }
    let home = Arc::clone(&database.home);
    let (mut removed, mut renamed) = (Vec::new(), Vec::new());
    database.write(|write| {
        for path in files {
            if is_referenced(write, &home, &path)? {
                dequeue(write, &home, &path)?;
                continue;
            }
            match rename_for_removal(&path) {
                Ok(()) => renamed.push(path),
                Err(error) => failures.push(error),
            }
        }
        Ok::<_, Error>(())
    })?;
    for path in renamed {
        match remove_renamed(&path) {
            Ok(()) => removed.push(path),
            Err(error) => failures.push(error),
        }
    }
    Ok(removed)
}

/// Flushes the folders that had these files, as far as they exist. Returns the files whose removal is on the disk.
fn flush_folders(removed: Vec<PathBuf>, failures: &mut Vec<Error>) -> Vec<PathBuf> {
    let folders: BTreeSet<&Path> = removed.iter().filter_map(|path| path.parent()).collect();
    let mut unflushed = BTreeSet::new();
    for folder in folders.into_iter().filter(|folder| folder.exists()) {
        if let Err(error) = os::sync_folder(folder) {
            failures.push(Error::io("flush the folder", folder)(error));
            unflushed.insert(folder.to_owned());
        }
    }
    removed.into_iter().filter(|path| path.parent().is_none_or(|folder| !unflushed.contains(folder))).collect()
}

/// Renames a file. Leaves a folder as it is: it is not Easel's, even if it has the name of a file that was.
fn rename_for_removal(path: &Path) -> Result<(), Error> {
    if is_folder(path) {
        return Ok(());
    }
    match fs::rename(path, removal_path(path)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::io("remove the file", path)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn remove_renamed(path: &Path) -> Result<(), Error> {
    remove_if_exists(&removal_path(path)).map_err(Error::io("remove the file", path))?;
    model_copies::remove_of_image(path).map_err(Error::io("remove the copies of the image", path))
}

/// Removes the files in a folder, then the folder. Returns false if the folder is not empty then: a thread references a
/// file in it, a file cannot be removed, or the user or a program has made a folder in it.
fn remove_folder(database: &mut Database, folder: &Path, failures: &mut Vec<Error>) -> Result<bool, Error> {
    let files = match files_in(folder) {
        Ok(files) => files,
        Err(error) => {
            failures.push(Error::io("read the folder", folder)(error));
            return Ok(false);
        }
    };
    for chunk in files.chunks(STEP as usize) {
        remove_files(database, chunk.to_vec(), failures)?;
    }
    if let Err(error) = model_copies::remove_without_image(folder) {
        failures.push(Error::io("remove the copies in the folder", folder)(error));
    }
    match fs::remove_dir(folder) {
        Ok(()) => Ok(true),
        // Another process has removed it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(false),
        Err(error) => {
            failures.push(Error::io("remove the folder", folder)(error));
            Ok(false)
        }
    }
}

/// Returns the paths of the files in a folder, as they were before a removal that was not completed; none if the folder
/// does not exist.
fn files_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if !is_folder(&path) {
            files.push(original_path(&path).unwrap_or(path));
        }
    }
    Ok(files)
}

fn queued_paths(database: &Database, before: &str) -> Result<Vec<String>, Error> {
    let sql = "SELECT path FROM removals WHERE path < ?1 ORDER BY path DESC LIMIT ?2";
    let mut statement = database.connection.prepare_cached(sql)?;
    Ok(statement.query_map((before, STEP), |row| row.get(0))?.collect::<Result<_, _>>()?)
}

fn is_folder(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir())
}

/// Returns the path that a file has while it is being removed.
fn removal_path(path: &Path) -> PathBuf {
    let mut name = OsString::from(REMOVED_PREFIX);
    name.push(path.file_name().unwrap_or_default());
    path.with_file_name(name)
}

/// Returns the path that a file being removed had before, or `None` for any other file.
pub(crate) fn original_path(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?.strip_prefix(REMOVED_PREFIX)?;
    Some(path.with_file_name(name))
}

/// Returns whether a thread has an image in this file that is not deleted.
pub(crate) fn is_referenced(connection: &Connection, home: &Home, path: &Path) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM images WHERE path = ?1 AND json_extract(json, '$.deleted') IS NULL";
    Ok(connection.prepare_cached(sql)?.exists([home.stored_path(path)])?)
}

/// Removes a file; it is no error if the file does not exist.
pub(crate) fn remove_if_exists(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
