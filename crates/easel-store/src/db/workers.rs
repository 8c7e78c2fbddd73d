//! The store's threads, and which of them does what.
//!
//! One writes to `easel.db`, one has the ephemeral threads, and three read: pages and single rows, whole threads, and
//! what walks through the rows of all threads. Each has a connection of its own, so that SQLite gives every read the state
//! after the newest write that was answered.

use std::sync::Arc;

use rusqlite::{Connection, Transaction};
use tokio::sync::OnceCell;

use crate::db::connection::{self, Database};
use crate::db::ephemeral::{Ephemeral, Locks, Memory};
use crate::db::worker::{Patience, Worker};
use crate::error::Error;
use crate::home::Home;

/// Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Lanes {
    pub(crate) writer: Worker<Database>,
    pub(crate) memory: Worker<Memory>,
    pages: Worker<Connection>,
    wholes: Worker<Connection>,
    searches: Worker<Connection>,
    /// Set once the writer has brought the tables to the newest version.
    opened: Arc<OnceCell<()>>,
    /// The threads that [`Lanes::memory`] has.
    pub(crate) ephemeral: Ephemeral,
}

/// How much a read looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reads {
    /// A row, or a page of them by an index.
    Page,
    /// All of one thread.
    Whole,
    /// The rows of many threads.
    Search,
}

impl Lanes {
    /// Returns at once. The database is opened before the first operation is answered.
    pub(crate) fn start(home: &Arc<Home>, owner: &Arc<str>) -> Self {
        let ephemeral = Ephemeral::default();
        let reader = |name| {
            let home = Arc::clone(home);
            Worker::start(name, move || connection::connect_to_read(&home))
        };
        let writer = {
            let (home, owner) = (Arc::clone(home), Arc::clone(owner));
            Worker::start("easel-store", move || Database::open(Arc::clone(&home), &owner))
        };
        let memory = {
            let (home, owner, ephemeral) = (Arc::clone(home), Arc::clone(owner), ephemeral.clone());
            Worker::start("easel-memory", move || Memory::open(&home, Arc::clone(&owner), ephemeral.clone()))
        };
        writer.open();
        Self {
            writer,
            memory,
            pages: reader("easel-pages"),
            wholes: reader("easel-wholes"),
            searches: reader("easel-searches"),
            opened: Arc::default(),
            ephemeral,
        }
    }

    /// Reads what is on the disk.
    pub(crate) async fn read<T, E>(
        &self,
        reads: Reads,
        operation: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.open().await?;
        let worker = match reads {
            Reads::Page => &self.pages,
            Reads::Whole => &self.wholes,
            Reads::Search => &self.searches,
        };
        worker.read(operation).await
    }

    /// Reads one thread where it is.
    pub(crate) async fn read_of<T, E>(
        &self,
        thread_id: &str,
        reads: Reads,
        operation: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        if self.ephemeral.has(thread_id) {
            return self.memory.read(operation).await;
        }
        self.read(reads, operation).await
    }

    /// Writes to one thread where it is, in one transaction. `locks` says what of an ephemeral thread is written.
    pub(crate) async fn write_to<T, E>(
        &self,
        thread_id: &str,
        patience: Patience,
        locks: Locks,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + From<rusqlite::Error> + Send + 'static,
    {
        if self.ephemeral.has(thread_id) {
            return self.memory.write(patience, move |memory| memory.write(locks, work)).await;
        }
        self.writer.write(patience, move |database| database.write(work)).await
    }

    /// Waits until the tables have the newest version.
    pub(crate) async fn open(&self) -> Result<(), Error> {
        self.opened.get_or_try_init(|| self.writer.write(Patience::Short, |_| Ok(()))).await.map(|_| ())
    }

    /// Ends the use of the database: what was asked before is done, what is asked after is refused.
    pub(crate) async fn close(&self) {
        // The writer comes last: a connection that only reads cannot clean up after itself.
        for reader in [&self.pages, &self.wholes, &self.searches] {
            reader.close().await;
        }
        self.memory.close().await;
        self.writer.close().await;
    }
}
