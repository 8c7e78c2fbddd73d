//! Ephemeral threads: their rows are in a database in memory and end with the process. Their images are kept on the disk
//! with journal and records like all others, since they may have been paid for.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use easel_protocol::thread::Thread;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use serde_json::{Map, Value};

use crate::db::connection;
use crate::db::worker::{LockWait, Patience, Session};
use crate::error::Error;
use crate::home::Home;
use crate::threads::append;
use crate::threads::delete_thread;

/// Where the tables of a thread are, seen from the connection of [`Memory`].
pub(crate) const IN_MEMORY: &str = "main";
pub(crate) const ON_DISK: &str = "disk";

/// Tables that stay on the disk. Without them in memory, their bare names mean those on the disk.
const LEFT_ON_DISK: [&str; 6] = ["images", "calls", "removals", "usage", "usage_days", "ephemeral"];

/// Ids of the threads that are in memory, for those that have to know where to look.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ephemeral(Arc<Mutex<HashSet<String>>>);

impl Ephemeral {
    pub(crate) fn has(&self, thread_id: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(thread_id)
    }

    fn insert(&self, thread_id: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(thread_id.to_owned());
    }

    fn remove(&self, thread_id: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(thread_id)
    }
}

/// What a write of an ephemeral thread touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Locks {
    /// Its rows in memory: the write waits for nobody.
    Memory,
    /// Rows on the disk too.
    Disk,
}

/// A connection that has both databases: `main` in memory, `disk` on the disk.
#[derive(Debug)]
pub(crate) struct Memory {
    connection: Connection,
    owner: Arc<str>,
    threads: Ephemeral,
    lock: LockWait,
}

impl Session for Memory {
    fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    fn prepare(&mut self, lock: LockWait) {
        self.lock = lock;
    }
}

impl Memory {
    /// `easel.db` must have the newest version.
    pub(crate) fn open(home: &Home, owner: Arc<str>, threads: Ephemeral) -> Result<Self, Error> {
        let mut connection = Connection::open_in_memory()?;
        connection::set_up(&connection)?;
        connection::migrate(&mut connection)?;
        for table in LEFT_ON_DISK {
            connection.execute_batch(&format!("DROP TABLE {table}"))?;
        }
        // What is ephemeral is not searched.
        for trigger in triggers(&connection)? {
            connection.execute_batch(&format!("DROP TRIGGER {trigger}"))?;
        }
        let path = home.database();
        connection.execute("ATTACH DATABASE ?1 AS disk", [path.to_string_lossy()])?;
        connection.pragma_update(Some("disk"), "synchronous", "NORMAL")?;
        connection::set_durability(&connection, Some("disk"))?;
        Ok(Self { connection, owner, threads, lock: LockWait::new(Patience::Short, Arc::default()) })
    }

    /// One transaction. The disk's write lock is taken only where it is needed.
    pub(crate) fn write<T, E: From<rusqlite::Error>>(
        &mut self,
        locks: Locks,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let behavior = match locks {
            Locks::Memory => TransactionBehavior::Deferred,
            // Of every database that is attached.
            Locks::Disk => TransactionBehavior::Immediate,
        };
        let transaction = self.lock.begin(&self.connection, behavior)?;
        let result = work(&transaction)?;
        transaction.commit()?;
        Ok(result)
    }

    /// Writes a thread, which from now on is here.
    pub(crate) fn put_thread(&mut self, thread: &Thread, overrides: Option<&Map<String, Value>>) -> Result<(), Error> {
        if self.threads.has(&thread.id) {
            return self.write(Locks::Memory, |write| append::put_thread(write, thread, overrides));
        }
        let owner = Arc::clone(&self.owner);
        self.write(Locks::Disk, |write| {
            claim(write, &thread.id, &owner)?;
            append::put_thread(write, thread, overrides)
        })?;
        self.threads.insert(&thread.id);
        Ok(())
    }

    /// Like [`Memory::put_thread`] for a thread that `copy` writes.
    pub(crate) fn put_copy<E: From<rusqlite::Error> + From<Error>>(
        &mut self,
        thread: &Thread,
        copy: impl FnOnce(&Transaction<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let owner = Arc::clone(&self.owner);
        self.write(Locks::Disk, |write| {
            if thread.ephemeral {
                claim(write, &thread.id, &owner)?;
            }
            copy(write)
        })?;
        if thread.ephemeral {
            self.threads.insert(&thread.id);
        }
        Ok(())
    }

    /// Ends a thread; what it made stays, with what that was made of. Returns whether files are noted for removal. Nothing
    /// happens to threads on the disk.
    pub(crate) fn forget(&mut self, thread_id: &str) -> Result<bool, Error> {
        if !self.threads.remove(thread_id) {
            return Ok(false);
        }
        self.connection.execute("DELETE FROM main.threads WHERE id = ?1", [thread_id])?;
        // The next start does this as well.
        self.write(Locks::Disk, |write| {
            write.execute("DELETE FROM ephemeral WHERE thread_id = ?1", [thread_id])?;
            delete_thread::release_given(write, thread_id)
        })
    }
}

/// Tells other processes whose the thread is: the disk has no other row of it.
fn claim(write: &Transaction<'_>, thread_id: &str, owner: &str) -> Result<(), Error> {
    let sql = "INSERT INTO ephemeral (thread_id, owner) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET owner = ?2";
    write.prepare_cached(sql)?.execute((thread_id, owner))?;
    Ok(())
}

fn triggers(connection: &Connection) -> Result<Vec<String>, Error> {
    let mut statement = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'")?;
    Ok(statement.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?)
}
