//! Deletes a thread: its rows at once and durably, its files after that by the queue of removals.

use std::sync::Arc;

use crate::db::connection::Database;
use crate::error::Error;
use crate::images::copies;
use crate::journal::ledger;

/// Deletes the rows of a thread that this process may write to, and queues its files for removal. Returns false if the
/// thread does not exist. `is_ephemeral` says that its history is in memory, where the caller deletes it.
pub(crate) fn delete(database: &mut Database, thread_id: &str, is_ephemeral: bool) -> Result<bool, Error> {
    let home = Arc::clone(&database.home);
    let folder = home.thread_images(thread_id);
    database.write_durably(|write| {
        let sql = "DELETE FROM threads WHERE id = ?1";
        if write.execute(sql, [thread_id])? == 0 && !is_ephemeral {
            return Ok(false);
        }
        copies::promote_copies_of_thread(write, thread_id)?;
        let sql = "INSERT INTO removals (path) SELECT path FROM images WHERE thread_id = ?1 UNION SELECT ?2 \
                   ON CONFLICT DO NOTHING";
        write.execute(sql, (thread_id, home.stored_path(&folder)))?;
        write.execute("DELETE FROM images WHERE thread_id = ?1", [thread_id])?;
        ledger::close_thread(write, thread_id)?;
        write.execute("DELETE FROM calls WHERE thread_id = ?1", [thread_id])?;
        Ok(true)
    })
}
