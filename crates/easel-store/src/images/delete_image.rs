//! Deletes a generated image from one thread. History keeps what it was, marked as deleted. Its file is removed with
//! the last thread that references it.

use std::path::PathBuf;

use easel_protocol::item::ThreadItem;
use easel_protocol::record::ImageRecord;
use rusqlite::{OptionalExtension, Transaction};

use super::{attachments, copies, model_copies};
use crate::error::Error;
use crate::files::removals;
use crate::home::Home;

/// What a deletion did to files.
#[derive(Debug, Default)]
pub(crate) struct Deletion {
    /// The image's file, if it was removed.
    pub(crate) removed: Option<PathBuf>,
    /// Whether other files were queued for removal: those that the image was made from, if its thread has ended.
    pub(crate) has_queued: bool,
}

/// Marks the image as deleted and removes its file if no thread references it.
///
/// The file goes before the transaction commits: if it cannot be removed, nothing has changed, and if the process dies
/// in between, the client sends the request again.
pub(crate) fn delete(write: &Transaction<'_>, home: &Home, thread_id: &str, handle: &str) -> Result<Deletion, Error> {
    let Some(path) = mark_deleted(write, home, thread_id, handle)? else { return Ok(Deletion::default()) };
    let has_queued = attachments::release_if_ended(write, thread_id)?;
    let path = PathBuf::from(&path);
    // The path comes from a record of ours. Even so, nothing but an image of the home is ever removed.
    if removals::is_referenced(write, home, &path)? || home.split_image_path(&path).is_none() {
        return Ok(Deletion { removed: None, has_queued });
    }
    let remove_copies =
        || model_copies::remove_of_image(&path).map_err(Error::io("delete the copies of the image", &path));
    remove_copies()?;
    removals::remove_if_exists(&path).map_err(Error::io("delete the image", &path))?;
    // A copy may have been made before the file was gone.
    remove_copies()?;
    Ok(Deletion { removed: Some(path), has_queued })
}

/// Marks the record and the item. The conversation keeps the handle and is rendered with what the record says. Returns
/// the path of the image, if the thread has it.
fn mark_deleted(write: &Transaction<'_>, home: &Home, thread_id: &str, handle: &str) -> Result<Option<String>, Error> {
    let sql = "SELECT json, call_id FROM images WHERE thread_id = ?1 AND id = ?2 AND origin = 'made'";
    let found = write.query_row(sql, (thread_id, handle), |row| Ok((row.get::<_, String>(0)?, row.get(1)?)));
    let Some((json, item_id)): Option<(String, Option<String>)> = found.optional()? else { return Ok(None) };
    let record = ImageRecord { deleted: true, ..home.read_json(&json)? };
    let sql = "UPDATE images SET json = ?3 WHERE thread_id = ?1 AND id = ?2";
    write.execute(sql, (thread_id, handle, home.to_json(record.clone())?))?;
    copies::promote_copy_of_image(write, thread_id, handle)?;
    if let Some(item_id) = item_id {
        mark_item(write, home, thread_id, &item_id, handle)?;
    }
    Ok(Some(record.path))
}

fn mark_item(write: &Transaction<'_>, home: &Home, thread_id: &str, item_id: &str, handle: &str) -> Result<(), Error> {
    let sql = "SELECT json FROM items WHERE thread_id = ?1 AND id = ?2";
    let Some(json) = write.query_row(sql, (thread_id, item_id), |row| row.get::<_, String>(0)).optional()? else {
        return Ok(());
    };
    let mut item: ThreadItem = home.read_json(&json)?;
    if let ThreadItem::ImageGeneration(item) = &mut item {
        item.images.iter_mut().filter(|image| image.id == handle).for_each(|image| image.deleted = true);
        item.saved_path = item.images.iter().find(|image| !image.deleted).map(|image| image.path.clone());
    }
    let sql = "UPDATE items SET json = ?3 WHERE thread_id = ?1 AND id = ?2";
    write.execute(sql, (thread_id, item_id, home.to_json(item)?))?;
    Ok(())
}
