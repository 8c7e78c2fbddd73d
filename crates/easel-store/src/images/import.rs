//! An image from outside on its way into a thread: copied on a thread for blocking work, recorded in the database.

pub(crate) mod copy;
mod source_file;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use easel_imagegen::port::{ImageSource, ImportError, StorageError};
use easel_protocol::record::{Attachment, ImageRecord};
use rusqlite::params;

use crate::db::connection::now_ms;
use crate::db::worker::Patience;
use crate::db::workers::Reads;
use crate::error::Error;
use crate::journal::new_handle;
use crate::store::EaselStore;
use copy::CopiedImage;

pub(crate) async fn take_in(
    store: &EaselStore,
    thread_id: &str,
    source: ImageSource,
) -> Result<Attachment, ImportError> {
    let origin = match &source {
        ImageSource::DataUrl(_) | ImageSource::ClientPath(_) => "attached",
        ImageSource::ModelPath { path, .. } => match own_image(store, thread_id, path.clone()).await? {
            Some(own) => return Ok(own),
            None => "named",
        },
    };
    let source = Arc::new(source);
    loop {
        let (home, owner, limits, source) = (store.home.clone(), store.owner.clone(), store.limits, source.clone());
        let copied = blocking(move || copy::copy(&home, &owner, limits, &source)).await??;
        let note = copied.note.clone();
        let recorded = record(store, thread_id, origin, copied).await?;
        if let Err(error) = blocking(move || fs::remove_file(note)).await? {
            tracing::debug!(%error, "the note of an attachment stays until the next start");
        }
        if let Some(attachment) = recorded {
            return Ok(attachment);
        }
    }
}

/// An image that the thread has already, named by its path in the store: it keeps its handle.
async fn own_image(store: &EaselStore, thread_id: &str, path: PathBuf) -> Result<Option<Attachment>, ImportError> {
    let (thread_id, home) = (thread_id.to_owned(), store.home.clone());
    let find = move |connection: &rusqlite::Connection| {
        let sql = "SELECT origin, json FROM images WHERE thread_id = ?1 AND path = ?2 ORDER BY sequence LIMIT 1";
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query((thread_id, home.stored(&path)))?;
        let Some(row) = rows.next()? else { return Ok(None) };
        let (origin, json): (String, _) = (row.get(0)?, row.get_ref(1)?);
        if origin != "made" {
            return Ok(Some(home.read_column(json)?));
        }
        let ImageRecord { id, path, facts, .. } = home.read_column(json)?;
        Ok(Some(Attachment { id, path, facts }))
    };
    Ok(store.read(Reads::Page, find).await?)
}

/// `None` when the file has gone: equal bytes were there already, and the last thread that had them was deleted.
async fn record(
    store: &EaselStore,
    thread_id: &str,
    origin: &'static str,
    copied: CopiedImage,
) -> Result<Option<Attachment>, ImportError> {
    let (thread_id, home, owner) = (thread_id.to_owned(), store.home.clone(), store.owner.clone());
    let write = move |write: &rusqlite::Transaction<'_>| {
        // Files are removed in transactions, too.
        if !copied.path.exists() {
            return Ok(None);
        }
        let attachment = copied.into_attachment(new_handle()?);
        let sql = "INSERT INTO images (thread_id, id, origin, path, created_at, json, taken_by) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let taken_by = (origin == "attached").then_some(&*owner);
        let (json, path) = (home.to_json(attachment.clone())?, home.stored(Path::new(&attachment.path)));
        let row = params![thread_id, attachment.id.as_str(), origin, path, now_ms() / 1000, json, taken_by];
        write.prepare_cached(sql)?.execute(row)?;
        Ok(Some(attachment))
    };
    // What a model names belongs to a turn that runs; a request can be made again.
    let patience = if origin == "named" { Patience::Long } else { Patience::Short };
    Ok(store.run(patience, move |database| database.write(write)).await?)
}

/// Runs what waits for the disk beside the tasks that must not.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, StorageError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::Task(error).into())
}
