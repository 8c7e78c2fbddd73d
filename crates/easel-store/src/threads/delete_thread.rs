//! The end of a thread: its rows go first, in one durable step that also notes which files are to follow. The files go
//! after that, as far as no other thread shows them; what a crash leaves is removed at the next start.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::Transaction;

use crate::db::connection::Database;
use crate::error::Error;
use crate::home::Home;

/// Files that one step removes. The database is locked for the time of their renaming.
const STEP: u32 = 64;

/// Where the first step begins: no path comes behind it.
pub(crate) const FIRST: &str = "\u{10ffff}";

/// A file that is being removed is called so, with its own name behind, until it is gone.
const GOING: &str = ".removed-";

/// Deletes the rows of a thread that this process writes to, and notes its files for [`step`]; false when there is no such
/// thread.
pub(crate) fn delete(database: &mut Database, thread_id: &str, in_memory: bool) -> Result<bool, Error> {
    let home = Arc::clone(&database.home);
    let folder = home.thread_images(thread_id);
    database.write_durably(|write| {
        let sql = "DELETE FROM threads WHERE id = ?1";
        if write.execute(sql, [thread_id])? == 0 && !in_memory {
            return Ok(false);
        }
        hand_over(write, thread_id)?;
        let sql = "INSERT INTO removals (path) SELECT path FROM images WHERE thread_id = ?1 UNION SELECT ?2 \
                   ON CONFLICT DO NOTHING";
        write.execute(sql, (thread_id, home.stored(&folder)))?;
        write.execute("DELETE FROM images WHERE thread_id = ?1", [thread_id])?;
        write.execute("DELETE FROM calls WHERE thread_id = ?1", [thread_id])?;
        Ok(true)
    })
}

/// Notes a file for [`step`].
pub(crate) fn note(write: &Transaction<'_>, home: &Home, path: &Path) -> Result<(), Error> {
    let sql = "INSERT INTO removals (path) VALUES (?1) ON CONFLICT DO NOTHING";
    write.prepare_cached(sql)?.execute([home.stored(path)])?;
    Ok(())
}

/// Takes from a thread that has ended the images that it was given and that no image it made names, and notes their files.
/// Returns whether there are any. Nothing happens while a call of the thread is open.
pub(crate) fn release_given(write: &Transaction<'_>, thread_id: &str) -> Result<bool, Error> {
    const RELEASED: &str = "FROM images WHERE thread_id = ?1 AND origin <> 'made' \
        AND NOT EXISTS (SELECT 1 FROM calls WHERE thread_id = ?1 AND outcome IS NULL) \
        AND path NOT IN (SELECT json_extract(input.value, '$.path') \
            FROM images AS made, json_each(made.json, '$.inputs') AS input \
            WHERE made.thread_id = ?1 AND made.origin = 'made' AND json_extract(made.json, '$.deleted') IS NULL)";
    let sql = format!("INSERT INTO removals (path) SELECT DISTINCT path {RELEASED} ON CONFLICT DO NOTHING");
    write.prepare_cached(&sql)?.execute([thread_id])?;
    Ok(write.prepare_cached(&format!("DELETE {RELEASED}"))?.execute([thread_id])? > 0)
}

/// The same, if the thread has ended.
pub(crate) fn release_given_of_ended(write: &Transaction<'_>, thread_id: &str) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM threads WHERE id = ?1 UNION ALL SELECT 1 FROM ephemeral WHERE thread_id = ?1";
    if write.prepare_cached(sql)?.exists([thread_id])? { Ok(false) } else { release_given(write, thread_id) }
}

/// Of an image that forks show, the oldest copy that is left counts from now on.
fn hand_over(write: &Transaction<'_>, thread_id: &str) -> Result<(), Error> {
    let sql = "UPDATE images SET inherited = 0 WHERE sequence IN ( \
               SELECT min(copy.sequence) FROM images AS own JOIN images AS copy ON copy.id = own.id \
               WHERE own.thread_id = ?1 AND own.inherited = 0 AND copy.inherited = 1 AND copy.thread_id <> ?1 \
               AND json_extract(copy.json, '$.deleted') IS NULL \
               GROUP BY copy.id)";
    write.execute(sql, [thread_id])?;
    Ok(())
}

