//! Requests to a model whose provider may make images while it answers.
//!
//! Nobody knows in advance which images such a request will bring, so its row has none. It is durable before the
//! request is sent.

use easel_imagegen::port::RequestStart;
use easel_protocol::record::Billed;
use rusqlite::{Connection, Transaction};

use crate::db::connection::Database;
use crate::db::sql_id::SqlId;
use crate::error::Error;
use crate::journal::calls::Reserving;
use crate::journal::{ledger, read_budget};

/// Decides whether one image stays within the limits, and inserts the request, durably. A turn has one request at a
/// time, so a later one replaces the row.
///
/// After a crash an ephemeral thread is gone, and with it the turn that could report the request, so the request is in
/// the ledger only.
pub(crate) fn reserve(database: &mut Database, request: &RequestStart, is_ephemeral: bool) -> Result<Reserving, Error> {
    let owner = database.process_lock.owner().to_owned();
    database.write_durably(|write| {
        let budget = if request.synthetic {
            None
        } else {
            // A request is still open if its end could not be written. It may have been billed.
            ledger::end_request(write, &request.thread_id, &request.turn_id, Billed::Uncertain, None)?;
            let budget = read_budget(write, request.limits, &request.thread_id, request.started_at_ms)?;
            if let Err(refusal) = budget.admit(&request.quote) {
                return Ok(Err(Box::new(refusal)));
            }
            ledger::insert_request(write, &owner, request)?;
            Some(budget.with(&request.quote))
        };
        if is_ephemeral {
            return Ok(Ok(budget));
        }
        let sql = "INSERT INTO hosted_requests (thread_id, turn_id, owner, started_at_ms) VALUES (?1, ?2, ?3, ?4) \
                   ON CONFLICT (thread_id, turn_id) DO UPDATE SET owner = ?3, started_at_ms = ?4";
        let row = (SqlId(&request.thread_id), SqlId(&request.turn_id), &owner, request.started_at_ms);
        write.prepare_cached(sql)?.execute(row)?;
        Ok(Ok(budget))
    })
}

/// Deletes the request of a turn that has ended.
pub(crate) fn remove(write: &Transaction<'_>, thread_id: &str, turn_id: &str) -> Result<(), Error> {
    let sql = "DELETE FROM hosted_requests WHERE thread_id = ?1 AND turn_id = ?2";
    write.prepare_cached(sql)?.execute((thread_id, turn_id))?;
    Ok(())
}

/// Returns whether a turn has a request that may have made images which never arrived.
pub(crate) fn is_open(connection: &Connection, thread_id: &str, turn_id: &str) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM hosted_requests WHERE thread_id = ?1 AND turn_id = ?2";
    Ok(connection.prepare_cached(sql)?.exists((thread_id, turn_id))?)
}

/// Deletes the requests that a dead process left in turns that recovery has closed.
pub(crate) fn remove_of_owner(write: &Transaction<'_>, dead: &str) -> Result<(), Error> {
    let sql = "DELETE FROM hosted_requests \
               WHERE owner = ?1 AND turn_id NOT IN (SELECT id FROM turns WHERE owner = ?1)";
    write.execute(sql, [dead])?;
    Ok(())
}
