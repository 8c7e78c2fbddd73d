//! Methods that decide which process writes to a thread.

use std::time::Duration;

use easel_imagegen::port::StorageError;
use rusqlite::Connection;

use super::EaselStore;
use crate::db::connection::Database;
use crate::db::recovery_lock::RecoveryLock;
use crate::db::worker::LockTimeout;
use crate::db::workers::ReadKind;
use crate::error::Error;
use crate::threads::lease::{self, Acquisition, LeaseError};

/// How long to wait before asking again for a recovery whose database could not be opened. Each attempt logs an error.
const RETRY_DELAY: Duration = Duration::from_secs(60);

impl EaselStore {
    /// Completes a recovery that was put off because another program had locked the database. Returns when everything
    /// that dead processes left open is closed, or when the store is closed. Run it in a task of its own: without it, a
    /// process that only reads would show the turns of a dead process as running.
    pub async fn complete_recovery(&self) {
        loop {
            // Every write begins with the recovery, if it is due.
            let due = |database: &mut Database| Ok::<_, Error>(database.recovery.due());
            match self.workers.writer.write(LockTimeout::Short, due).await {
                Ok(None) | Err(Error::Closed) => return,
                Ok(Some(due)) => tokio::time::sleep_until(due.into()).await,
                Err(_) => tokio::time::sleep(RETRY_DELAY).await,
            }
        }
    }

    /// Closes what a dead writer left open in a thread, and makes this process its writer.
    ///
    /// # Errors
    /// If another process is the writer, the thread does not exist, or the database cannot be written. A later attempt
    /// closes what is open then.
    pub async fn acquire_writer(&self, thread_id: &str) -> Result<(), LeaseError> {
        if self.workers.ephemeral_threads.contains(thread_id) {
            return Ok(());
        }
        let mut recovery_lock: Option<RecoveryLock> = None;
        loop {
            let id = thread_id.to_owned();
            let acquire = move |database: &mut Database| lease::acquire(database, &id, recovery_lock.as_ref());
            match self.workers.writer.write(LockTimeout::Short, acquire).await? {
                Acquisition::Acquired => return Ok(()),
                // Awaited here, so that the worker serves others meanwhile.
                Acquisition::NeedsRecoveryLock => recovery_lock = Some(RecoveryLock::acquire(&self.home).await?),
            }
        }
    }

    /// Makes this process the writer of a thread's images, like [`EaselStore::acquire_writer`]. Images of an ephemeral
    /// thread that has ended need no writer.
    ///
    /// # Errors
    /// As [`EaselStore::acquire_writer`].
    pub async fn acquire_image_writer(&self, thread_id: &str) -> Result<(), LeaseError> {
        let acquired = self.acquire_writer(thread_id).await;
        if !matches!(acquired, Err(LeaseError::ThreadNotFound)) {
            return acquired;
        }
        let (home, thread_id) = (self.home.clone(), thread_id.to_owned());
        let check = move |connection: &Connection| lease::check_ephemeral(connection, &home, &thread_id);
        self.workers.read(ReadKind::Page, check).await
    }

    /// Checks that this process could become the writer of a thread. It does not become the writer.
    ///
    /// # Errors
    /// As [`EaselStore::acquire_writer`].
    pub async fn check_writer(&self, thread_id: &str) -> Result<(), LeaseError> {
        if self.workers.ephemeral_threads.contains(thread_id) {
            return Ok(());
        }
        let (home, owner, thread_id) = (self.home.clone(), self.owner.clone(), thread_id.to_owned());
        let check = move |connection: &Connection| lease::check(connection, &home, &owner, &thread_id);
        self.workers.read(ReadKind::Page, check).await
    }

    /// Lets other processes write to the thread. Does nothing if this process is not its writer.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn release_writer(&self, thread_id: &str) -> Result<(), StorageError> {
        if self.workers.ephemeral_threads.contains(thread_id) {
            return Ok(());
        }
        let thread_id = thread_id.to_owned();
        self.write(LockTimeout::Short, move |database| lease::release(database, &thread_id)).await
    }
}
