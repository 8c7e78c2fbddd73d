//! Methods that remove what no thread needs.

use easel_imagegen::port::StorageError;

use super::EaselStore;
use crate::db::worker::LockTimeout;
use crate::db::workers::ReadKind;
use crate::files::prune::{self, Prunable};

impl EaselStore {
    /// Measures what [`EaselStore::prune`] would remove.
    ///
    /// # Errors
    /// If the database or a folder cannot be read.
    pub async fn find_prunable(&self) -> Result<Prunable, StorageError> {
        let home = self.home.clone();
        self.read(ReadKind::Search, move |connection| prune::measure(connection, &home)).await
    }

    /// Removes model copies, images of deleted threads and attachments that no thread shows. Never removes an image
    /// that a thread references.
    ///
    /// # Errors
    /// If the database cannot be written, or a folder cannot be read.
    pub async fn prune(&self) -> Result<(), StorageError> {
        self.write(LockTimeout::Short, prune::remove).await?;
        self.remove_files().await;
        Ok(())
    }
}
