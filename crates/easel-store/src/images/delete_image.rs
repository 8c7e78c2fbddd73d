//! Deletes an image of one thread. What it was stays in history, marked; its file goes with the last thread that shows it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use easel_imagegen::port::StorageError;
use easel_protocol::item::ThreadItem;
use easel_protocol::record::ImageRecord;
use rusqlite::{OptionalExtension, Transaction};

use crate::db::ephemeral::Locks;
use crate::db::worker::Patience;
use crate::db::workers::Reads;
use crate::error::Error;
use crate::home::Home;
use crate::images::import;
use crate::os;
use crate::store::EaselStore;
use crate::threads::delete_thread::{self, is_shown};

impl EaselStore {
    /// The threads that show a made image.
    pub async fn threads_with_image(&self, handle: &str) -> Result<Vec<String>, StorageError> {
        let handle = handle.to_owned();
        self.read(Reads::Page, move |connection| {
            let sql = "SELECT thread_id FROM images WHERE id = ?1 AND origin = 'made' \
                       AND json_extract(json, '$.deleted') IS NULL ORDER BY sequence";
            let mut statement = connection.prepare_cached(sql)?;
            Ok(statement.query_map([&handle], |row| row.get(0))?.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Marks a made image of a thread as deleted, and removes its file unless another thread shows it. Returns whether the
    /// file is gone. The caller must be the thread's writer.
    pub async fn delete_image(&self, thread_id: &str, handle: &str) -> Result<bool, StorageError> {
        let (id, handle, home) = (thread_id.to_owned(), handle.to_owned(), self.home.clone());
        let delete = move |write: &Transaction<'_>| delete(write, &home, &id, &handle);
        let (removed, released) = self.lanes.write_to(thread_id, Patience::Short, Locks::Disk, delete).await?;
        if released {
            self.remove_files().await;
        }
        let Some(path) = removed else { return Ok(false) };
        // The file is gone, also where the folder cannot be synced: a power cut may bring it back, with no record.
        let synced = import::blocking(move || path.parent().map_or(Ok(()), os::sync_folder)).await?;
        if let Err(error) = synced {
            tracing::debug!(%error, "the folder of a deleted image was not synced");
        }
        Ok(true)
    }
}

/// The file goes before the marks are final: should it not go, nothing has changed, and should the process die in between,
/// the client asks again. Returns the path of a file that was removed, and whether others are noted for removal: what the
/// image was made of, if its thread has ended.
fn delete(
    write: &Transaction<'_>,
    home: &Home,
    thread_id: &str,
    handle: &str,
) -> Result<(Option<PathBuf>, bool), Error> {
    let Some(path) = mark(write, home, thread_id, handle)? else { return Ok((None, false)) };
    let released = delete_thread::release_given_of_ended(write, thread_id)?;
    let path = PathBuf::from(&path);
    // The path comes from our own record; still, nothing but an image of ours is ever removed.
    if is_shown(write, home, &path)? || home.image_path(&path).is_none() {
        return Ok((None, released));
    }
    remove(&path).map_err(Error::io("delete the image", &path))?;
    Ok((Some(path), released))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Marks the record and the item. The conversation keeps the handle, and says of it what the record says when it is
/// rendered. Returns the path of the image, if the thread has it.
fn mark(write: &Transaction<'_>, home: &Home, thread_id: &str, handle: &str) -> Result<Option<String>, Error> {
    let sql = "SELECT json, call_id FROM images WHERE thread_id = ?1 AND id = ?2 AND origin = 'made'";
    let found = write.query_row(sql, (thread_id, handle), |row| Ok((row.get::<_, String>(0)?, row.get(1)?)));
    let Some((json, call_id)): Option<(String, Option<String>)> = found.optional()? else { return Ok(None) };
    let record = ImageRecord { deleted: true, ..home.read_json(&json)? };
    let sql = "UPDATE images SET json = ?3 WHERE thread_id = ?1 AND id = ?2";
    write.execute(sql, (thread_id, handle, home.to_json(record.clone())?))?;
    hand_over(write, thread_id, handle)?;
    if let Some(call_id) = call_id {
        mark_item(write, home, thread_id, &call_id, handle)?;
    }
    Ok(Some(record.path))
}

/// Of an image that forks show, the oldest copy that is left counts from now on.
fn hand_over(write: &Transaction<'_>, thread_id: &str, handle: &str) -> Result<(), Error> {
    let sql = "UPDATE images SET inherited = 0 WHERE sequence = ( \
               SELECT min(copy.sequence) FROM images AS own JOIN images AS copy ON copy.id = own.id \
               WHERE own.thread_id = ?1 AND own.id = ?2 AND own.inherited = 0 AND copy.inherited = 1 \
               AND json_extract(copy.json, '$.deleted') IS NULL)";
    if write.execute(sql, (thread_id, handle))? > 0 {
        write.execute("UPDATE images SET inherited = 1 WHERE thread_id = ?1 AND id = ?2", (thread_id, handle))?;
    }
    Ok(())
}

fn mark_item(write: &Transaction<'_>, home: &Home, thread_id: &str, call_id: &str, handle: &str) -> Result<(), Error> {
    let sql = "SELECT json FROM items WHERE thread_id = ?1 AND id = ?2";
    let Some(json) = write.query_row(sql, (thread_id, call_id), |row| row.get::<_, String>(0)).optional()? else {
        return Ok(());
    };
    let mut item: ThreadItem = home.read_json(&json)?;
    if let ThreadItem::ImageGeneration(item) = &mut item {
        item.images.iter_mut().filter(|image| image.id == handle).for_each(|image| image.deleted = true);
        item.saved_path = item.images.iter().find(|image| !image.deleted).map(|image| image.path.clone());
    }
    let sql = "UPDATE items SET json = ?3 WHERE thread_id = ?1 AND id = ?2";
    write.execute(sql, (thread_id, call_id, home.to_json(item)?))?;
    Ok(())
}
