//! What a thread was configured with, without its history.

use easel_imagegen::port::StorageError;
use rusqlite::{OptionalExtension, Transaction};
use serde_json::{Map, Value};

use crate::db::ephemeral::Locks;
use crate::db::worker::Patience;
use crate::db::workers::Reads;
use crate::error::Error;
use crate::store::EaselStore;

/// What the configuration of a thread is made from.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredSettings {
    pub cwd: String,
    /// Whether a client has named the folder, by [`EaselStore::name_folder`].
    pub folder_named: bool,
    pub overrides: Map<String, Value>,
}

impl EaselStore {
    /// `None` when there is no such thread.
    pub async fn thread_settings(&self, thread_id: &str) -> Result<Option<StoredSettings>, StorageError> {
        let thread_id = thread_id.to_owned();
        self.read_of(&thread_id.clone(), Reads::Page, move |connection| {
            let sql = "SELECT cwd, folder_named, overrides FROM threads WHERE id = ?1";
            let mut statement = connection.prepare_cached(sql)?;
            let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get::<_, String>(2)?));
            let Some((cwd, folder_named, overrides)) = statement.query_row([&thread_id], row).optional()? else {
                return Ok(None);
            };
            Ok::<_, Error>(Some(StoredSettings { cwd, folder_named, overrides: serde_json::from_str(&overrides)? }))
        })
        .await
    }

    /// Notes that a client has named the folder that the thread has now.
    pub async fn mark_folder_named(&self, thread_id: &str) -> Result<(), StorageError> {
        let id = thread_id.to_owned();
        let note = move |write: &Transaction<'_>| {
            write.execute("UPDATE threads SET folder_named = 1 WHERE id = ?1", [&id])?;
            Ok(())
        };
        Ok(self.lanes.write_to::<_, Error>(thread_id, Patience::Short, Locks::Memory, note).await?)
    }
}
