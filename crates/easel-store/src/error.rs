//! The error type of this crate, and its conversion to the error that callers see.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use easel_imagegen::port::{StorageError, StorageErrorKind};
use rusqlite::ErrorCode;

/// Any failure of the store. [`Display`](std::fmt::Display) writes the text for the log.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// SQLite failed, and not because of a lock.
    #[error("the database failed")]
    Sql(#[source] rusqlite::Error),
    /// Another program holds the lock of the database.
    #[error("another program has locked the database")]
    Locked(#[source] Option<rusqlite::Error>),
    /// A row holds JSON that does not fit its type.
    #[error("the database holds a row that this version cannot read")]
    Json(#[from] serde_json::Error),
    /// A file operation failed. Create it with [`Error::io`].
    #[error("could not {operation} {path:?}")]
    Io { operation: &'static str, path: PathBuf, source: io::Error },
    /// A newer Easel has migrated the database.
    #[error("the database has version {found}, but this program knows versions up to {known}")]
    NewerVersion { found: u32, known: usize },
    /// The database could not be opened. Every operation gets this error until a later attempt succeeds.
    #[error("could not open the database")]
    NotOpened(#[source] Arc<Self>),
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
    /// Another process holds the recovery lock for longer than a request waits.
    #[error("another process is still recovering")]
    RecoveryRunning,
    /// The thread's journal has a call with this id already.
    #[error("image call {0:?} is already in the journal of its thread")]
    CallExists(String),
    /// The thread's journal has no call with this id.
    #[error("image call {0:?} is not in the journal of its thread")]
    CallNotFound(String),
    /// The operating system returned no random bits for a handle.
    #[error("could not create an image handle")]
    Random(#[source] getrandom::Error),
    /// A task on the blocking pool did not end.
    #[error("a disk operation did not end")]
    Task(#[source] tokio::task::JoinError),
    /// A generated image could not be recorded; its file was kept.
    #[error("a generated image could not be recorded and is kept at {}", quote(.paths))]
    ImageKept { paths: Vec<PathBuf>, source: Box<Self> },
    /// A set of files failed, and files that it had replaced could not be put back; their old content was kept.
    #[error("replaced files could not be put back: {}", quote_kept(.files))]
    ReplacedKept { files: Vec<KeptFile>, source: Box<Self> },
}

/// A file that was replaced, and where its old content is now.
#[derive(Debug)]
pub(crate) struct KeptFile {
    pub(crate) path: PathBuf,
    pub(crate) kept: PathBuf,
}

impl Error {
    /// Returns a closure for `map_err`, as in `map_err(Error::io("read the folder", path))`. The operation completes
    /// sentences that begin with "could not".
    pub(crate) fn io(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::Io { operation, path, source }
    }

    /// Returns the kind of the error, by which callers decide what to do.
    fn kind(&self) -> StorageErrorKind {
        match self {
            Self::Sql(error) => match error.sqlite_error_code() {
                Some(ErrorCode::DiskFull) => StorageErrorKind::DiskFull,
                Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StorageErrorKind::Damaged,
                Some(ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => StorageErrorKind::PermissionDenied,
                Some(_) | None => StorageErrorKind::Other,
            },
            Self::Locked(_) | Self::RecoveryRunning => StorageErrorKind::Locked,
            Self::Json(_) => StorageErrorKind::Damaged,
            Self::Io { source, .. } => io_kind(source),
            Self::NewerVersion { .. } => StorageErrorKind::NewerVersion,
            Self::NotOpened(error) => error.kind(),
            Self::Closed => StorageErrorKind::Closed,
            Self::CallNotFound(_) => StorageErrorKind::NotFound,
            Self::CallExists(_) | Self::Random(_) | Self::Task(_) => StorageErrorKind::Other,
            Self::ImageKept { source, .. } | Self::ReplacedKept { source, .. } => source.kind(),
        }
    }

    /// Returns what happened and what to do, for the user. The log has the paths and the causes.
    fn client_message(&self) -> String {
        match self {
            Self::Sql(error) => match self.kind() {
                StorageErrorKind::DiskFull => format!("Easel could not write its database: {DISK_FULL}"),
                StorageErrorKind::Damaged => DAMAGED.into(),
                StorageErrorKind::PermissionDenied => {
                    "Easel could not open its database: permission denied. Check the permissions of easel.db.".into()
                }
                StorageErrorKind::Locked
                | StorageErrorKind::NewerVersion
                | StorageErrorKind::NotFound
                | StorageErrorKind::Closed
                | StorageErrorKind::Other => format!("Easel's database failed: {error}."),
            },
            Self::Locked(_) => LOCKED.into(),
            Self::Json(_) => "Easel's database holds an entry that this version cannot read. Update Easel.".into(),
            Self::Io { operation, source, .. } => match io_kind(source) {
                StorageErrorKind::DiskFull => format!("Easel could not {operation}: {DISK_FULL}"),
                StorageErrorKind::PermissionDenied => format!("Easel could not {operation}: {DENIED}"),
                StorageErrorKind::NotFound => format!("Easel could not {operation}: {NOT_FOUND}"),
                StorageErrorKind::Locked
                | StorageErrorKind::Damaged
                | StorageErrorKind::NewerVersion
                | StorageErrorKind::Closed
                | StorageErrorKind::Other => format!("Easel could not {operation}: {}.", io_text(source)),
            },
            Self::NewerVersion { found, known } => format!(
                "A newer version of Easel has changed the database (version {found}; this program knows {known}). \
                 Update Easel."
            ),
            // The messages of these two already say what to do.
            Self::NotOpened(error) if matches!(**error, Self::Locked(_) | Self::NewerVersion { .. }) => {
                error.client_message()
            }
            Self::NotOpened(error) => {
                format!("{} Easel tries again with the next request.", error.client_message())
            }
            Self::Closed => "Easel's store is closed.".into(),
            Self::RecoveryRunning => {
                "Another Easel is still recovering the work of one that ended early. Try again later.".into()
            }
            Self::CallExists(id) => format!("The image call {id:?} already exists."),
            Self::CallNotFound(id) => format!("The image call {id:?} is unknown."),
            Self::Random(_) => "The operating system returned no random bits. Try again later.".into(),
            Self::Task(_) => "Easel failed during a disk operation. See its log.".into(),
            Self::ImageKept { paths, source } => {
                format!("{} The finished image is kept at {}.", source.client_message(), quote(paths))
            }
            Self::ReplacedKept { files, source } => {
                format!("{} Replaced files could not be put back: {}.", source.client_message(), quote_kept(files))
            }
        }
    }
}

const DISK_FULL: &str = "the disk is full. Free some space, then try again.";
const DENIED: &str = "permission denied. Easel's log names the file.";
const NOT_FOUND: &str = "the file or its folder does not exist. Easel's log names it.";
const DAMAGED: &str =
    "Easel's database is damaged. Restore easel.db from a backup, or move it away to start without history.";
const LOCKED: &str =
    "Another program has locked Easel's database. Close that program, or wait until it is done, then try again.";

fn io_kind(error: &io::Error) -> StorageErrorKind {
    let kind = error.kind();
    if matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
        StorageErrorKind::DiskFull
    } else if matches!(kind, io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) {
        StorageErrorKind::PermissionDenied
    } else if kind == io::ErrorKind::NotFound {
        StorageErrorKind::NotFound
    } else {
        StorageErrorKind::Other
    }
}

/// Returns what the operating system reported, without the path that [`tempfile`] adds.
fn io_text(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(code) => io::Error::from_raw_os_error(code).to_string(),
        None => error.kind().to_string(),
    }
}

/// Formats paths for a message. They are escaped, because a file name may contain any character.
fn quote(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| format!("{path:?}")).collect::<Vec<_>>().join(", ")
}

/// Says for each file where its old content is.
fn quote_kept(files: &[KeptFile]) -> String {
    let describe = |KeptFile { path, kept }: &KeptFile| format!("the old {path:?} is kept at {kept:?}");
    files.iter().map(describe).collect::<Vec<_>>().join(", ")
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked(Some(error)),
            Some(_) | None => Self::Sql(error),
        }
    }
}

impl From<Error> for StorageError {
    fn from(error: Error) -> Self {
        Self::new(error.kind(), error.client_message()).with_source(error)
    }
}
