//! Copies a thread under a new id. Rows are copied; image files and handles are shared.

use std::collections::HashSet;

use easel_imagegen::handle;
use easel_imagegen::port::StorageError;
use easel_protocol::id::{ThreadId, TurnId};
use easel_protocol::thread::Thread;
use rusqlite::{OptionalExtension, Transaction};
use serde_json::{Map, Value};

use crate::db::connection::Database;
use crate::db::ephemeral::{EphemeralDatabase, IN_MEMORY, ON_DISK};
use crate::error::Error;
use crate::threads::rows;

/// Why a thread's history was not copied or reverted.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The thread does not exist.
    #[error("thread not found")]
    ThreadNotFound,
    /// The thread does not have the turn.
    #[error("turn not found")]
    TurnNotFound,
    /// The turn has not ended.
    #[error("the turn is still running")]
    TurnRunning,
    /// The database could not be read or written.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<Error> for HistoryError {
    fn from(error: Error) -> Self {
        Self::Storage(error.into())
    }
}

impl From<rusqlite::Error> for HistoryError {
    fn from(error: rusqlite::Error) -> Self {
        Error::from(error).into()
    }
}

/// A copy of one thread's history under a new id.
#[derive(Debug, Clone)]
pub struct Fork {
    /// The thread that is copied.
    pub source: ThreadId,
    /// The new thread.
    pub thread: Thread,
    /// The `config` of the new thread, by dotted key.
    pub overrides: Map<String, Value>,
    /// The last turn that is copied. If `None`, all turns that have ended are copied.
    pub last_turn: Option<TurnId>,
}

/// The databases that a copy reads and writes: [`IN_MEMORY`], [`ON_DISK`], or the main one.
struct Schemas {
    from: &'static str,
    to: &'static str,
}

/// Writes the new thread if both threads are on the disk. A running turn is not copied.
pub(crate) fn fork_on_disk(database: &mut Database, fork: &Fork) -> Result<(), HistoryError> {
    database.write(|write| copy_on_disk(write, fork))
}

/// Writes the new thread in a transaction of the database on the disk.
pub(crate) fn copy_on_disk(write: &Transaction<'_>, fork: &Fork) -> Result<(), HistoryError> {
    copy(write, fork, &Schemas { from: "main", to: "main" })
}

/// Writes the new thread if one of the threads is ephemeral, or both are.
pub(crate) fn fork_ephemeral(
    database: &mut EphemeralDatabase,
    fork: &Fork,
    from_memory: bool,
) -> Result<(), HistoryError> {
    let schema = |in_memory: bool| if in_memory { IN_MEMORY } else { ON_DISK };
    let schemas = Schemas { from: schema(from_memory), to: schema(fork.thread.ephemeral) };
    database.save_copy(&fork.thread, |write| copy(write, fork, &schemas))
}

fn copy(write: &Transaction<'_>, fork: &Fork, schemas: &Schemas) -> Result<(), HistoryError> {
    let last = find_last_position(write, fork, schemas.from)?;
    rows::save_thread_in(write, schemas.to, &fork.thread, Some(&fork.overrides))?;
    copy_history(write, fork, schemas, last)?;
    copy_images(write, fork, schemas.to)?;
    Ok(())
}

/// Returns the position of the last turn to copy; -1 copies none.
fn find_last_position(write: &Transaction<'_>, fork: &Fork, from: &str) -> Result<i64, HistoryError> {
    let sql = format!("SELECT 1 FROM {from}.threads WHERE id = ?1");
    if !write.prepare_cached(&sql)?.exists([fork.source.as_str()])? {
        return Err(HistoryError::ThreadNotFound);
    }
    let Some(last_turn) = &fork.last_turn else {
        let sql = format!("SELECT coalesce(max(position), -1) FROM {from}.turns WHERE thread_id = ?1");
        return Ok(write.query_row(&sql, [fork.source.as_str()], |row| row.get(0))?);
    };
    let sql = format!("SELECT position, owner IS NOT NULL FROM {from}.turns WHERE thread_id = ?1 AND id = ?2");
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
    match write.query_row(&sql, [fork.source.as_str(), last_turn.as_str()], row).optional()? {
        None => Err(HistoryError::TurnNotFound),
        Some((_, true)) => Err(HistoryError::TurnRunning),
        Some((position, false)) => Ok(position),
    }
}

