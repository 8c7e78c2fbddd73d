//! What a thread was configured with, without its history.

use easel_imagegen::port::StorageError;
use rusqlite::OptionalExtension;
use serde_json::{Map, Value};

use crate::fault::Fault;
use crate::lanes::Reads;
use crate::store::EaselStore;

/// What the configuration of a thread is made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub cwd: String,
    pub overrides: Map<String, Value>,
}

impl EaselStore {
    /// `None` when there is no such thread.
    pub async fn settings(&self, thread_id: &str) -> Result<Option<Settings>, StorageError> {
        let thread_id = thread_id.to_owned();
        self.read_of(&thread_id.clone(), Reads::Page, move |connection| {
            let sql = "SELECT cwd, overrides FROM threads WHERE id = ?1";
            let mut statement = connection.prepare_cached(sql)?;
            let read = statement.query_row([&thread_id], |row| Ok((row.get(0)?, row.get::<_, String>(1)?)));
            let Some((cwd, overrides)) = read.optional()? else { return Ok(None) };
            Ok::<_, Fault>(Some(Settings { cwd, overrides: serde_json::from_str(&overrides)? }))
        })
        .await
    }
}
