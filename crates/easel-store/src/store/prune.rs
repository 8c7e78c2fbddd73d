//! Methods that remove what no thread needs.

use std::collections::BTreeSet;
use std::error::Error;

use easel_imagegen::port::StorageError;

use super::EaselStore;
use crate::db::worker::LockTimeout;
use crate::db::workers::ReadKind;
use crate::files::prune::{self, Prunable, Pruned};
use crate::threads::delete_thread;

impl EaselStore {
    /// Lists what [`EaselStore::prune`] would remove, and what it does not know.
    ///
    /// # Errors
    /// If the database or a folder cannot be read.
    pub async fn find_prunable(&self) -> Result<Prunable, StorageError> {
        let home = self.home.clone();
        self.read(ReadKind::Search, move |connection| prune::list(connection, &home)).await
    }

    /// Removes model copies, what dead processes left, and files that are still queued for removal. Never removes a
    /// complete image, unless a deletion queued it.
    ///
    /// # Errors
    /// If the database cannot be read, or a folder cannot. A file that cannot be removed is a failure in the result.
    pub async fn prune(&self) -> Result<Pruned, StorageError> {
        let mut pruned = self.write(LockTimeout::Short, prune::remove).await?;
        let mut kept = BTreeSet::new();
        let removed = self.try_remove_files(|failures| kept.extend(failures.iter().map(with_cause))).await;
        kept.into_iter().for_each(|failure| pruned.fail(failure));
        if let Err(error) = removed {
            pruned.fail(format!("could not remove every file of deleted threads: {}", with_cause(&error)));
        }
        Ok(pruned)
    }

    /// Deletes a thread like [`EaselStore::delete_thread`], if it is still archived and has not changed since
    /// `newest`, in seconds since 1970. Returns false if it is not deleted. The caller must be the thread's writer.
    ///
    /// # Errors
    /// If the database cannot be written. Files that cannot be removed are tried again later.
    pub async fn delete_archived_thread(&self, thread_id: &str, newest: i64) -> Result<bool, StorageError> {
        let id = thread_id.to_owned();
        let delete = move |database: &mut _| delete_thread::delete_archived(database, &id, newest);
        let deleted = self.write(LockTimeout::Short, delete).await?;
        self.remove_files().await;
        Ok(deleted)
    }
}

/// Returns the text of an error and of its cause.
fn with_cause(error: &impl Error) -> String {
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    format!("{error}{cause}")
}