fn copy_history(write: &Transaction<'_>, fork: &Fork, schemas: &Schemas, last: i64) -> Result<(), Error> {
    let Schemas { from, to } = schemas;
    let (source, thread) = (fork.source.as_str(), fork.thread.id.as_str());
    let turns = format!(
        "INSERT INTO {to}.turns (thread_id, position, id, json, usage) \
         SELECT ?2, position, id, json, usage FROM {from}.turns \
         WHERE thread_id = ?1 AND position <= ?3 AND owner IS NULL"
    );
    write.execute(&turns, (source, thread, last))?;
    let copied = format!("turn_id IN (SELECT id FROM {to}.turns WHERE thread_id = ?2)");
    if from == to {
        // Before the items, whose trigger would add their texts to the index again.
        let words = format!(
            "INSERT INTO {to}.word_items (thread_id, item_id, word_id) SELECT ?2, items.id, word_id \
             FROM {from}.items JOIN {from}.word_items ON word_items.thread_id = ?1 AND item_id = items.id \
             WHERE items.thread_id = ?1 AND {copied}"
        );
        write.execute(&words, (source, thread))?;
    }
    let items = format!(
        "INSERT INTO {to}.items (thread_id, position, id, turn_id, kind, json) \
         SELECT ?2, position, id, turn_id, kind, json FROM {from}.items WHERE thread_id = ?1 AND {copied}"
    );
    write.execute(&items, (source, thread))?;
    // Items that a client appended before the first turn belong to no turn.
    let model_items = format!(
        "INSERT INTO {to}.model_items (thread_id, position, turn_id, json, keeps_from) \
         SELECT ?2, position, turn_id, json, keeps_from FROM {from}.model_items \
         WHERE thread_id = ?1 AND (turn_id = '' OR {copied})"
    );
    write.execute(&model_items, (source, thread))?;
    let usage = format!(
        "UPDATE {to}.threads SET usage = (SELECT usage FROM {to}.turns \
         WHERE thread_id = ?1 AND usage IS NOT NULL ORDER BY position DESC LIMIT 1) WHERE id = ?1"
    );
    write.execute(&usage, [thread])?;
    Ok(())
}

/// Copies the rows of the images that the new thread needs: those that its turns made, and those that its history
/// names.
fn copy_images(write: &Transaction<'_>, fork: &Fork, to: &str) -> Result<(), Error> {
    let named = serde_json::to_string(&find_handles(write, &fork.thread.id, to)?)?;
    let sql = format!(
        "INSERT INTO images (thread_id, id, origin, turn_id, call_id, path, created_at, json, inherited) \
         SELECT ?2, id, origin, turn_id, call_id, path, created_at, json, 1 FROM images \
         WHERE thread_id = ?1 AND withdrawn = 0 AND (id IN (SELECT value FROM json_each(?3)) \
         OR (origin = 'made' AND turn_id IN (SELECT id FROM {to}.turns WHERE thread_id = ?2))) ORDER BY sequence"
    );
    write.execute(&sql, (fork.source.as_str(), fork.thread.id.as_str(), named))?;
    Ok(())
}

/// Returns all handles that occur in a thread's history.
fn find_handles(write: &Transaction<'_>, thread_id: &str, schema: &str) -> Result<HashSet<String>, Error> {
    let sql = format!(
        "SELECT json FROM {schema}.items WHERE thread_id = ?1 \
         UNION ALL SELECT json FROM {schema}.model_items WHERE thread_id = ?1"
    );
    let mut statement = write.prepare(&sql)?;
    let mut rows = statement.query([thread_id])?;
    let mut handles = HashSet::new();
    while let Some(row) = rows.next()? {
        let json = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
        handles.extend(handle::find_all(json).map(str::to_owned));
    }
    Ok(handles)
}