/// Removes all that is noted. What cannot be removed is tried again with the next deletion or start.
pub(crate) fn run(database: &mut Database) -> Result<(), Error> {
    let mut before = FIRST.to_owned();
    while let Some(last) = step(database, &before)? {
        before = last;
    }
    Ok(())
}

/// Removes some of what is noted, from the last path before `before` on, so that a folder comes after its files. Returns the
/// path to go on from, or `None` at the end.
///
/// A file that no thread shows gets another name in a transaction, in which nobody can begin to show it; it is removed
/// after that, with the database free for others. A process that dies in between has its note left.
pub(crate) fn step(database: &mut Database, before: &str) -> Result<Option<String>, Error> {
    let noted = noted(database, before)?;
    let Some(last) = noted.last().cloned() else { return Ok(None) };
    let home = Arc::clone(&database.home);
    // Nothing but an image of the home is ever removed.
    let ours = noted.iter().map(|path| home.absolute(path)).filter(|path| home.image_path(path).is_some());
    let (folders, files): (Vec<_>, Vec<_>) = ours.partition(|path| is_folder(path));
    let removed = remove(database, &files);
    let mut done = Vec::new();
    for folder in folders {
        if remove_folder(database, &folder)? {
            done.push(folder);
        }
    }
    removed?;
    done.extend(files);
    if !done.is_empty() {
        database.write(|write| {
            let mut statement = write.prepare_cached("DELETE FROM removals WHERE path = ?1")?;
            done.iter().try_for_each(|path| statement.execute([home.stored(path)]).map(drop))?;
            Ok::<_, Error>(())
        })?;
    }
    Ok(Some(last))
}

/// Removes those of the files that no thread shows.
fn remove(database: &mut Database, files: &[PathBuf]) -> Result<(), Error> {
    if files.is_empty() {
        return Ok(());
    }
    let home = Arc::clone(&database.home);
    database.write(|write| files.iter().try_for_each(|path| set_aside(write, &home, path)))?;
    for path in files {
        let going = going(path);
        match fs::remove_file(&going) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Error::io("remove the file", &going)(error));
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

fn set_aside(write: &Transaction<'_>, home: &Home, path: &Path) -> Result<(), Error> {
    if is_shown(write, home, path)? {
        return Ok(());
    }
    match fs::rename(path, going(path)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Error::io("remove the file", path)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Removes what lies in a folder and the folder itself; false as long as somebody shows a file in it.
fn remove_folder(database: &mut Database, folder: &Path) -> Result<bool, Error> {
    let mut names: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::io("read the folder", folder))? {
        let path = entry.map_err(Error::io("read the folder", folder))?.path();
        names.push(of_going(&path).unwrap_or(path));
    }
    for some in names.chunks(STEP as usize) {
        remove(database, some)?;
    }
    match fs::remove_dir(folder) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => Ok(false),
        Err(error) => Err(Error::io("remove the folder", folder)(error)),
    }
}

fn noted(database: &Database, before: &str) -> Result<Vec<String>, Error> {
    let sql = "SELECT path FROM removals WHERE path < ?1 ORDER BY path DESC LIMIT ?2";
    let mut statement = database.connection.prepare_cached(sql)?;
    Ok(statement.query_map((before, STEP), |row| row.get(0))?.collect::<Result<_, _>>()?)
}

fn is_folder(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir())
}

/// The name of a file while it is removed.
fn going(path: &Path) -> PathBuf {
    let mut name = OsString::from(GOING);
    name.push(path.file_name().unwrap_or_default());
    path.with_file_name(name)
}

/// The name that a file had before.
fn of_going(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?.strip_prefix(GOING)?;
    Some(path.with_file_name(name))
}

/// Whether some thread shows the file.
pub(crate) fn is_shown(write: &Transaction<'_>, home: &Home, path: &Path) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM images WHERE path = ?1 AND json_extract(json, '$.deleted') IS NULL";
    Ok(write.prepare_cached(sql)?.exists([home.stored(path)])?)
}
