//! Ephemeral threads. Their rows are in a database in memory and end with the process.
//!
//! Their images are on the disk with journal and records, like all others, since they may have been billed.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use easel_protocol::id::ThreadId;
use easel_protocol::thread::Thread;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use serde_json::{Map, Value};

use crate::db::worker::{LockTimeout, LockWait, WorkerState};
use crate::db::{connection, schema};
use crate::error::Error;
use crate::home::Home;
use crate::images::attachments;
use crate::threads::rows;

/// Names of the two databases on the connection of an [`EphemeralDatabase`].
pub(crate) const IN_MEMORY: &str = "main";
pub(crate) const ON_DISK: &str = "disk";

/// Tables that exist on the disk only. They are dropped in memory, so that their bare names mean those on the disk.
const DISK_TABLES: [&str; 7] = ["images", "calls", "removals", "usage", "usage_days", "ephemeral", "ledger"];

/// Ids of the ephemeral threads of this process. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct EphemeralThreads(Arc<Mutex<HashSet<ThreadId>>>);

impl EphemeralThreads {
    pub(crate) fn contains(&self, thread_id: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(thread_id)
    }

    fn insert(&self, thread_id: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(thread_id.into());
    }

    fn remove(&self, thread_id: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(thread_id)
    }
}

/// What a write to an ephemeral thread touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WriteScope {
    /// Rows in memory only: the write waits for no other process.
    Memory,
    /// Rows on the disk too.
    Disk,
    /// Rows on the disk too, which are flushed before the write ends.
    DurableDisk,
}

/// The state of the worker for ephemeral threads: a connection to both databases, `main` in memory and `disk`.
#[derive(Debug)]
pub(crate) struct EphemeralDatabase {
    connection: Connection,
    owner: Arc<str>,
    threads: EphemeralThreads,
    lock: LockWait,
}

impl WorkerState for EphemeralDatabase {
    fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    fn begin_write(&mut self, lock: LockWait) {
        self.lock = lock;
    }
}

impl EphemeralDatabase {
    /// Creates the database in memory and attaches `easel.db`, whose tables must have the newest version.
    pub(crate) fn open(home: &Home, owner: Arc<str>, threads: EphemeralThreads) -> Result<Self, Error> {
        let mut connection = Connection::open_in_memory()?;
        connection::configure(&connection)?;
        schema::migrate(&mut connection)?;
        for table in DISK_TABLES {
            connection.execute_batch(&format!("DROP TABLE {table}"))?;
        }
        // The triggers fill the search index, and ephemeral threads are not searched.
        for trigger in trigger_names(&connection)? {
            connection.execute_batch(&format!("DROP TRIGGER {trigger}"))?;
        }
        let path = home.database();
        connection.execute("ATTACH DATABASE ?1 AS disk", [path.to_string_lossy()])?;
        connection.pragma_update(Some("disk"), "synchronous", "NORMAL")?;
        connection::set_full_sync(&connection, Some("disk"))?;
        Ok(Self { connection, owner, threads, lock: LockWait::new(LockTimeout::Short, Arc::default()) })
    }

    /// Runs one transaction. It takes the write lock of `easel.db` unless it writes to memory only.
    pub(crate) fn write<T, E: From<rusqlite::Error>>(
        &mut self,
        scope: WriteScope,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        match scope {
            WriteScope::Memory => self.run(TransactionBehavior::Deferred, work),
            // Locks every attached database.
            WriteScope::Disk => self.run(TransactionBehavior::Immediate, work),
            WriteScope::DurableDisk => {
                self.connection.pragma_update(Some(ON_DISK), "synchronous", "FULL")?;
                let result = self.run(TransactionBehavior::Immediate, work);
                self.connection.pragma_update(Some(ON_DISK), "synchronous", "NORMAL")?;
                result
            }
        }
    }

    fn run<T, E: From<rusqlite::Error>>(
        &mut self,
        behavior: TransactionBehavior,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let transaction = self.lock.begin(&self.connection, behavior)?;
        let result = work(&transaction)?;
        transaction.commit()?;
        Ok(result)
    }

    /// Writes a thread. A new one is ephemeral from now on.
    pub(crate) fn save_thread(&mut self, thread: &Thread, overrides: Option<&Map<String, Value>>) -> Result<(), Error> {
        if self.threads.contains(&thread.id) {
            return self.write(WriteScope::Memory, |write| rows::save_thread(write, thread, overrides));
        }
        let owner = Arc::clone(&self.owner);
        self.write(WriteScope::Disk, |write| {
            record_owner(write, &thread.id, &owner)?;
            rows::save_thread(write, thread, overrides)
        })?;
        self.threads.insert(&thread.id);
        Ok(())
    }

    /// Writes a new thread by `copy`. The thread may be ephemeral, or a copy of one.
    pub(crate) fn save_copy<E: From<rusqlite::Error> + From<Error>>(
        &mut self,
        thread: &Thread,
        copy: impl FnOnce(&Transaction<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let owner = Arc::clone(&self.owner);
        self.write(WriteScope::Disk, |write| {
            if thread.ephemeral {
                record_owner(write, &thread.id, &owner)?;
            }
            copy(write)
        })?;
        if thread.ephemeral {
            self.threads.insert(&thread.id);
        }
        Ok(())
    }

    /// Ends an ephemeral thread; other threads are not touched. Images that it generated are kept with the images that
    /// they were made from. Returns whether files were queued for removal.
    pub(crate) fn end_thread(&mut self, thread_id: &str) -> Result<bool, Error> {
        if !self.threads.remove(thread_id) {
            return Ok(false);
        }
        self.connection.execute("DELETE FROM main.threads WHERE id = ?1", [thread_id])?;
        // If this fails, recovery does the same at the next start.
        self.write(WriteScope::Disk, |write| {
            write.execute("DELETE FROM ephemeral WHERE thread_id = ?1", [thread_id])?;
            attachments::release(write, thread_id)
        })
    }
}

/// Records on the disk which process has the thread, for other processes.
fn record_owner(write: &Transaction<'_>, thread_id: &str, owner: &str) -> Result<(), Error> {
    let sql = "INSERT INTO ephemeral (thread_id, owner) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET owner = ?2";
    write.prepare_cached(sql)?.execute((thread_id, owner))?;
    Ok(())
}

fn trigger_names(connection: &Connection) -> Result<Vec<String>, Error> {
    let mut statement = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'")?;
    Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}
