//! Closes what a dead process left open: its calls, the items and turns that waited for them, and its unfinished files.
//! Nothing of a living process is touched.

use std::collections::BTreeSet;
use std::fs;

use easel_imagegen::port::image_error;
use easel_protocol::record::{Billed, ImageError, ImageErrorKind};

use crate::db::connection::Database;
use crate::db::process_lock::{self, Gate};
use crate::error::Error;
use crate::files::thread_files;
use crate::images::arrival_notes;
use crate::images::attachments;
use crate::journal;
use crate::threads::delete_thread;

mod adopt;
mod leftovers;
pub(crate) mod schedule;
mod turns;

pub(crate) use leftovers::sweep_parts;

/// Every dead process; for the start.
pub(crate) fn all(database: &mut Database, gate: &Gate) -> Result<(), Error> {
    for dead in dead_owners(database)? {
        owner(database, &dead, gate)?;
    }
    let incoming = database.home.incoming();
    let copies = thread_files::unfinished_in(&incoming).map_err(Error::io("read the folder", &incoming))?;
    for copy in copies.iter().filter(|copy| !process_lock::is_alive(&database.home, &copy.owner)) {
        fs::remove_file(&copy.path).map_err(Error::io("remove the file", &copy.path))?;
    }
    arrival_notes::sweep(database)
}

/// One dead process. What cannot be closed is tried again at the next start, and does not keep the rest open.
pub(crate) fn owner(database: &mut Database, dead: &str, _gate: &Gate) -> Result<(), Error> {
    let mut calls = journal::open_calls(&database.connection, &database.home, dead)?;
    let running = running_turns(database, dead)?;
    let threads: BTreeSet<String> =
        calls.iter().map(|call| &call.thread_id).chain(running.iter().map(|(thread, _)| thread)).cloned().collect();
    for thread_id in &threads {
        let of_thread: Vec<_> = calls.extract_if(.., |call| call.thread_id == *thread_id).collect();
        if let Err(error) = adopt::close_calls(database, thread_id, dead, &of_thread) {
            tracing::warn!(%error, thread_id, "image calls of an earlier process stay open");
        }
    }
    let home = database.home.clone();
    for (thread_id, turn_id) in &running {
        if let Err(error) = database.write(|write| turns::close_turn(write, &home, thread_id, turn_id)) {
            tracing::warn!(%error, thread_id, turn_id, "a turn of an earlier process stays open");
        }
    }
    database.write(|write| {
        attachments::abandon(write, dead)?;
        journal::hosted::forget(write, dead)?;
        write.execute("UPDATE threads SET writer = NULL, writer_pid = NULL WHERE writer = ?1", [dead])?;
        let mut statement = write.prepare("DELETE FROM ephemeral WHERE owner = ?1 RETURNING thread_id")?;
        let ended = statement.query_map([dead], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
        ended.iter().try_for_each(|thread_id| delete_thread::release_given(write, thread_id).map(drop))
    })
}

/// Owner ids of dead processes that left something open.
pub(crate) fn dead_owners(database: &Database) -> Result<Vec<String>, Error> {
    let sql = "SELECT owner FROM calls WHERE outcome IS NULL \
               UNION SELECT owner FROM turns WHERE owner IS NOT NULL \
               UNION SELECT writer FROM threads WHERE writer IS NOT NULL \
               UNION SELECT owner FROM ephemeral \
               UNION SELECT owner FROM hosted_requests \
               UNION SELECT taken_by FROM images WHERE taken_by IS NOT NULL";
    let mut statement = database.connection.prepare(sql)?;
    let owners = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
    Ok(owners.into_iter().filter(|owner| !process_lock::is_alive(&database.home, owner)).collect())
}

/// Thread and turn ids.
fn running_turns(database: &Database, owner: &str) -> Result<Vec<(String, String)>, Error> {
    let sql = "SELECT thread_id, id FROM turns WHERE owner = ?1 ORDER BY thread_id, position";
    let mut statement = database.connection.prepare(sql)?;
    Ok(statement.query_map([owner], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?)
}

/// The end of a call whose process did not live to see it.
pub(crate) fn interrupted(billed: Billed) -> ImageError {
    let message = match billed {
        Billed::No => "Easel ended before this call did; nothing was billed.",
        Billed::Yes | Billed::Uncertain => "Easel ended before this call did; the provider may have billed it.",
    };
    ImageError { billed, attempts: 1, ..image_error(ImageErrorKind::Interrupted, message) }
}
