//! The connection to `easel.db`, and the versions of its tables.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::fault::Fault;
use crate::home::Home;
use crate::memory::Memory;
use crate::owner::{self, Gate, Owner};
use crate::{os, paths, recover, removal, words};

/// How long one process waits for another's write.
const BUSY: Duration = Duration::from_secs(5);

/// The step to version n stands at n - 1.
const MIGRATIONS: [&str; 5] = [
    include_str!("migrations/1.sql"),
    include_str!("migrations/2.sql"),
    include_str!("migrations/3.sql"),
    include_str!("migrations/4.sql"),
    include_str!("migrations/5.sql"),
];

/// What the database thread owns.
#[derive(Debug)]
pub(crate) struct Database {
    /// `easel.db`.
    pub(crate) connection: Connection,
    /// The ephemeral threads.
    pub(crate) memory: Memory,
    pub(crate) home: Arc<Home>,
    pub(crate) owner: Owner,
}

impl Database {
    /// Opens the home: creates what is not there, then closes what dead processes left open.
    pub(crate) fn open(home: Arc<Home>, owner_id: &str) -> Result<Self, Fault> {
        home.prepare()?;
        let gate = Gate::enter(&home)?;
        let mut connection = connect(&home)?;
        migrate(&mut connection)?;
        let owner = Owner::claim(&home, owner_id, &gate)?;
        let mut database = Self { connection, memory: Memory::default(), home, owner };
        if let Err(fault) = recover::all(&mut database, &gate) {
            tracing::warn!(%fault, "what an earlier process left open could not all be closed");
        }
        if let Err(fault) = removal::run(&mut database) {
            tracing::warn!(%fault, "files of deleted threads stay for now");
        }
        if let Err(fault) = owner::sweep(&database.home, &gate) {
            tracing::debug!(%fault, "stale lock files stay");
        }
        Ok(database)
    }

    /// The connection that has a thread: the database's for every thread that is not ephemeral, known or not.
    pub(crate) fn of(&mut self, thread_id: &str) -> &mut Connection {
        self.memory.of(thread_id).unwrap_or(&mut self.connection)
    }

    /// One transaction that waits for its turn to write before it reads.
    pub(crate) fn write<T>(&mut self, work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>) -> Result<T, Fault> {
        write(&mut self.connection, work)
    }

    /// The same where the thread is.
    pub(crate) fn write_to<T>(
        &mut self,
        thread_id: &str,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        write(self.of(thread_id), work)
    }

    /// The same, on the disk and not only in the system's cache when it returns.
    pub(crate) fn write_durably<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.connection.pragma_update(None, "synchronous", "FULL")?;
        let result = self.write(work);
        self.connection.pragma_update(None, "synchronous", "NORMAL")?;
        result
    }
}

pub(crate) fn write<T, E: From<rusqlite::Error>>(
    connection: &mut Connection,
    work: impl FnOnce(&Transaction<'_>) -> Result<T, E>,
) -> Result<T, E> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let result = work(&transaction)?;
    transaction.commit()?;
    Ok(result)
}

fn connect(home: &Home) -> Result<Connection, Fault> {
    let path = home.database();
    // SQLite would create the file, and its journal beside it, readable for others.
    drop(os::create_private_file(&path).map_err(Fault::io("could not create", &path))?);
    let connection = Connection::open(&path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    set_up(&connection)?;
    Ok(connection)
}

/// What every connection is told.
pub(crate) fn set_up(connection: &Connection) -> Result<(), Fault> {
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    words::teach(connection)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

pub(crate) fn migrate(connection: &mut Connection) -> Result<(), Fault> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version: u32 = transaction.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let Some(steps) = MIGRATIONS.get(version as usize..) else {
        return Err(Fault::Said(format!(
            "Easel's database was written by a newer Easel (its version is {version}, this program knows {}).",
            MIGRATIONS.len()
        )));
    };
    if steps.is_empty() {
        return Ok(());
    }
    paths::migrate::teach(&transaction)?;
    for step in steps {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", version + steps.len() as u32)?;
    transaction.commit()?;
    Ok(())
}

/// Unix milliseconds.
pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_millis().try_into().unwrap_or(i64::MAX)
}
