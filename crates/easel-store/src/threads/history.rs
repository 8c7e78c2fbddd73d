//! Reads one thread: its row, and the part of its conversation and of its images that the next request needs.

pub(crate) mod conversation;
pub(crate) mod ids;
pub(crate) mod images;
mod order;

use easel_imagegen::port::StoredThread;
use easel_protocol::event::ThreadTokenUsage;
use easel_protocol::id::TurnId;
use easel_protocol::response_item::ResponseItem;
use easel_protocol::thread::Thread;
use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::{Map, Value};

use crate::db::sql_id::SqlId;
use crate::error::Error;
use crate::home::Home;

/// The columns that [`read_thread`] reads.
pub(crate) const THREAD_COLUMNS: &str = "json, name, preview, updated_at";

/// Reads a thread from a row of [`THREAD_COLUMNS`].
pub(crate) fn read_thread(row: &Row<'_>) -> Result<Thread, Error> {
    let thread: Thread = serde_json::from_str(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?;
    Ok(Thread { name: row.get(1)?, preview: row.get(2)?, updated_at: row.get(3)?, ..thread })
}

/// Finds a thread. It has no turns, and its status is `notLoaded`, since the store does not know whether it is loaded.
pub(crate) fn find_thread(connection: &Connection, thread_id: &str) -> Result<Option<Thread>, Error> {
    let sql = format!("SELECT {THREAD_COLUMNS} FROM threads WHERE id = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([thread_id])?;
    rows.next()?.map(read_thread).transpose()
}

/// Reads the `config` of `thread/start`, by dotted key.
fn read_overrides(connection: &Connection, thread_id: &str) -> Result<Map<String, Value>, Error> {
    let sql = "SELECT overrides FROM threads WHERE id = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([thread_id])?;
    let Some(row) = rows.next()? else { return Ok(Map::new()) };
    Ok(serde_json::from_str(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?)
}

/// Finds the newest turn. Returns its id.
pub(crate) fn find_newest_turn(connection: &Connection, thread_id: &str) -> Result<Option<TurnId>, Error> {
    let sql = "SELECT id FROM turns WHERE thread_id = ?1 ORDER BY position DESC LIMIT 1";
    Ok(connection
        .prepare_cached(sql)?
        .query_row([thread_id], |row| Ok(row.get::<_, SqlId<TurnId>>(0)?.0))
        .optional()?)
}

/// Finds the newest turn with a token usage. Returns its id and that usage.
pub(crate) fn find_token_usage(
    connection: &Connection,
    thread_id: &str,
) -> Result<Option<(TurnId, ThreadTokenUsage)>, Error> {
    // The first condition spares a walk through all turns of a thread whose provider reports no usage.
    let sql = "SELECT id, usage FROM turns WHERE EXISTS (SELECT 1 FROM threads WHERE id = ?1 AND usage IS NOT NULL) \
               AND thread_id = ?1 AND usage IS NOT NULL ORDER BY position DESC LIMIT 1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([thread_id])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let usage = serde_json::from_str(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?)?;
    let SqlId(turn_id) = row.get(0)?;
    Ok(Some((turn_id, usage)))
}

/// Reads what an actor needs to continue a thread, and nothing that only older turns need. Run it in one transaction,
/// so that all parts have the same state.
pub(crate) fn load(connection: &Connection, home: &Home, thread_id: &str) -> Result<Option<StoredThread>, Error> {
    let Some(thread) = find_thread(connection, thread_id)? else { return Ok(None) };
    let usage: Option<String> =
        connection.query_row("SELECT usage FROM threads WHERE id = ?1", [thread_id], |row| row.get(0))?;
    let usage = usage.map(|usage| serde_json::from_str::<ThreadTokenUsage>(&usage)).transpose()?.unwrap_or_default();
    let mut history = conversation::read(connection, thread_id)?;
    if let Some(ResponseItem::ContextCompaction(catalogue)) = history.first_mut() {
        images::mark_deleted(connection, home, thread_id, catalogue)?;
    }
    let images = images::read_for_history(connection, home, thread_id, &history)?;
    let overrides = read_overrides(connection, thread_id)?;
    let counted_tokens = u64::try_from(usage.last.input_tokens).ok().filter(|tokens| *tokens > 0);
    Ok(Some(StoredThread { thread, overrides, history, images, usage: usage.total, counted_tokens }))
}
