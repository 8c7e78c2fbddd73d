//! Who keeps an attachment alive.
//!
//! From its import until a message shows it, its row names the process that imported it. If that process dies, or the
//! message is refused, the attachment is removed. Once a thread has ended, its attachments stay as long as a generated
//! image of it was made from them, and so do the images that it inherited from the thread that it is a fork of.

use easel_imagegen::handle;
use easel_protocol::id::ImageId;
use easel_protocol::response_item::{ContentItem, HANDLE_SCHEME, ResponseItem};
use rusqlite::Transaction;

use crate::db::ephemeral::WriteScope;
use crate::error::Error;

/// Returns what a write of these items touches if the thread is ephemeral: rows of images are on the disk.
pub(crate) fn write_scope(items: &[ResponseItem]) -> WriteScope {
    let has_images = items.iter().any(|item| shown_handles(item).next().is_some());
    if has_images { WriteScope::Disk } else { WriteScope::Memory }
}

/// Records that the attachments in a conversation item belong to it, and no longer to the process that imported them.
pub(crate) fn claim_for_message(write: &Transaction<'_>, thread_id: &str, item: &ResponseItem) -> Result<(), Error> {
    for id in shown_handles(item) {
        let sql = "UPDATE images SET taken_by = NULL WHERE thread_id = ?1 AND id = ?2 AND taken_by IS NOT NULL";
        write.prepare_cached(sql)?.execute((thread_id, id))?;
    }
    Ok(())
}

/// Returns the handles of the images that an item shows.
pub(crate) fn shown_handles(item: &ResponseItem) -> impl Iterator<Item = &str> {
    let (content, result): (&[ContentItem], _) = match item {
        ResponseItem::Message { content, .. } | ResponseItem::FunctionCallOutput { output: content, .. } => {
            (content, None)
        }
        ResponseItem::ImageGenerationCall { result, .. } => (&[], Some(result.as_str())),
        ResponseItem::Reasoning { .. } | ResponseItem::FunctionCall { .. } | ResponseItem::ContextCompaction(_) => {
            (&[], None)
        }
    };
    let shown = content.iter().filter_map(|part| match part {
        ContentItem::InputImage { image_url, .. } => Some(image_url.as_str()),
        ContentItem::InputText { .. } | ContentItem::OutputText { .. } => None,
    });
    shown.chain(result).filter_map(|url| url.strip_prefix(HANDLE_SCHEME)).filter(|id| handle::is_handle(id))
}

/// Drops attachments of a message that was refused, and queues their files for removal.
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

/// Drops attachments that a dead process imported and no message shows. A thread with a turn that recovery could not
/// close keeps its attachments, since a pending message may show them.
pub(crate) fn discard_of_owner(write: &Transaction<'_>, dead: &str) -> Result<(), Error> {
    let abandoned =
        "FROM images WHERE taken_by = ?1 AND thread_id NOT IN (SELECT thread_id FROM turns WHERE owner = ?1)";
    write.execute(&format!("INSERT INTO removals (path) SELECT path {abandoned} ON CONFLICT DO NOTHING"), [dead])?;
    write.execute(&format!("DELETE {abandoned}"), [dead])?;
    Ok(())
}

/// Drops the attachments and the inherited images of a thread that has ended, except those that one of its own images
/// was made from. Does nothing while a call of the thread is open. Returns whether files were queued for removal.
pub(crate) fn release(write: &Transaction<'_>, thread_id: &str) -> Result<bool, Error> {
    const RELEASED: &str = "FROM images WHERE thread_id = ?1 \
        AND (origin <> 'made' OR (inherited = 1 AND json_extract(json, '$.deleted') IS NULL)) \
        AND NOT EXISTS (SELECT 1 FROM calls WHERE thread_id = ?1 AND outcome IS NULL) \
        AND path NOT IN (SELECT json_extract(input.value, '$.path') \
            FROM images AS made, json_each(made.json, '$.inputs') AS input \
            WHERE made.thread_id = ?1 AND made.origin = 'made' AND made.inherited = 0 \
            AND json_extract(made.json, '$.deleted') IS NULL) \
        AND path NOT IN (SELECT json_extract(json, '$.mask.path') FROM images \
            WHERE thread_id = ?1 AND origin = 'made' AND inherited = 0 AND json_extract(json, '$.deleted') IS NULL \
            AND json_extract(json, '$.mask.path') IS NOT NULL)";
    let sql = format!("INSERT INTO removals (path) SELECT DISTINCT path {RELEASED} ON CONFLICT DO NOTHING");
    write.prepare_cached(&sql)?.execute([thread_id])?;
    Ok(write.prepare_cached(&format!("DELETE {RELEASED}"))?.execute([thread_id])? > 0)
}

/// Calls [`release`] if the thread has ended.
pub(crate) fn release_if_ended(write: &Transaction<'_>, thread_id: &str) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM threads WHERE id = ?1 UNION ALL SELECT 1 FROM ephemeral WHERE thread_id = ?1";
    if write.prepare_cached(sql)?.exists([thread_id])? { Ok(false) } else { release(write, thread_id) }
}
