//! Image files on disk: how they are written, named, checked and removed.

use easel_imagegen::port::StorageError;

use crate::error::Error;

pub(crate) mod free_name;
pub(crate) mod hashing_writer;
pub(crate) mod image_writer;
pub(crate) mod prune;
pub(crate) mod removals;
pub(crate) mod spare_folders;
pub(crate) mod staged;
pub(crate) mod thread_files;
pub(crate) mod unfinished;
pub(crate) mod validate_image;

/// Runs file operations on tokio's pool for blocking work.
pub(crate) async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, StorageError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::Task(error).into())
}
