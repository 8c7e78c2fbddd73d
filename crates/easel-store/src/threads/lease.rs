//! One writer a thread, among all processes that use the home.

use easel_imagegen::port::StorageError;
use rusqlite::{Connection, OptionalExtension};

use crate::db::connection::Database;
use crate::db::process_lock::{self, Gate};
use crate::error::Error;
use crate::home::Home;
use crate::recovery;

/// Another running process writes to the thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the thread is in use by another Easel, process {pid}")]
pub struct WriterBusy {
    pub pid: u32,
}

/// Why a thread was not given to this process.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    #[error(transparent)]
    Busy(#[from] WriterBusy),
    #[error("there is no such thread")]
    ThreadNotFound,
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<Error> for LeaseError {
    fn from(error: Error) -> Self {
        Self::Storage(error.into())
    }
}

/// What the row of a thread says before this process asks for it.
enum Before {
    Unknown,
    /// This process is the writer already.
    Mine,
    Free,
    Living(WriterBusy),
    Dead(String),
}

/// What came of asking for a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Acquired {
    Yes,
    /// Its writer is dead, and what that left open can only be closed behind the [`Gate`].
    NeedsGate,
}

pub(crate) fn acquire(database: &mut Database, thread_id: &str, gate: Option<&Gate>) -> Result<Acquired, LeaseError> {
    let (home, me) = (database.home.clone(), database.owner.id().to_owned());
    // Most requests are for a thread that this process has: they need no lock.
    if matches!(before(&database.connection, &home, &me, thread_id)?, Before::Mine) {
        return Ok(Acquired::Yes);
    }
    let before = database.write(|write| {
        let before = before(write, &home, &me, thread_id)?;
        match &before {
            Before::Unknown | Before::Living(_) | Before::Mine => return Ok(before),
            Before::Dead(_) if gate.is_none() => return Ok(before),
            Before::Free | Before::Dead(_) => {}
        }
        let sql = "UPDATE threads SET writer = ?2, writer_pid = ?3 WHERE id = ?1";
        write.execute(sql, (thread_id, &me, std::process::id()))?;
        Ok::<_, Error>(before)
    })?;
    match (before, gate) {
        (Before::Unknown, _) => Err(LeaseError::ThreadNotFound),
        (Before::Living(busy), _) => Err(busy.into()),
        (Before::Mine, _) => Ok(Acquired::Yes),
        (Before::Free, _) => {
            recovery::sweep_parts(&home, thread_id);
            Ok(Acquired::Yes)
        }
        (Before::Dead(_), None) => Ok(Acquired::NeedsGate),
        (Before::Dead(writer), Some(gate)) => {
            recovery::owner(database, &writer, gate)?;
            recovery::sweep_parts(&home, thread_id);
            Ok(Acquired::Yes)
        }
    }
}

/// Whether another process has the ephemeral thread with this id. Its images stay when it has ended, and are nobody's then.
pub(crate) fn check_ephemeral(connection: &Connection, home: &Home, thread_id: &str) -> Result<(), LeaseError> {
    let sql = "SELECT owner FROM ephemeral WHERE thread_id = ?1";
    let owner = connection.prepare_cached(sql).map_err(Error::from)?.query_row([thread_id], |row| row.get(0));
    let owner: Option<String> = owner.optional().map_err(Error::from)?;
    let pid = owner.and_then(|owner| process_lock::pid_of_living(home, &owner));
    pid.map_or(Ok(()), |pid| Err(WriterBusy { pid }.into()))
}

/// Whether nothing is in the way of this process becoming the writer of a thread.
pub(crate) fn check(connection: &Connection, home: &Home, me: &str, thread_id: &str) -> Result<(), LeaseError> {
    match before(connection, home, me, thread_id)? {
        Before::Unknown => Err(LeaseError::ThreadNotFound),
        Before::Living(busy) => Err(busy.into()),
        Before::Mine | Before::Free | Before::Dead(_) => Ok(()),
    }
}

fn before(connection: &Connection, home: &Home, me: &str, thread_id: &str) -> Result<Before, Error> {
    let sql = "SELECT writer, writer_pid FROM threads WHERE id = ?1";
    let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, Option<String>>(0)?, row.get::<_, Option<u32>>(1)?));
    Ok(match connection.query_row(sql, [thread_id], row).optional()? {
        None => Before::Unknown,
        Some((Some(writer), pid)) if writer != me && process_lock::is_alive(home, &writer) => {
            Before::Living(WriterBusy { pid: pid.unwrap_or_default() })
        }
        Some((Some(writer), _)) if writer != me => Before::Dead(writer),
        Some((Some(_), _)) => Before::Mine,
        Some((None, _)) => Before::Free,
    })
}

pub(crate) fn release(database: &mut Database, thread_id: &str) -> Result<(), Error> {
    let me = database.owner.id().to_owned();
    database.write(|write| {
        let sql = "UPDATE threads SET writer = NULL, writer_pid = NULL WHERE id = ?1 AND writer = ?2";
        write.execute(sql, (thread_id, me))?;
        Ok(())
    })
}
