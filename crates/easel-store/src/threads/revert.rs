//! Removes the last turns of a thread from its history. The images that they made are kept.

use easel_protocol::id::TurnId;
use rusqlite::{OptionalExtension, Transaction};

use crate::db::now_ms;
use crate::threads::fork::HistoryError;

/// The turns that a revert removes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RevertRange {
    /// This turn and all later ones.
    From(TurnId),
    /// The newest turns, this many; all if there are fewer.
    Newest(u32),
}

/// Removes turns from history. Images that they made keep their files, handles and records, but leave the conversation.
///
/// # Errors
/// [`HistoryError::TurnRunning`] if one of the turns has not ended.
pub(crate) fn revert(write: &Transaction<'_>, thread_id: &str, range: &RevertRange) -> Result<(), HistoryError> {
    if !write.prepare_cached("SELECT 1 FROM threads WHERE id = ?1")?.exists([thread_id])? {
        return Err(HistoryError::ThreadNotFound);
    }
    let Some(first) = first_position(write, thread_id, range)? else { return Ok(()) };
    remove_turns(write, thread_id, first)
}

/// Returns the position of the first turn to remove; `None` if the thread has no turn.
fn first_position(write: &Transaction<'_>, thread_id: &str, range: &RevertRange) -> Result<Option<i64>, HistoryError> {
    let position = |row: &rusqlite::Row<'_>| row.get::<_, Option<i64>>(0);
    match range {
        RevertRange::From(turn_id) => {
            let sql = "SELECT position FROM turns WHERE thread_id = ?1 AND id = ?2";
            let found = write.query_row(sql, [thread_id, turn_id], position).optional()?;
            found.ok_or(HistoryError::TurnNotFound)
        }
        RevertRange::Newest(count) => {
            let sql = "SELECT min(position) FROM \
                       (SELECT position FROM turns WHERE thread_id = ?1 ORDER BY position DESC LIMIT ?2)";
            Ok(write.query_row(sql, (thread_id, count), position)?)
        }
    }
}

fn remove_turns(write: &Transaction<'_>, thread_id: &str, first: i64) -> Result<(), HistoryError> {
    let running = "SELECT 1 FROM turns WHERE thread_id = ?1 AND position >= ?2 AND owner IS NOT NULL";
    if write.prepare_cached(running)?.exists((thread_id, first))? {
        return Err(HistoryError::TurnRunning);
    }
    let turns = "SELECT id FROM turns WHERE thread_id = ?1 AND position >= ?2";
    for sql in [
        format!("UPDATE images SET withdrawn = 1 WHERE thread_id = ?1 AND turn_id IN ({turns})"),
        format!("DELETE FROM model_items WHERE thread_id = ?1 AND turn_id IN ({turns})"),
        "DELETE FROM turns WHERE thread_id = ?1 AND position >= ?2".to_owned(),
    ] {
        write.execute(&sql, (thread_id, first))?;
    }
    let sql = "UPDATE threads SET updated_at = max(updated_at, ?2), \
               preview = CASE WHEN EXISTS (SELECT 1 FROM turns WHERE thread_id = ?1) THEN preview ELSE '' END, \
               usage = CASE WHEN usage IS NOT NULL THEN (SELECT usage FROM turns \
                        WHERE thread_id = ?1 AND usage IS NOT NULL ORDER BY position DESC LIMIT 1) END \
               WHERE id = ?1";
    write.execute(sql, (thread_id, now_ms() / 1000))?;
    Ok(())
}
