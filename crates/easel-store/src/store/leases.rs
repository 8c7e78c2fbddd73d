//! Which process writes to a thread.

use easel_imagegen::port::StorageError;
use rusqlite::Connection;

use super::EaselStore;
use crate::db::connection::Database;
use crate::db::process_lock::Gate;
use crate::db::worker::Patience;
use crate::db::workers::Reads;
use crate::threads::lease::{self, Acquired, LeaseError};

impl EaselStore {
    /// Makes this process the writer of a thread, and closes what a dead writer left open in it.
    pub async fn acquire_writer(&self, thread_id: &str) -> Result<(), LeaseError> {
        if self.lanes.ephemeral.has(thread_id) {
            return Ok(());
        }
        let mut gate: Option<Gate> = None;
        loop {
            let id = thread_id.to_owned();
            let acquire = move |database: &mut Database| lease::acquire(database, &id, gate.as_ref());
            match self.lanes.writer.write(Patience::Short, acquire).await? {
                Acquired::Yes => return Ok(()),
                // Waited for here, where nobody else is kept from the database.
                Acquired::NeedsGate => gate = Some(Gate::enter(&self.home).await?),
            }
        }
    }

    /// The same for the images of a thread, also of an ephemeral one that has ended.
    pub async fn acquire_image_writer(&self, thread_id: &str) -> Result<(), LeaseError> {
        let acquired = self.acquire_writer(thread_id).await;
        if !matches!(acquired, Err(LeaseError::ThreadNotFound)) {
            return acquired;
        }
        let (home, thread_id) = (self.home.clone(), thread_id.to_owned());
        let check = move |connection: &Connection| lease::check_ephemeral(connection, &home, &thread_id);
        self.lanes.read(Reads::Page, check).await
    }

    /// Whether this process could be the writer of a thread now; it does not become it.
    pub async fn check_writer(&self, thread_id: &str) -> Result<(), LeaseError> {
        if self.lanes.ephemeral.has(thread_id) {
            return Ok(());
        }
        let (home, me, thread_id) = (self.home.clone(), self.owner.clone(), thread_id.to_owned());
        self.lanes.read(Reads::Page, move |connection| lease::check(connection, &home, &me, &thread_id)).await
    }

    /// Lets another process write to the thread. Nothing happens when this one is not its writer.
    pub async fn release_writer(&self, thread_id: &str) -> Result<(), StorageError> {
        if self.lanes.ephemeral.has(thread_id) {
            return Ok(());
        }
        let thread_id = thread_id.to_owned();
        self.run(Patience::Short, move |database| lease::release(database, &thread_id)).await
    }
}
