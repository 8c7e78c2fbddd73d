//! The end of a thread: its rows go first, in one durable step that also notes which files are to follow. The files go
//! after that, as far as no other thread shows them; what a crash leaves is removed at the next start.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::Transaction;

use crate::database::Database;
use crate::fault::Fault;
use crate::home::Home;

/// Deletes a thread that this process writes to; false when there is none. The images that a fork shows too, and
/// attachments that another thread has, stay.
pub(crate) fn delete(database: &mut Database, thread_id: &str) -> Result<bool, Fault> {
    let in_memory = database.memory.has(thread_id);
    let home = database.home.clone();
    let folder = home.thread_images(thread_id);
    let deleted = database.write_durably(|write| {
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
    })?;
    database.memory.forget(thread_id)?;
    if let Err(fault) = run(database) {
        tracing::warn!(%fault, thread_id, "files of a deleted thread stay until the next start");
    }
    Ok(deleted)
}

/// Of an image that forks show, the oldest copy that is left counts from now on.
fn hand_over(write: &Transaction<'_>, thread_id: &str) -> Result<(), Fault> {
    let sql = "UPDATE images SET inherited = 0 WHERE sequence IN ( \
               SELECT min(copy.sequence) FROM images AS own JOIN images AS copy ON copy.id = own.id \
               WHERE own.thread_id = ?1 AND own.inherited = 0 AND copy.inherited = 1 AND copy.thread_id <> ?1 \
               AND json_extract(copy.json, '$.deleted') IS NULL \
               GROUP BY copy.id)";
    write.execute(sql, [thread_id])?;
    Ok(())
}

/// Removes what is noted. What cannot be removed is tried again with the next deletion or start.
pub(crate) fn run(database: &mut Database) -> Result<(), Fault> {
    let home = database.home.clone();
    for (noted, path) in noted(database)? {
        // Within the transaction nobody can begin to show the file.
        database.write(|write| {
            if remove(write, &home, &path)? {
                write.execute("DELETE FROM removals WHERE path = ?1", [&noted])?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// What is noted, and its path.
fn noted(database: &Database) -> Result<Vec<(String, PathBuf)>, Fault> {
    let home = &database.home;
    let mut statement = database.connection.prepare_cached("SELECT path FROM removals ORDER BY path DESC")?;
    let paths = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
    let absolute = |path: String| (home.absolute(&path), path);
    let ours = |(absolute, path): (PathBuf, String)| home.image_path(&absolute).map(|_| (path, absolute));
    Ok(paths.into_iter().map(absolute).filter_map(ours).collect())
}

/// True when there is no more to do: a folder stays noted as long as somebody shows a file in it.
fn remove(write: &Transaction<'_>, home: &Home, path: &Path) -> Result<bool, Fault> {
    let is_folder = match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(Fault::io("could not look at", path)(error)),
        Ok(metadata) => metadata.is_dir(),
    };
    if !is_folder {
        if !is_shown(write, home, path)? {
            fs::remove_file(path).map_err(Fault::io("could not remove", path))?;
        }
        return Ok(true);
    }
    let mut is_empty = true;
    for entry in fs::read_dir(path).map_err(Fault::io("could not read the folder", path))? {
        let entry = entry.map_err(Fault::io("could not read the folder", path))?.path();
        if is_shown(write, home, &entry)? {
            is_empty = false;
        } else {
            fs::remove_file(&entry).map_err(Fault::io("could not remove", &entry))?;
        }
    }
    if is_empty {
        fs::remove_dir(path).map_err(Fault::io("could not remove the folder", path))?;
    }
    Ok(is_empty)
}

/// Whether some thread shows the file.
pub(crate) fn is_shown(write: &Transaction<'_>, home: &Home, path: &Path) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM images WHERE path = ?1 AND json_extract(json, '$.deleted') IS NULL";
    Ok(write.prepare_cached(sql)?.exists([home.stored(path)])?)
}
