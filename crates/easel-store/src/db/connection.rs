//! Connections to `easel.db`: the one that writes, and those that only read.

use std::sync::Arc;

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::db::process_lock::ProcessLock;
use crate::db::schema;
use crate::db::worker::{BUSY_TIMEOUT, LockTimeout, LockWait, WorkerState};
use crate::error::Error;
use crate::files::removals;
use crate::home::Home;
use crate::lists::search;
use crate::os;
use crate::recovery::schedule::RecoverySchedule;

/// Size to which the write-ahead log is cut after a checkpoint. Without it one large transaction leaves a large log.
const LOG_BYTES: i64 = 64 << 20;

/// Size of the write-ahead log, in pages of 4 KiB, at which a commit copies it to the database. Copying takes half as
/// long as a fork of 1,000 turns, and SQLite's own limit of 1,000 pages would add it to every such fork.
const CHECKPOINT_PAGES: i64 = 4_000;

/// The state of the worker that writes to `easel.db`.
#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) connection: Connection,
    pub(crate) home: Arc<Home>,
    pub(crate) process_lock: ProcessLock,
    pub(crate) recovery: RecoverySchedule,
    lock: LockWait,
}

impl WorkerState for Database {
    fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    fn begin_write(&mut self, lock: LockWait) {
        // Recovery can be put off, so it waits for the lock neither as long as this operation nor as the one before.
        self.lock = LockWait::new(LockTimeout::Short, Arc::default());
        self.recover();
        self.lock = lock;
    }
}

impl Database {
    /// Opens the home: creates what is missing, migrates the tables, and closes what dead processes left open.
    pub(crate) fn open(home: Arc<Home>, owner_id: &str) -> Result<Self, Error> {
        home.prepare()?;
        let mut connection = connect_to_write(&home)?;
        schema::migrate(&mut connection)?;
        let process_lock = ProcessLock::acquire(&home, owner_id)?;
        let lock = LockWait::new(LockTimeout::Short, Arc::default());
        let mut database = Self { connection, home, process_lock, recovery: RecoverySchedule::new(), lock };
        database.recover();
        if let Err(error) = removals::run_all(&mut database) {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "files of deleted threads are kept until the next deletion or start"
            );
        }
        Ok(database)
    }

    /// Runs one transaction. It takes the write lock before it reads.
    pub(crate) fn write<T, E: From<rusqlite::Error>>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let transaction = self.lock.begin(&self.connection, TransactionBehavior::Immediate)?;
        let result = work(&transaction)?;
        transaction.commit()?;
        Ok(result)
    }

    /// Runs one transaction that is on the disk when this returns, and not only in the cache of the operating system.
    pub(crate) fn write_durably<T, E: From<rusqlite::Error>>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.connection.pragma_update(None, "synchronous", "FULL")?;
        let result = self.write(work);
        self.connection.pragma_update(None, "synchronous", "NORMAL")?;
        result
    }
}

fn connect_to_write(home: &Home) -> Result<Connection, Error> {
    let path = home.database();
    // SQLite would create the file and its journal readable for other users.
    drop(os::create_private_file(&path).map_err(Error::io("create the database file", &path))?);
    let connection = Connection::open(&path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        // Everything works, but readers and writers wait for each other, up to the busy timeout.
        tracing::warn!(mode, path = ?path, "the file system of the home does not support a write-ahead log; Easel is slower");
    }
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES)?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    set_full_sync(&connection, None)?;
    configure(&connection)?;
    Ok(connection)
}

/// Opens a connection that cannot write. The tables must have the newest version.
pub(crate) fn connect_to_read(home: &Home) -> Result<Connection, Error> {
    let connection = Connection::open_with_flags(home.database(), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    configure(&connection)?;
    Ok(connection)
}

/// Makes SQLite flush the disk's own cache where `fsync` does not (macOS). Elsewhere this changes nothing.
pub(crate) fn set_full_sync(connection: &Connection, schema: Option<&str>) -> Result<(), Error> {
    connection.pragma_update(schema, "fullfsync", true)?;
    connection.pragma_update(schema, "checkpoint_fullfsync", true)?;
    Ok(())
}

/// Applies the settings and functions that every connection has.
pub(crate) fn configure(connection: &Connection) -> Result<(), Error> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    search::register_functions(connection)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}
