//! The settings of a thread, without its history.

use rusqlite::{Connection, OptionalExtension, Transaction};
use serde_json::{Map, Value};

use crate::error::Error;

/// The settings that a thread was stored with.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredSettings {
    /// Working folder.
    pub cwd: String,
    /// Whether a client has named the folder. A folder that no client named is only where the process happens to run,
    /// and the model may read nothing below it.
    pub folder_named: bool,
    /// `config` of `thread/start`, by dotted key.
    pub overrides: Map<String, Value>,
}

/// Reads the settings of a thread; `None` if it does not exist.
pub(crate) fn read(connection: &Connection, thread_id: &str) -> Result<Option<StoredSettings>, Error> {
    let sql = "SELECT cwd, folder_named, overrides FROM threads WHERE id = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?));
    let Some((cwd, folder_named, overrides)) = statement.query_row([thread_id], row).optional()? else {
        return Ok(None);
    };
    Ok(Some(StoredSettings { cwd, folder_named, overrides: serde_json::from_str(&overrides)? }))
}

/// Records that a client has named the thread's current folder.
pub(crate) fn mark_folder_named(write: &Transaction<'_>, thread_id: &str) -> Result<(), Error> {
    write.execute("UPDATE threads SET folder_named = 1 WHERE id = ?1", [thread_id])?;
    Ok(())
}
