//! The writer lease: one process may write to a thread, among all that use the home.

use easel_imagegen::port::StorageError;
use rusqlite::{Connection, OptionalExtension};

use crate::db::connection::Database;
use crate::db::process_lock;
use crate::db::recovery_lock::RecoveryLock;
use crate::error::Error;
use crate::home::Home;
use crate::recovery;

/// Another running process is the writer of the thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the thread is in use by another Easel, process {pid}")]
pub struct WriterBusy {
    /// Process id, or 0 if it is unknown.
    pub pid: u32,
}

/// Why this process did not become the writer of a thread.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// Another process is the writer.
    #[error(transparent)]
    Busy(#[from] WriterBusy),
    /// The thread does not exist.
    #[error("thread not found")]
    ThreadNotFound,
    /// The database could not be read or written.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl From<Error> for LeaseError {
    fn from(error: Error) -> Self {
        Self::Storage(error.into())
    }
}

/// The writer of a thread, as its row has it.
enum WriterState {
    ThreadNotFound,
    ThisProcess,
    Free,
    Living(WriterBusy),
    Dead(String),
}

/// The result of an attempt to become the writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Acquisition {
    Acquired,
    /// The writer is dead. What it left open can only be closed under the [`RecoveryLock`].
    NeedsRecoveryLock,
}

/// Closes what a dead writer left open in a thread, and makes this process its writer.
///
/// # Errors
/// If the thread does not exist, another process is the writer, or a turn of a dead writer cannot be closed. Then this
/// process does not become the writer, and a later attempt closes the turn.
pub(crate) fn acquire(
    database: &mut Database,
    thread_id: &str,
    recovery_lock: Option<&RecoveryLock>,
) -> Result<Acquisition, LeaseError> {
    let (home, owner) = (database.home.clone(), database.process_lock.owner().to_owned());
    let mut recovered = None;
    match (writer_state(&database.connection, &home, &owner, thread_id)?, recovery_lock) {
        // Most requests are for a thread that this process has already; they take no lock.
        (WriterState::ThisProcess, _) => return Ok(Acquisition::Acquired),
        (WriterState::Dead(writer), Some(recovery_lock)) => {
            let mut unclosed = recovery::recover_owner(database, &writer, recovery_lock)?;
            unclosed.remove(thread_id).map_or(Ok(()), Err)?;
            recovered = Some(writer);
        }
        // Decided in the transaction.
        (WriterState::ThreadNotFound | WriterState::Free | WriterState::Living(_) | WriterState::Dead(_), _) => {}
    }
    let state = database.write(|write| {
        let state = writer_state(write, &home, &owner, thread_id)?;
        let is_available = match &state {
            WriterState::Free => true,
            WriterState::Dead(writer) => recovered.as_ref() == Some(writer),
            WriterState::ThreadNotFound | WriterState::Living(_) | WriterState::ThisProcess => false,
        };
        if is_available {
            let sql = "UPDATE threads SET writer = ?2, writer_pid = ?3 WHERE id = ?1";
            write.execute(sql, (thread_id, &owner, std::process::id()))?;
        }
        Ok::<_, Error>(state)
    })?;
    match state {
        WriterState::ThreadNotFound => Err(LeaseError::ThreadNotFound),
        WriterState::Living(busy) => Err(busy.into()),
        WriterState::ThisProcess => Ok(Acquisition::Acquired),
        WriterState::Dead(writer) if recovered.as_ref() != Some(&writer) => Ok(Acquisition::NeedsRecoveryLock),
        WriterState::Free | WriterState::Dead(_) => {
            recovery::remove_parts(&home, thread_id);
            Ok(Acquisition::Acquired)
        }
    }
}

/// Checks that this process could become the writer of a thread.
///
/// # Errors
/// As [`acquire`].
pub(crate) fn check(connection: &Connection, home: &Home, owner: &str, thread_id: &str) -> Result<(), LeaseError> {
    match writer_state(connection, home, owner, thread_id)? {
        WriterState::ThreadNotFound => Err(LeaseError::ThreadNotFound),
        WriterState::Living(busy) => Err(busy.into()),
        WriterState::ThisProcess | WriterState::Free | WriterState::Dead(_) => Ok(()),
    }
}

/// Checks that no other process has the ephemeral thread with this id. When such a thread has ended, any process may
/// delete the images that are left of it.
///
/// # Errors
/// [`LeaseError::Busy`] if another running process has the thread.
pub(crate) fn check_ephemeral(connection: &Connection, home: &Home, thread_id: &str) -> Result<(), LeaseError> {
    let sql = "SELECT owner FROM ephemeral WHERE thread_id = ?1";
    let owner = connection.prepare_cached(sql).map_err(Error::from)?.query_row([thread_id], |row| row.get(0));
    let owner: Option<String> = owner.optional().map_err(Error::from)?;
    let pid = owner.and_then(|owner| process_lock::living_pid(home, &owner));
    pid.map_or(Ok(()), |pid| Err(WriterBusy { pid }.into()))
}

fn writer_state(connection: &Connection, home: &Home, owner: &str, thread_id: &str) -> Result<WriterState, Error> {
    let sql = "SELECT writer, writer_pid FROM threads WHERE id = ?1";
    let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, Option<String>>(0)?, row.get::<_, Option<u32>>(1)?));
    Ok(match connection.query_row(sql, [thread_id], row).optional()? {
        None => WriterState::ThreadNotFound,
        Some((Some(writer), pid)) if writer != owner && process_lock::is_alive(home, &writer) => {
            WriterState::Living(WriterBusy { pid: pid.unwrap_or_default() })
        }
        Some((Some(writer), _)) if writer != owner => WriterState::Dead(writer),
        Some((Some(_), _)) => WriterState::ThisProcess,
        Some((None, _)) => WriterState::Free,
    })
}

/// Ends the lease of this process on a thread, if it has it.
pub(crate) fn release(database: &mut Database, thread_id: &str) -> Result<(), Error> {
    let owner = database.process_lock.owner().to_owned();
    database.write(|write| {
        let sql = "UPDATE threads SET writer = NULL, writer_pid = NULL WHERE id = ?1 AND writer = ?2";
        write.execute(sql, (thread_id, owner))?;
        Ok(())
    })
}
