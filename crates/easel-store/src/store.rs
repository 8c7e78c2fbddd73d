//! The public API of the store. Each method sends a closure to the worker that has the data.

mod host_calls;
mod images;
mod leases;
mod lists;
mod port;
mod prune;
mod threads;

use std::path::PathBuf;
use std::sync::Arc;

use easel_imagegen::port::StorageError;
use rusqlite::Connection;

use crate::db::connection::Database;
use crate::db::worker::LockTimeout;
use crate::db::workers::{ReadKind, Workers};
use crate::error::Error;
use crate::files::removals;
use crate::home::Home;
use crate::images::copy_maker::CopyMaker;
use crate::images::edits::EditExaminer;
use crate::images::import::copy::ImportLimits;

/// Easel's home on this machine. Cheap to clone. Several processes may have the same home open.
#[derive(Debug, Clone)]
pub struct EaselStore {
    pub(crate) workers: Workers,
    pub(crate) home: Arc<Home>,
    /// Identifies this store among all processes that use the home.
    pub(crate) owner: Arc<str>,
    pub(crate) limits: ImportLimits,
    pub(crate) copy_maker: CopyMaker,
    pub(crate) edit_examiner: EditExaminer,
}

impl EaselStore {
    /// Opens a home and returns at once. `home` must be absolute.
    ///
    /// The database is opened, and what dead processes left open is closed, before the first operation is answered. If
    /// that fails, each operation returns the error, and later ones try again.
    pub fn open(home: PathBuf, limits: ImportLimits) -> Self {
        let home = Arc::new(Home::new(home));
        let owner: Arc<str> = uuid::Uuid::now_v7().to_string().into();
        let workers = Workers::start(&home, &owner);
        Self { workers, home, owner, limits, copy_maker: CopyMaker::new(), edit_examiner: EditExaminer::new() }
    }

    /// Closes the home after the operations that were queued before. Later operations fail, including those of clones.
    pub async fn close(&self) {
        self.workers.close().await;
    }

    /// Writes to the main database.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        lock_timeout: LockTimeout,
        operation: impl FnOnce(&mut Database) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, StorageError> {
        Ok(self.workers.writer.write(lock_timeout, operation).await?)
    }

    /// Reads from the main database.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        kind: ReadKind,
        read: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, StorageError> {
        Ok(self.workers.read(kind, read).await?)
    }

    /// Removes the queued files. After a failure they are tried again with the next deletion or start.
    pub(crate) async fn remove_files(&self) {
        if let Err(error) = self.try_remove_files(|failures| removals::log_failures(&failures)).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "unreferenced files are kept until the next deletion or start"
            );
        }
    }

    /// Removes the queued files, some at a time, so that other writes come in between. Passes the failures of each step
    /// to `report`.
    async fn try_remove_files(&self, mut report: impl FnMut(Vec<Error>)) -> Result<(), StorageError> {
        let mut next = Some(removals::FIRST.to_owned());
        while let Some(before) = next {
            let step = self.write(LockTimeout::Short, move |database| removals::run_step(database, &before)).await?;
            report(step.failures);
            next = step.last;
        }
        Ok(())
    }
}
