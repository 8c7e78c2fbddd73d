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

/// Removes all queued files. A file that cannot be removed is tried again after the next deletion or at the next start.
pub(crate) fn run_all(database: &mut Database) -> Result<(), Error> {
    let mut before = FIRST.to_owned();
    while let Some(last) = run_step(database, &before)? {
        before = last;
    }
    Ok(())
}

/// Removes the next [`STEP`] queued paths that sort before `before`. Returns the path to continue from, or `None` at
/// the end. The order is descending, so that a folder follows its files.
///
/// A file that no thread references is renamed inside a transaction, in which no thread can begin to reference it. It
/// is removed after the transaction, when others can use the database. A process that dies in between leaves the queue
/// entry.
pub(crate) fn run_step(database: &mut Database, before: &str) -> Result<Option<String>, Error> {
    let queued = queued_paths(database, before)?;
    let Some(last) = queued.last().cloned() else { return Ok(None) };
    let home = Arc::clone(&database.home);
    // Nothing but an image of the home is ever removed.
    let own = queued.iter().map(|path| home.absolute_path(path)).filter(|path| home.split_image_path(path).is_some());
    let (folders, files): (Vec<_>, Vec<_>) = own.partition(|path| is_folder(path));
    let removed = remove_files(database, &files);
    let mut done = Vec::new();
    for folder in folders {
        if remove_folder(database, &folder)? {
            done.push(folder);
        }
    }
    removed?;
    done.extend(files);
    if !done.is_empty() {
        // Otherwise a power cut could bring back a file that is no longer queued.
        flush_folders(&done)?;
        database.write(|write| {
            let mut statement = write.prepare_cached("DELETE FROM removals WHERE path = ?1")?;
            done.iter().try_for_each(|path| statement.execute([home.stored_path(path)]).map(drop))?;
            Ok::<_, Error>(())
        })?;
    }
    Ok(Some(last))
}

/// Removes the files that no thread references, and their model copies.
fn remove_files(database: &mut Database, files: &[PathBuf]) -> Result<(), Error> {
    if files.is_empty() {
        return Ok(());
    }
    let home = Arc::clone(&database.home);
    let unreferenced = database.write(|write| {
        let mut unreferenced = Vec::new();
        for path in files {
            if !is_referenced(write, &home, path)? {
                rename_for_removal(path)?;
                unreferenced.push(path);
            }
        }
        Ok::<_, Error>(unreferenced)
    })?;
    for path in unreferenced {
        let renamed = removal_path(path);
        remove_if_exists(&renamed).map_err(Error::io("remove the file", &renamed))?;
        model_copies::remove_of_image(path).map_err(Error::io("remove the copies of the image", path))?;
    }
    Ok(())
}

/// Flushes the folders that had these files, as far as they exist.
fn flush_folders(removed: &[PathBuf]) -> Result<(), Error> {
    let folders: BTreeSet<&Path> = removed.iter().filter_map(|path| path.parent()).collect();
    for folder in folders.into_iter().filter(|folder| folder.exists()) {
        os::sync_folder(folder).map_err(Error::io("flush the folder", folder))?;
    }
    Ok(())
}

fn rename_for_removal(path: &Path) -> Result<(), Error> {
    match fs::rename(path, removal_path(path)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::io("remove the file", path)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Removes the files in a folder, then the folder. Returns false while a thread references a file in it.
fn remove_folder(database: &mut Database, folder: &Path) -> Result<bool, Error> {
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::io("read the folder", folder))? {
        let path = entry.map_err(Error::io("read the folder", folder))?.path();
        if !(model_copies::is_copy_folder(&path) && is_folder(&path)) {
            paths.push(original_path(&path).unwrap_or(path));
        }
    }
    for chunk in paths.chunks(STEP as usize) {
        remove_files(database, chunk)?;
    }
    model_copies::remove_without_image(folder).map_err(Error::io("remove the copies in the folder", folder))?;
    match fs::remove_dir(folder) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(false),
        Err(error) => Err(Error::io("remove the folder", folder)(error)),
    }
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
