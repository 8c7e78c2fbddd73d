//! Images of the hosted tool that arrived before their call was journaled. Only the request to the model has a row.

use easel_imagegen::item_id;
use easel_protocol::id::{ThreadId, TurnId};
use easel_protocol::record::{AppliedImage, ImageAction, RequestedImage};
use rusqlite::{Connection, OptionalExtension, params};

use crate::db::connection::Database;
use crate::db::sql_id::SqlId;
use crate::error::Error;
use crate::journal::calls::{CallRequest, JournalCall};
use crate::journal::ledger;
use crate::threads::history::ids;

/// The id of the call's item.
const ITEM_ID: &str = "recovered";

/// The name of a model if the ledger has no row of the request.
const UNKNOWN_MODEL: &str = "unknown";

/// Journals a call for images that arrived without one. Returns `None` if the dead process had no request with the
/// hosted tool in this thread.
pub(super) fn journal_call(
    database: &mut Database,
    thread_id: &ThreadId,
    dead: &str,
) -> Result<Option<JournalCall>, Error> {
    let Some(call) = build_call(&database.connection, thread_id, dead)? else { return Ok(None) };
    // It names no files, so there are no paths to make relative.
    let json = serde_json::to_string(&call.request)?;
    database.write(|write| {
        let sql = "INSERT INTO calls (thread_id, call_id, turn_id, owner, bills, started_at_ms, json) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let (item_id, turn_id) = (SqlId(&call.item_id), SqlId(&call.turn_id));
        write.execute(sql, params![SqlId(thread_id), item_id, turn_id, dead, call.bills, call.started_at_ms, json])?;
        // The request has reserved one image.
        ledger::take_request(write, thread_id, &call.turn_id, &call.item_id)?;
        Ok::<_, Error>(())
    })?;
    Ok(Some(call))
}

fn build_call(connection: &Connection, thread_id: &ThreadId, dead: &str) -> Result<Option<JournalCall>, Error> {
    let sql = "SELECT request.turn_id, request.started_at_ms, threads.model_provider, ledger.model \
               FROM hosted_requests AS request JOIN threads ON threads.id = request.thread_id \
               LEFT JOIN ledger ON ledger.thread_id = request.thread_id AND ledger.turn_id = request.turn_id \
                   AND ledger.item_id IS NULL AND ledger.outcome IS NULL \
               WHERE request.thread_id = ?1 AND request.owner = ?2";
    let found = connection.query_row(sql, (SqlId(thread_id), dead), |row| {
        Ok((row.get::<_, SqlId<TurnId>>(0)?.0, row.get(1)?, row.get(2)?, row.get::<_, Option<String>>(3)?))
    });
    let Some((turn_id, started_at_ms, provider, model)) = found.optional()? else { return Ok(None) };
    let item_id = item_id::with_number(ITEM_ID, ids::find_free_number(connection, thread_id, ITEM_ID, 1)?);
    let requested =
        RequestedImage { action: ImageAction::Generate, prompt: String::new(), parameters: AppliedImage::default() };
    Ok(Some(JournalCall {
        thread_id: thread_id.clone(),
        item_id: item_id.into(),
        turn_id,
        bills: true,
        started_at_ms,
        request: CallRequest {
            provider,
            model: model.unwrap_or_else(|| UNKNOWN_MODEL.to_owned()),
            synthetic: false,
            requested,
            inputs: Vec::new(),
            mask: None,
        },
        intent: None,
        outcome: None,
    }))
}
