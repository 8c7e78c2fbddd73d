//! Attached images between their arrival and the message that shows them: until then a row names the process that took
//! them in, so that what no message will ever show is removed.

use easel_imagegen::handle;
use easel_protocol::id::ImageId;
use easel_protocol::response_item::{ContentItem, HANDLE_SCHEME, ResponseItem};
use rusqlite::Transaction;

use crate::db::ephemeral::Locks;
use crate::error::Error;

/// What a write of these items touches if its thread is ephemeral: rows of images are on the disk.
pub(crate) fn locks(items: &[ResponseItem]) -> Locks {
    let has_images = items.iter().any(|item| handles(item).next().is_some());
    if has_images { Locks::Disk } else { Locks::Memory }
}

/// Notes that the images of a conversation item belong to it from now on.
pub(crate) fn keep(write: &Transaction<'_>, thread_id: &str, item: &ResponseItem) -> Result<(), Error> {
    for id in handles(item) {
        let sql = "UPDATE images SET taken_by = NULL WHERE thread_id = ?1 AND id = ?2 AND taken_by IS NOT NULL";
        write.prepare_cached(sql)?.execute((thread_id, id))?;
    }
    Ok(())
}

/// The handles of the images that an item shows.
fn handles(item: &ResponseItem) -> impl Iterator<Item = &str> {
    let (content, result): (&[ContentItem], _) = match item {
        ResponseItem::Message { content, .. } | ResponseItem::FunctionCallOutput { output: content, .. } => {
            (content, None)
        }
        ResponseItem::ImageGenerationCall { result, .. } => (&[], Some(result.as_str())),
        ResponseItem::FunctionCall { .. } => (&[], None),
    };
    let shown = content.iter().filter_map(|piece| match piece {
        ContentItem::InputImage { image_url, .. } => Some(image_url.as_str()),
        ContentItem::InputText { .. } | ContentItem::OutputText { .. } => None,
    });
    shown.chain(result).filter_map(|url| url.strip_prefix(HANDLE_SCHEME)).filter(|id| handle::is_handle(id))
}

/// Notes for removal images that were taken in for a message that was refused.
pub(crate) fn discard(write: &Transaction<'_>, thread_id: &str, ids: &[ImageId]) -> Result<(), Error> {
    for id in ids {
        let sql = "INSERT INTO removals (path) SELECT path FROM images \
                   WHERE thread_id = ?1 AND id = ?2 AND taken_by IS NOT NULL ON CONFLICT DO NOTHING";
        write.execute(sql, (thread_id, id.as_str()))?;
        let sql = "DELETE FROM images WHERE thread_id = ?1 AND id = ?2 AND taken_by IS NOT NULL";
        write.execute(sql, (thread_id, id.as_str()))?;
    }
    Ok(())
}

/// Notes for removal what a dead process took in and no message shows. A thread whose turn could not be closed keeps its
/// images: a message of it may still wait.
pub(crate) fn abandon(write: &Transaction<'_>, dead: &str) -> Result<(), Error> {
    let abandoned =
        "FROM images WHERE taken_by = ?1 AND thread_id NOT IN (SELECT thread_id FROM turns WHERE owner = ?1)";
    write.execute(&format!("INSERT INTO removals (path) SELECT path {abandoned} ON CONFLICT DO NOTHING"), [dead])?;
    write.execute(&format!("DELETE {abandoned}"), [dead])?;
    Ok(())
}
