//! Images of the hosted tool that arrived before their call was journaled. Only the request to the model has a row.

use easel_imagegen::item_id;
use easel_protocol::id::{ThreadId, TurnId};
use easel_protocol::record::{AppliedImage, ImageAction, RequestedImage};
use rusqlite::{Connection, OptionalExtension, params};

use crate::db::connection::Database;
use crate::db::sql_id::SqlId;
use crate::error::Error;
use crate::journal::calls::{CallRequest, JournalCall};
use crate::threads::history::ids;

/// The id of the call's item.
const ITEM_ID: &str = "recovered";

/// The name of a model that only the dead process knew.
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
        Ok::<_, Error>(())
    })?;
    Ok(Some(call))
}

fn build_call(connection: &Connection, thread_id: &ThreadId, dead: &str) -> Result<Option<JournalCall>, Error> {
    let sql = "SELECT hosted_requests.turn_id, started_at_ms, model_provider \
               FROM hosted_requests JOIN threads ON threads.id = thread_id WHERE thread_id = ?1 AND owner = ?2";
    let found = connection.query_row(sql, (SqlId(thread_id), dead), |row| {
        Ok((row.get::<_, SqlId<TurnId>>(0)?.0, row.get(1)?, row.get(2)?))
    });
    let Some((turn_id, started_at_ms, provider)) = found.optional()? else { return Ok(None) };
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
            model: UNKNOWN_MODEL.to_owned(),
            synthetic: false,
            requested,
            inputs: Vec::new(),
        },
        intent: None,
        outcome: None,
    }))
}
