//! Imports an image from outside into a thread: copies it on a blocking thread, then writes its row.

pub(crate) mod copy;
mod source_file;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use easel_imagegen::port::{ImageSource, ImportError};
use easel_protocol::record::{Attachment, ImageRecord};
use rusqlite::{Connection, Transaction, params};

use crate::db::now_ms;
use crate::db::sql_id::SqlId;
use crate::db::worker::LockTimeout;
use crate::db::workers::ReadKind;
use crate::error::Error;
use crate::files::run_blocking;
use crate::home::Home;
use crate::journal::new_handle;
use crate::store::EaselStore;
use copy::CopiedImage;

/// The way in which an image was imported. Its text is the value of the column `origin`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ImportOrigin {
    /// A user attached it to a message.
    Attached,
    /// A model named it by path.
    Named,
}

impl ImportOrigin {
    fn as_str(self) -> &'static str {
        match self {
            Self::Attached => "attached",
            Self::Named => "named",
        }
    }
}

/// Imports an image under a new handle. A path of an image that the thread already has returns that image.
pub(crate) async fn import_image(
    store: &EaselStore,
    thread_id: &str,
    source: ImageSource,
) -> Result<Attachment, ImportError> {
    let origin = match &source {
        ImageSource::DataUrl(_) | ImageSource::ClientPath(_) => ImportOrigin::Attached,
        ImageSource::ModelPath { path, .. } => match find_own_image(store, thread_id, path.clone()).await? {
            Some(own) => return Ok(own),
            None => ImportOrigin::Named,
        },
    };
    let source = Arc::new(source);
    // Another thread may remove a file with equal bytes between copy and row; then the image is copied again.
    loop {
        let (home, owner, limits, source) = (store.home.clone(), store.owner.clone(), store.limits, source.clone());
        let copied = run_blocking(move || copy::copy(&home, &owner, limits, &source)).await??;
        let note = copied.note.clone();
        let recorded = insert_row(store, thread_id, origin, copied).await?;
        if let Err(error) = run_blocking(move || fs::remove_file(note)).await? {
            tracing::debug!(%error, "the arrival note of an attachment is kept until the next start");
        }
        if let Some(attachment) = recorded {
            return Ok(attachment);
        }
    }
}

/// Finds the image of the thread whose file has this path.
async fn find_own_image(store: &EaselStore, thread_id: &str, path: PathBuf) -> Result<Option<Attachment>, ImportError> {
    let (thread_id, home) = (thread_id.to_owned(), store.home.clone());
    let find = move |connection: &Connection| find_by_path(connection, &home, &thread_id, &path);
    Ok(store.read(ReadKind::Page, find).await?)
}

fn find_by_path(
    connection: &Connection,
    home: &Home,
    thread_id: &str,
    path: &Path,
) -> Result<Option<Attachment>, Error> {
    let sql = "SELECT origin, json FROM images WHERE thread_id = ?1 AND path = ?2 ORDER BY sequence LIMIT 1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query((thread_id, home.stored_path(path)))?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let (origin, json): (String, _) = (row.get(0)?, row.get_ref(1)?);
    if origin != "made" {
        return Ok(Some(home.read_column(json)?));
    }
    let ImageRecord { id, path, facts, .. } = home.read_column(json)?;
    Ok(Some(Attachment { id, path, facts }))
}

/// Writes the row of a copied image. Returns `None` if its file is gone: it shared the file of an image with equal
/// bytes, whose last thread was deleted meanwhile.
async fn insert_row(
    store: &EaselStore,
    thread_id: &str,
    origin: ImportOrigin,
    copied: CopiedImage,
) -> Result<Option<Attachment>, ImportError> {
    let (thread_id, home, owner) = (thread_id.to_owned(), store.home.clone(), store.owner.clone());
    let insert = move |write: &Transaction<'_>| {
        // Files are renamed for removal inside transactions, so the result stays valid until this one commits.
        if !copied.path.exists() {
            return Ok(None);
        }
        let attachment = copied.into_attachment(new_handle()?);
        let sql = "INSERT INTO images (thread_id, id, origin, path, created_at, json, taken_by) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let taken_by = (origin == ImportOrigin::Attached).then_some(&*owner);
        let (json, path) = (home.to_json(attachment.clone())?, home.stored_path(Path::new(&attachment.path)));
        let id = SqlId(&attachment.id);
        let row = params![thread_id, id, origin.as_str(), path, now_ms() / 1000, json, taken_by];
        write.prepare_cached(sql)?.execute(row)?;
        Ok(Some(attachment))
    };
    let lock_timeout = match origin {
        // The client can send its request again.
        ImportOrigin::Attached => LockTimeout::Short,
        // The import belongs to a running turn.
        ImportOrigin::Named => LockTimeout::Long,
    };
    Ok(store.write(lock_timeout, move |database| database.write(insert)).await?)
}
