//! Deletes a thread: its rows at once and durably, its files after that by the queue of removals.

use std::sync::Arc;

use rusqlite::Transaction;

use crate::db::connection::Database;
use crate::error::Error;
use crate::home::Home;
use crate::images::copies;
use crate::journal::ledger;

/// Deletes the rows of a thread that this process may write to, and queues its files for removal. Returns false if the
/// thread does not exist. `is_ephemeral` says that its history is in memory, where the caller deletes it.
pub(crate) fn delete(database: &mut Database, thread_id: &str, is_ephemeral: bool) -> Result<bool, Error> {
    let home = Arc::clone(&database.home);
    database.write_durably(|write| {
        let sql = "DELETE FROM threads WHERE id = ?1";
        let exists = write.execute(sql, [thread_id])? > 0 || is_ephemeral;
        if exists {
            delete_rest(write, &home, thread_id)?;
        }
        Ok(exists)
    })
}

/// Deletes a thread like [`delete`], unless it is not archived or has changed after `newest`.
pub(crate) fn delete_archived(database: &mut Database, thread_id: &str, newest: i64) -> Result<bool, Error> {
    let home = Arc::clone(&database.home);
    database.write_durably(|write| {
        let sql = "DELETE FROM threads WHERE id = ?1 AND archived = 1 AND updated_at <= ?2";
        let matches = write.execute(sql, (thread_id, newest))? > 0;
        if matches {
            delete_rest(write, &home, thread_id)?;
        }
        Ok(matches)
    })
}

/// Deletes what is left of a thread without its row.
fn delete_rest(write: &Transaction<'_>, home: &Home, thread_id: &str) -> Result<(), Error> {
    copies::promote_copies_of_thread(write, thread_id)?;
    let sql = "INSERT INTO removals (path) SELECT path FROM images WHERE thread_id = ?1 UNION SELECT ?2 \
               ON CONFLICT DO NOTHING";
    write.execute(sql, (thread_id, home.stored_path(&home.thread_images(thread_id))))?;
    write.execute("DELETE FROM images WHERE thread_id = ?1", [thread_id])?;
    ledger::close_thread(write, thread_id)?;
    write.execute("DELETE FROM calls WHERE thread_id = ?1", [thread_id])?;
    Ok(())
}
