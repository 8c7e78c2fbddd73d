//! Finds the garbage, and the files that the database does not know.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use easel_protocol::id::ThreadId;
use rusqlite::Connection;
use uuid::Uuid;

use super::{Amount, Listing};
use crate::db::process_lock;
use crate::db::sql_id::SqlId;
use crate::error::Error;
use crate::files::removals;
use crate::files::unfinished::unfinished_files;
use crate::home::{Home, file_name};
use crate::images::model_copies;
use crate::recovery;

/// The files in the image folders that are no images of threads.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) model_copies: Vec<PathBuf>,
    pub(super) leftovers: Vec<PathBuf>,
    pub(super) unknown: Listing,
}

pub(super) fn find(connection: &Connection, home: &Home) -> Result<Found, Error> {
    let mut found = Found::default();
    let threads = known_folders(connection)?;
    for path in entries(&home.generated())? {
        let is_folder = path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir());
        if !is_folder {
            add_unknown_file(&mut found, path);
            continue;
        }
        found.model_copies.extend(model_copies::list(&path));
        let is_known = path.file_name().and_then(|name| name.to_str()).is_some_and(|name| threads.contains(name));
        let unknown = find_unknown(connection, home, &path)?;
        if is_known {
            found.leftovers.extend(find_leftovers(connection, home, &path)?);
            unknown.into_iter().for_each(|path| add_unknown_file(&mut found, path));
        } else if !unknown.is_empty() {
            let mut amount = Amount::default();
            unknown.iter().for_each(|path| amount.add(measure(path)));
            found.unknown.push(path, amount);
        }
    }
    let attachments = home.attachments();
    found.model_copies.extend(model_copies::list(&attachments));
    found.leftovers.extend(find_removed(connection, home, &attachments)?);
    for path in find_unknown(connection, home, &attachments)? {
        if path != home.incoming() {
            add_unknown_file(&mut found, path);
        }
    }
    Ok(found)
}

fn add_unknown_file(found: &mut Found, path: PathBuf) {
    let is_hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
    if !is_hidden {
        let amount = measure(&path);
        found.unknown.push(path, amount);
    }
}

/// Returns what is in a folder and neither an image, nor queued for removal, nor hidden.
fn find_unknown(connection: &Connection, home: &Home, folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let sql = "SELECT 1 FROM images WHERE path = ?1 UNION ALL SELECT 1 FROM removals WHERE path = ?1";
    let mut is_known = connection.prepare_cached(sql)?;
    let mut unknown = Vec::new();
    for path in entries(folder)? {
        let is_hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
        if !is_hidden && !is_known.exists([home.stored_path(&path)])? {
            unknown.push(path);
        }
    }
    Ok(unknown)
}

/// Returns what dead processes left in the folder of a thread.
fn find_leftovers(connection: &Connection, home: &Home, folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut leftovers = find_removed(connection, home, folder)?;
    for file in unfinished_files(folder).map_err(Error::io("read the folder", folder))? {
        let is_own = Uuid::try_parse(&file.owner).is_ok() && is_file(&file.path);
        if is_own && !process_lock::is_alive(home, &file.owner) && recovery::is_incomplete(&file) {
            leftovers.push(file.path);
        }
    }
    Ok(leftovers)
}

/// Returns the files in a folder that were renamed for their removal, unless a thread has an image of that name.
fn find_removed(connection: &Connection, home: &Home, folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut removed = Vec::new();
    for path in entries(folder)? {
        let Some(original) = removals::original_path(&path) else { continue };
        if is_file(&path) && !removals::is_referenced(connection, home, &original)? {
            removed.push(path);
        }
    }
    Ok(removed)
}

/// Returns the names of the folders of threads that the database knows, also if only their images or calls are left.
fn known_folders(connection: &Connection) -> Result<HashSet<String>, Error> {
    let sql = "SELECT id FROM threads UNION SELECT thread_id FROM ephemeral UNION SELECT thread_id FROM calls \
               UNION SELECT thread_id FROM images";
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

fn is_file(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_file())
}

/// Returns the size of a file; nothing if it is gone.
pub(super) fn measure(path: &Path) -> Amount {
    path.symlink_metadata().map_or_else(|_| Amount::default(), |metadata| Amount { files: 1, bytes: metadata.len() })
}
