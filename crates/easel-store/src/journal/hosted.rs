//! Requests to a model whose provider may make images while it answers. The journal has a row of each before it leaves, since
//! nobody knows which images it will bring.

use easel_imagegen::port::RequestStart;
use rusqlite::{Connection, Transaction};

use crate::db::connection::Database;
use crate::error::Error;

/// Notes a request durably. A turn has one at a time, so a later one takes the place of the one before.
pub(crate) fn reserve(database: &mut Database, request: &RequestStart) -> Result<(), Error> {
    let owner = database.owner.id().to_owned();
    database.write_durably(|write| {
        let sql = "INSERT INTO hosted_requests (thread_id, turn_id, owner, started_at_ms) VALUES (?1, ?2, ?3, ?4) \
                   ON CONFLICT (thread_id, turn_id) DO UPDATE SET owner = ?3, started_at_ms = ?4";
        let row = (request.thread_id.as_str(), request.turn_id.as_str(), &owner, request.started_at_ms);
        write.prepare_cached(sql)?.execute(row)?;
        Ok(())
    })
}

/// Ends the request of a turn that has ended.
pub(crate) fn end(write: &Transaction<'_>, thread_id: &str, turn_id: &str) -> Result<(), Error> {
    let sql = "DELETE FROM hosted_requests WHERE thread_id = ?1 AND turn_id = ?2";
    write.prepare_cached(sql)?.execute((thread_id, turn_id))?;
    Ok(())
}

/// Whether a turn has a request whose images are not all known.
pub(crate) fn is_open(connection: &Connection, thread_id: &str, turn_id: &str) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM hosted_requests WHERE thread_id = ?1 AND turn_id = ?2";
    Ok(connection.prepare_cached(sql)?.exists((thread_id, turn_id))?)
}

/// Forgets what a dead process left of turns that are closed.
pub(crate) fn forget(write: &Transaction<'_>, dead: &str) -> Result<(), Error> {
    let sql = "DELETE FROM hosted_requests \
               WHERE owner = ?1 AND turn_id NOT IN (SELECT id FROM turns WHERE owner = ?1)";
    write.execute(sql, [dead])?;
    Ok(())
}
