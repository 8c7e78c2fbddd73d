//! Files in Easel's home that no thread needs.
//!
//! A crash or a power cut at a bad moment can leave files without a row; nothing else ever looks for them. They are
//! removed by the queue of removals, which checks each file again in the transaction that decides.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use easel_protocol::id::ThreadId;
use rusqlite::Connection;

use super::removals;
use crate::db::connection::Database;
use crate::db::sql_id::SqlId;
use crate::error::Error;
use crate::home::{Home, file_name};
use crate::images::model_copies;

/// A number of files and their size.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount {
    /// The number of files.
    pub files: u64,
    /// Their size in bytes.
    pub bytes: u64,
}

/// What can be removed without a thread missing it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Prunable {
    /// Model copies, which are made again when a model sees their images.
    pub model_copies: Amount,
    /// Images of deleted threads, and attachments that no thread shows.
    pub orphans: Amount,
}

/// Paths of what can be removed.
#[derive(Debug, Default)]
struct Found {
    model_copies: Vec<PathBuf>,
    orphans: Vec<PathBuf>,
    /// Folders of deleted threads in which nothing else is.
    folders: Vec<PathBuf>,
}

/// Measures what can be removed.
pub(crate) fn measure(connection: &Connection, home: &Home) -> Result<Prunable, Error> {
    let Found { model_copies, orphans, .. } = find(connection, home)?;
    Ok(Prunable { model_copies: measure_files(&model_copies), orphans: measure_files(&orphans) })
}

/// Removes the model copies, and queues the rest for removal.
pub(crate) fn remove(database: &mut Database) -> Result<(), Error> {
    let home = database.home.clone();
    let Found { model_copies, orphans, folders } = find(&database.connection, &home)?;
    for copy in model_copies {
        removals::remove_if_exists(&copy).map_err(Error::io("remove the file", &copy))?;
    }
    let queued = orphans.iter().chain(&folders);
    database.write(|write| queued.clone().try_for_each(|path| removals::enqueue(write, &home, path)))
}

fn find(connection: &Connection, home: &Home) -> Result<Found, Error> {
    let mut found = Found::default();
    let threads = known_folders(connection)?;
    for folder in entries(&home.generated())? {
        found.model_copies.extend(model_copies::list(&folder));
        let is_known = folder.file_name().and_then(|name| name.to_str()).is_none_or(|name| threads.contains(name));
        if !is_known && is_plain_folder(&folder) {
            let orphans = orphans_in(connection, home, &folder)?;
            let others = entries(&folder)?.into_iter().filter(|path| !model_copies::is_copy_folder(path));
            if others.count() == orphans.len() {
                found.folders.push(folder);
            }
            found.orphans.extend(orphans);
        }
    }
    found.model_copies.extend(model_copies::list(&home.attachments()));
    found.orphans.extend(orphans_in(connection, home, &home.attachments())?);
    Ok(found)
}

/// Returns the files of a folder that no image has. Files that are being written are left to recovery, and other hidden
/// files are not Easel's.
fn orphans_in(connection: &Connection, home: &Home, folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut with_image = connection.prepare_cached("SELECT 1 FROM images WHERE path = ?1")?;
    let mut orphans = Vec::new();
    for path in entries(folder)? {
        let is_hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
        let is_file = path.symlink_metadata().is_ok_and(|metadata| metadata.is_file());
        if is_file && !is_hidden && !with_image.exists([home.stored_path(&path)])? {
            orphans.push(path);
        }
    }
    Ok(orphans)
}

/// Returns the names of the folders whose threads exist, or have calls that are not closed.
fn known_folders(connection: &Connection) -> Result<HashSet<String>, Error> {
    let sql = "SELECT id FROM threads UNION SELECT thread_id FROM ephemeral UNION SELECT thread_id FROM calls";
    let mut statement = connection.prepare(sql)?;
    let ids = statement.query_map([], |row| row.get::<_, SqlId<ThreadId>>(0))?;
    ids.map(|id| Ok(file_name::from_id(&id?.0))).collect()
}

/// Returns the paths in a folder, sorted; none if it does not exist.
fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let read = || -> io::Result<Vec<PathBuf>> {
        let mut paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
        paths.sort();
        Ok(paths)
    };
    match read() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        read => read.map_err(Error::io("read the folder", folder)),
    }
}

fn is_plain_folder(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir())
}

fn measure_files(paths: &[PathBuf]) -> Amount {
    let sizes = paths.iter().filter_map(|path| path.symlink_metadata().ok()).map(|metadata| metadata.len());
    Amount { files: paths.len() as u64, bytes: sizes.sum() }
}
