//! The conversation as the model reads it.

use easel_protocol::response_item::ResponseItem;
use rusqlite::{Connection, OptionalExtension, Params};

use crate::error::Error;

/// Returns the conversation from the newest catalogue on: the catalogue, then the items that it keeps, oldest first.
/// Without a catalogue it returns the whole conversation.
///
/// A catalogue is an item whose row has `keeps_from`, the position of the oldest item that a model reads besides it.
/// The rows before that position are not read.
pub(crate) fn read(connection: &Connection, thread_id: &str) -> Result<Vec<ResponseItem>, Error> {
    let catalogue = connection
        .prepare_cached(NEWEST_CATALOGUE_SQL)?
        .query_row([thread_id], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?)))
        .optional()?;
    let (catalogue, keeps_from) = catalogue.map_or((None, 0), |(json, keeps_from)| (Some(json), keeps_from));
    let mut items: Vec<ResponseItem> = Vec::new();
    if let Some(json) = catalogue {
        items.push(serde_json::from_str(&json)?);
    }
    items.extend(read_items(connection, FROM_POSITION_SQL, (thread_id, keeps_from))?);
    Ok(items)
}

/// Returns the items of one turn, oldest first.
pub(crate) fn read_turn(connection: &Connection, thread_id: &str, turn_id: &str) -> Result<Vec<ResponseItem>, Error> {
    read_items(connection, OF_TURN_SQL, (thread_id, turn_id))
}

pub(crate) const NEWEST_CATALOGUE_SQL: &str = "SELECT json, keeps_from FROM model_items \
    WHERE thread_id = ?1 AND keeps_from IS NOT NULL ORDER BY position DESC LIMIT 1";

/// Leaves out older catalogues: the newest one includes what they list.
pub(crate) const FROM_POSITION_SQL: &str = "SELECT json FROM model_items \
    WHERE thread_id = ?1 AND position >= ?2 AND keeps_from IS NULL ORDER BY position";

pub(crate) const OF_TURN_SQL: &str =
    "SELECT json FROM model_items WHERE thread_id = ?1 AND turn_id = ?2 ORDER BY position";

fn read_items(connection: &Connection, sql: &str, params: impl Params) -> Result<Vec<ResponseItem>, Error> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut items = Vec::new();
    while let Some(row) = rows.next()? {
        items.push(serde_json::from_str(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?);
    }
    Ok(items)
}
