//! What can go wrong on the disk, for this crate's own use; callers get a sentence.

use std::io;
use std::path::Path;

use easel_imagegen::port::StorageError;
use rusqlite::ErrorCode;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("Easel's database failed: {0}")]
    Sql(rusqlite::Error),
    /// Another process holds the database's lock.
    #[error(
        "Another program has locked Easel's database. Close that program, or wait until it is done, then try again."
    )]
    Locked,
    #[error("Easel's database holds something that this version cannot read: {0}")]
    Json(#[from] serde_json::Error),
    #[error("{doing}: {source}")]
    Io { doing: String, source: io::Error },
    /// A whole sentence.
    #[error("{0}")]
    Said(String),
}

impl Fault {
    /// For `map_err`: `Fault::io("could not create", path)`.
    pub(crate) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let doing = format!("Easel {doing} {path:?}");
        move |source| Self::Io { doing, source }
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked,
            Some(_) | None => Self::Sql(error),
        }
    }
}

impl From<Fault> for StorageError {
    fn from(fault: Fault) -> Self {
        Self { message: fault.to_string() }
    }
}
