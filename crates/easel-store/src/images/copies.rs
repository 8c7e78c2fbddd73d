//! Copies of an image's row in forks.
//!
//! A fork shares handles and files with its source. One row of each image is the primary one (`inherited = 0`), which
//! the list of all images shows.

use rusqlite::Transaction;

use crate::error::Error;

/// If forks still reference images of a thread that is being deleted, makes the oldest remaining copy of each the
/// primary one.
pub(crate) fn promote_copies_of_thread(write: &Transaction<'_>, thread_id: &str) -> Result<(), Error> {
    let sql = "UPDATE images SET inherited = 0 WHERE sequence IN ( \
               SELECT min(copy.sequence) FROM images AS own JOIN images AS copy ON copy.id = own.id \
               WHERE own.thread_id = ?1 AND own.inherited = 0 AND copy.inherited = 1 AND copy.thread_id <> ?1 \
               AND json_extract(copy.json, '$.deleted') IS NULL \
               GROUP BY copy.id)";
    write.execute(sql, [thread_id])?;
    Ok(())
}

/// If forks still reference an image that is being deleted in its thread, makes the oldest remaining copy the primary
/// one.
pub(crate) fn promote_copy_of_image(write: &Transaction<'_>, thread_id: &str, handle: &str) -> Result<(), Error> {
    let sql = "UPDATE images SET inherited = 0 WHERE sequence = ( \
               SELECT min(copy.sequence) FROM images AS own JOIN images AS copy ON copy.id = own.id \
               WHERE own.thread_id = ?1 AND own.id = ?2 AND own.inherited = 0 AND copy.inherited = 1 \
               AND json_extract(copy.json, '$.deleted') IS NULL)";
    if write.execute(sql, (thread_id, handle))? > 0 {
        write.execute("UPDATE images SET inherited = 1 WHERE thread_id = ?1 AND id = ?2", (thread_id, handle))?;
    }
    Ok(())
}
