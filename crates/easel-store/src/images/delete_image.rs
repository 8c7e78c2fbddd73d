//! Deletes a generated image from one thread. History keeps what it was, marked as deleted. Its file is removed with
//! the last thread that references it, by the queue of removals.

use std::path::PathBuf;

use easel_protocol::item::ThreadItem;
use easel_protocol::record::ImageRecord;
use rusqlite::{OptionalExtension, Transaction};

use super::{attachments, copies};
use crate::error::Error;
use crate::files::removals;
use crate::home::Home;

/// The files that a deletion queued for removal.
#[derive(Debug, Default)]
pub(crate) struct Deletion {
    /// The image's file, unless another thread references it.
    pub(crate) image: Option<PathBuf>,
    /// Whether there are others: those that the image was made from, if its thread has ended.
    pub(crate) has_inputs: bool,
}

/// Marks the image as deleted, and queues its file for removal if no thread references it.
///
/// The transaction must be durable. Otherwise a power cut could bring the record back without its file.
pub(crate) fn delete(write: &Transaction<'_>, home: &Home, thread_id: &str, handle: &str) -> Result<Deletion, Error> {
    let Some(path) = mark_deleted(write, home, thread_id, handle)? else { return Ok(Deletion::default()) };
    let has_inputs = attachments::release_if_ended(write, thread_id)?;
    let path = PathBuf::from(&path);
    if removals::is_referenced(write, home, &path)? {
        return Ok(Deletion { image: None, has_inputs });
    }
    removals::enqueue(write, home, &path)?;
    Ok(Deletion { image: Some(path), has_inputs })
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
