//! The worker threads of the store, and which of them does what.
//!
//! One writes to `easel.db`, one holds the ephemeral threads, and three read: single rows and pages, whole threads, and
//! queries that walk through the rows of all threads. Each worker has its own connection, so a read sees the state
//! after the newest write that was answered.

use std::sync::Arc;

use rusqlite::{Connection, Transaction};
use tokio::sync::OnceCell;

use crate::db::connection::{self, Database};
use crate::db::ephemeral::{EphemeralDatabase, EphemeralThreads, WriteScope};
use crate::db::worker::{LockTimeout, Worker};
use crate::error::Error;
use crate::home::Home;

/// Handles of all workers. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Workers {
    pub(crate) writer: Worker<Database>,
    pub(crate) ephemeral: Worker<EphemeralDatabase>,
    page_reader: Worker<Connection>,
    thread_reader: Worker<Connection>,
    search_reader: Worker<Connection>,
    /// Set once the writer has migrated the tables.
    opened: Arc<OnceCell<()>>,
    /// Ids of the threads that [`Workers::ephemeral`] holds.
    pub(crate) ephemeral_threads: EphemeralThreads,
}

/// How many rows a read looks at. It decides which worker runs the read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReadKind {
    /// One row, or one page of rows found by an index.
    Page,
    /// All rows of one thread.
    WholeThread,
    /// The rows of many threads.
    Search,
}

impl Workers {
    /// Starts the writer, which opens the database, and returns at once. The other threads start when they are needed.
    pub(crate) fn start(home: &Arc<Home>, owner: &Arc<str>) -> Self {
        let ephemeral_threads = EphemeralThreads::default();
        let reader = |name| {
            let home = Arc::clone(home);
            Worker::new(name, move || connection::connect_to_read(&home))
        };
        let writer = {
            let (home, owner) = (Arc::clone(home), Arc::clone(owner));
            Worker::new("easel-writer", move || Database::open(Arc::clone(&home), &owner))
        };
        let ephemeral = {
            let (home, owner, threads) = (Arc::clone(home), Arc::clone(owner), ephemeral_threads.clone());
            Worker::new("easel-ephemeral", move || EphemeralDatabase::open(&home, Arc::clone(&owner), threads.clone()))
        };
        writer.open();
        Self {
            writer,
            ephemeral,
            page_reader: reader("easel-pages"),
            thread_reader: reader("easel-threads"),
            search_reader: reader("easel-searches"),
            opened: Arc::default(),
            ephemeral_threads,
        }
    }

    /// Reads from the main database.
    pub(crate) async fn read<T, E>(
        &self,
        kind: ReadKind,
        operation: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.open().await?;
        let worker = match kind {
            ReadKind::Page => &self.page_reader,
            ReadKind::WholeThread => &self.thread_reader,
            ReadKind::Search => &self.search_reader,
        };
        worker.read(operation).await
    }

    /// Reads from the database that has the thread: in memory if the thread is ephemeral, else the main one.
    pub(crate) async fn read_thread<T, E>(
        &self,
        thread_id: &str,
        kind: ReadKind,
        operation: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        if self.ephemeral_threads.contains(thread_id) {
            return self.ephemeral.read(operation).await;
        }
        self.read(kind, operation).await
    }

    /// Writes to the database that has the thread, in one transaction. `scope` says what the write touches if the
    /// thread is ephemeral, and whether it is durable.
    pub(crate) async fn write_thread<T, E>(
        &self,
        thread_id: &str,
        lock_timeout: LockTimeout,
        scope: WriteScope,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + From<rusqlite::Error> + Send + 'static,
    {
        if self.ephemeral_threads.contains(thread_id) {
            return self.ephemeral.write(lock_timeout, move |database| database.write(scope, work)).await;
        }
        let write = move |database: &mut Database| match scope {
            WriteScope::Memory | WriteScope::Disk => database.write(work),
            WriteScope::DurableDisk => database.write_durably(work),
        };
        self.writer.write(lock_timeout, write).await
    }

    /// Waits until the tables have the newest version.
    pub(crate) async fn open(&self) -> Result<(), Error> {
        self.opened.get_or_try_init(|| self.writer.write(LockTimeout::Short, |_| Ok(()))).await.map(|_| ())
    }

    /// Closes all connections after the operations that were queued before. Later operations fail.
    pub(crate) async fn close(&self) {
        // The writer comes last: a read-only connection cannot remove the write-ahead log.
        for reader in [&self.page_reader, &self.thread_reader, &self.search_reader] {
            reader.close().await;
        }
        self.ephemeral.close().await;
        self.writer.close().await;
    }
}
