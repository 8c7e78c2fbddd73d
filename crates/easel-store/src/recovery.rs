//! Closes what a dead process left open: its calls, the items and turns that waited for them, and its unfinished files.
//! The calls, turns and files of living processes stay as they are.

use std::collections::{BTreeMap, BTreeSet};

use easel_imagegen::port::image_error;
use easel_protocol::id::{ThreadId, TurnId};
use easel_protocol::record::{Billed, ImageError, ImageErrorKind};
use rusqlite::Transaction;

use crate::db::connection::Database;
use crate::db::process_lock;
use crate::db::recovery_lock::RecoveryLock;
use crate::db::sql_id::SqlId;
use crate::error::Error;
use crate::files::removals;
use crate::files::unfinished::unfinished_files;
use crate::images::{arrival_notes, attachments};
use crate::journal::{calls, hosted, ledger};

mod adopt;
mod close_calls;
mod hosted_images;
mod leftovers;
mod model_history;
pub(crate) mod schedule;
mod turns;

pub(crate) use leftovers::{is_incomplete, remove_parts};

/// Recovers all dead processes. Runs at the start. The lock makes one process recover at a time.
pub(crate) fn recover_all(database: &mut Database, lock: &RecoveryLock) -> Result<(), Error> {
    for dead in find_dead_owners(database)? {
        // The next start tries again. What one process left open does not keep that of others open.
        if let Err(error) = recover_owner(database, &dead, lock) {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                owner = dead,
                "an earlier process is not recovered"
            );
        }
    }
    let incoming = database.home.incoming();
    let copies = unfinished_files(&incoming).map_err(Error::io("read the folder", &incoming))?;
    for copy in copies.iter().filter(|copy| !process_lock::is_alive(&database.home, &copy.owner)) {
        // The next start tries again.
        if let Err(error) = removals::remove_if_exists(&copy.path) {
            tracing::warn!(%error, path = ?copy.path, "an unfinished copy was not removed");
        }
    }
    arrival_notes::recover(database)
}

/// Recovers one dead process, under the lock. If a call or a turn cannot be closed, the next start tries again. Returns
/// the threads with a turn that could not be closed and may be closed later, with the reason.
pub(crate) fn recover_owner(
    database: &mut Database,
    dead_owner: &str,
    _lock: &RecoveryLock,
) -> Result<BTreeMap<ThreadId, Error>, Error> {
    let mut open_calls = calls::load_open_calls(&database.connection, &database.home, dead_owner)?;
    let running = find_running_turns(database, dead_owner)?;
    let threads: BTreeSet<ThreadId> = open_calls
        .iter()
        .map(|call| &call.thread_id)
        .chain(running.iter().map(|(thread_id, _)| thread_id))
        .cloned()
        .collect();
    for thread_id in &threads {
        let calls_of_thread: Vec<_> = open_calls.extract_if(.., |call| call.thread_id == *thread_id).collect();
        if let Err(error) = close_calls::close_calls(database, thread_id, dead_owner, &calls_of_thread) {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                %thread_id,
                "image calls of an earlier process stay open"
            );
        }
    }
    let home = database.home.clone();
    let mut unclosed = BTreeMap::new();
    for (thread_id, turn_id) in &running {
        if let Err(error) = database.write(|write| turns::close_turn(write, &home, thread_id, turn_id)) {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                %thread_id,
                %turn_id,
                "a turn of an earlier process stays open"
            );
            // A damaged row stays as it is. It must not keep the user from deleting the thread.
            if !matches!(error, Error::Json(_)) {
                unclosed.insert(thread_id.clone(), error);
            }
        }
    }
    // Files are removed after it, so the rows that named them must not come back after a power cut.
    database.write_durably(|write| remove_rows_of_owner(write, dead_owner))?;
    Ok(unclosed)
}

fn remove_rows_of_owner(write: &Transaction<'_>, dead_owner: &str) -> Result<(), Error> {
    attachments::discard_of_owner(write, dead_owner)?;
    hosted::remove_of_owner(write, dead_owner)?;
    ledger::close_owner(write, dead_owner)?;
    // A thread with a turn that could not be closed keeps its writer, so that the next writer closes the turn first.
    let sql = "UPDATE threads SET writer = NULL, writer_pid = NULL \
               WHERE writer = ?1 AND id NOT IN (SELECT thread_id FROM turns WHERE owner = ?1)";
    write.execute(sql, [dead_owner])?;
    let mut statement = write.prepare("DELETE FROM ephemeral WHERE owner = ?1 RETURNING thread_id")?;
    let ended = statement.query_map([dead_owner], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
    ended.iter().try_for_each(|thread_id| attachments::release(write, thread_id).map(drop))
}

/// Returns the owner ids of dead processes that left something open.
fn find_dead_owners(database: &Database) -> Result<Vec<String>, Error> {
    let sql = "SELECT owner FROM calls WHERE outcome IS NULL \
               UNION SELECT owner FROM turns WHERE owner IS NOT NULL \
               UNION SELECT writer FROM threads WHERE writer IS NOT NULL \
               UNION SELECT owner FROM ephemeral \
               UNION SELECT owner FROM hosted_requests \
               UNION SELECT owner FROM ledger WHERE outcome IS NULL \
               UNION SELECT taken_by FROM images WHERE taken_by IS NOT NULL";
    let mut statement = database.connection.prepare(sql)?;
    let owners = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
    Ok(owners.into_iter().filter(|owner| !process_lock::is_alive(&database.home, owner)).collect())
}

fn find_running_turns(database: &Database, owner: &str) -> Result<Vec<(ThreadId, TurnId)>, Error> {
    let sql = "SELECT thread_id, id FROM turns WHERE owner = ?1 ORDER BY thread_id, position";
    let mut statement = database.connection.prepare(sql)?;
    let ids = |row: &rusqlite::Row<'_>| Ok((row.get::<_, SqlId<_>>(0)?.0, row.get::<_, SqlId<_>>(1)?.0));
    Ok(statement.query_map([owner], ids)?.collect::<Result<_, _>>()?)
}

/// Returns the error of a call whose process died before the call ended.
pub(crate) fn interrupted_error(billed: Billed) -> ImageError {
    let message = match billed {
        Billed::No => "Easel ended before this call did; nothing was billed.",
        Billed::Yes | Billed::Uncertain => "Easel ended before this call did; the provider may have billed it.",
    };
    ImageError { billed, attempts: 1, ..image_error(ImageErrorKind::Interrupted, message) }
}
