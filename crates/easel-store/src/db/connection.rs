//! The connection that writes to `easel.db`, and the versions of its tables.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::db::process_lock::Owner;
use crate::db::worker::{ATTEMPT, LockWait, Patience, Session};
use crate::error::Error;
use crate::home::Home;
use crate::home::{image_lines, relative_paths};
use crate::lists::search;
use crate::os;
use crate::recovery::schedule::Recovery;
use crate::threads::delete_thread;

/// The step to version n stands at n - 1.
const MIGRATIONS: [&str; 10] = [
    include_str!("../migrations/1.sql"),
    include_str!("../migrations/2.sql"),
    include_str!("../migrations/3.sql"),
    include_str!("../migrations/4.sql"),
    include_str!("../migrations/5.sql"),
    include_str!("../migrations/6.sql"),
    include_str!("../migrations/7.sql"),
    include_str!("../migrations/8.sql"),
    include_str!("../migrations/9.sql"),
    include_str!("../migrations/10.sql"),
];

/// The write-ahead log is cut back to this size: one large transaction would leave it large for good.
const LOG_BYTES: i64 = 64 << 20;

/// What the thread that writes owns.
#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) connection: Connection,
    pub(crate) home: Arc<Home>,
    pub(crate) owner: Owner,
    lock: LockWait,
    pub(crate) recovery: Recovery,
}

impl Session for Database {
    fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    fn prepare(&mut self, lock: LockWait) {
        // Neither with the patience of this operation nor with that of the one before: what is left open can wait.
        self.lock = LockWait::new(Patience::Short, Arc::default());
        self.recover();
        self.lock = lock;
    }
}

impl Database {
    /// Opens the home: creates what is not there, then closes what dead processes left open.
    pub(crate) fn open(home: Arc<Home>, owner_id: &str) -> Result<Self, Error> {
        home.prepare()?;
        let mut connection = connect(&home)?;
        migrate(&mut connection)?;
        let owner = Owner::claim(&home, owner_id)?;
        let lock = LockWait::new(Patience::Short, Arc::default());
        let mut database = Self { connection, home, owner, lock, recovery: Recovery::new() };
        database.recover();
        if let Err(error) = delete_thread::run(&mut database) {
            tracing::warn!(%error, "files of deleted threads stay for now");
        }
        Ok(database)
    }

    /// One transaction that waits for its turn to write before it reads.
    pub(crate) fn write<T, E: From<rusqlite::Error>>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let transaction = self.lock.begin(&self.connection, TransactionBehavior::Immediate)?;
        let result = work(&transaction)?;
        transaction.commit()?;
        Ok(result)
    }

    /// The same, on the disk and not only in the system's cache when it returns.
    pub(crate) fn write_durably<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.connection.pragma_update(None, "synchronous", "FULL")?;
        let result = self.write(work);
        self.connection.pragma_update(None, "synchronous", "NORMAL")?;
        result
    }
}

fn connect(home: &Home) -> Result<Connection, Error> {
    let path = home.database();
    // SQLite would create the file, and its journal beside it, readable for others.
    drop(os::create_private_file(&path).map_err(Error::io("create the database file", &path))?);
    let connection = Connection::open(&path)?;
    connection.busy_timeout(ATTEMPT)?;
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        // Everything works, but readers and writers wait for each other, up to the busy timeout.
        tracing::warn!(mode, path = ?path, "the file system of Easel's home has no write-ahead log; Easel is slower here");
    }
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES)?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    set_durability(&connection, None)?;
    set_up(&connection)?;
    Ok(connection)
}

/// Where `fsync` does not reach the disk (macOS), SQLite asks for more. Elsewhere this changes nothing.
pub(crate) fn set_durability(connection: &Connection, schema: Option<&str>) -> Result<(), Error> {
    connection.pragma_update(schema, "fullfsync", true)?;
    connection.pragma_update(schema, "checkpoint_fullfsync", true)?;
    Ok(())
}

/// A connection that cannot write. The tables must have the newest version.
pub(crate) fn connect_to_read(home: &Home) -> Result<Connection, Error> {
    let path: PathBuf = home.database();
    let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    set_up(&connection)?;
    Ok(connection)
}

/// What every connection is told.
pub(crate) fn set_up(connection: &Connection) -> Result<(), Error> {
    connection.busy_timeout(ATTEMPT)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    search::teach(connection)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// Brings the tables to the newest version. A database that has it is not locked.
pub(crate) fn migrate(connection: &mut Connection) -> Result<(), Error> {
    if missing_steps(connection)?.is_empty() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    relative_paths::teach(&transaction)?;
    image_lines::register(&transaction)?;
    // Another process may have been faster.
    for step in missing_steps(&transaction)? {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", MIGRATIONS.len() as u32)?;
    transaction.commit()?;
    Ok(())
}

fn missing_steps(connection: &Connection) -> Result<&'static [&'static str], Error> {
    let version: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    MIGRATIONS.get(version as usize..).ok_or(Error::NewerVersion { found: version, known: MIGRATIONS.len() })
}

/// Unix milliseconds.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_millis().try_into().unwrap_or(i64::MAX)
}
