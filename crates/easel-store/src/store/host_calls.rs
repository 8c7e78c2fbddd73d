//! Methods for the calls of clients that run their own model loop.

use easel_imagegen::port::StorageError;
use easel_protocol::id::ItemId;
use rusqlite::{Connection, Transaction};

use super::EaselStore;
use crate::db::ephemeral::WriteScope;
use crate::db::worker::LockTimeout;
use crate::db::workers::ReadKind;
use crate::journal::host_calls::{self, HostCallRequest, KnownHostCall};

impl EaselStore {
    /// Finds a client's call that does not run in this process.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn find_host_call(&self, request: HostCallRequest) -> Result<KnownHostCall, StorageError> {
        let (thread_id, home) = (request.thread_id.clone(), self.home.clone());
        let find = move |connection: &Connection| host_calls::find(connection, &home, &request);
        self.read_thread(&thread_id, ReadKind::Page, find).await
    }

    /// Stores a client's call that [`EaselStore::find_host_call`] says is new, and returns the id of its item.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn begin_host_call(&self, request: HostCallRequest) -> Result<ItemId, StorageError> {
        let thread_id = request.thread_id.clone();
        let begin = move |write: &Transaction<'_>| host_calls::begin(write, &request);
        self.write_thread(&thread_id, LockTimeout::Short, WriteScope::Memory, begin).await
    }
}
