//! Calls of clients that run their own model loop. A client names a call by an id of its own; a request that repeats
//! the id gets the result of the first one.

use easel_imagegen::image_item::replace_with_composites;
use easel_imagegen::item_id::with_number;
use easel_protocol::id::{CallId, ItemId, ThreadId, TurnId};
use easel_protocol::item::ThreadItem;
use easel_protocol::record::{Billed, ImageError, ImageRecord};
use rusqlite::{Connection, OptionalExtension, Transaction};

use crate::db::sql_id::SqlId;
use crate::error::Error;
use crate::home::Home;
use crate::journal::calls::{self, Outcome};
use crate::recovery::interrupted_error;
use crate::threads::history::ids;

/// A call of the tool by a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostCallRequest {
    /// The thread of the call.
    pub thread_id: ThreadId,
    /// The id that the client gave to the call.
    pub call_id: CallId,
    /// The id of the call's item if the thread does not use it.
    pub preferred_item_id: ItemId,
    /// The hash of the tool and its arguments.
    pub hash: [u8; 32],
}

/// What the thread has of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum KnownHostCall {
    /// The call has not begun: nothing was sent for it.
    New,
    /// The call with this id has other arguments.
    Different,
    /// The call has ended, or its process has.
    Ended(Box<HostCallEnd>),
}

/// The end of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct HostCallEnd {
    /// The turn of the call.
    pub turn_id: TurnId,
    /// The item of the call.
    pub item_id: ItemId,
    /// The images that the call made.
    pub images: Vec<ImageRecord>,
    /// Why it made none, or fewer than requested.
    pub error: Option<ImageError>,
}

/// Finds a call that does not run in this process.
pub(crate) fn find(connection: &Connection, home: &Home, request: &HostCallRequest) -> Result<KnownHostCall, Error> {
    let Some((item_id, hash)) = find_row(connection, request)? else { return Ok(KnownHostCall::New) };
    if hash != request.hash {
        return Ok(KnownHostCall::Different);
    }
    let end = match find_item(connection, home, &request.thread_id, &item_id)? {
        Some(end) => Some(end),
        // The turn of the call was reverted. Its images are kept, and so is its row in the journal.
        None => find_journaled(connection, home, &request.thread_id, &item_id)?,
    };
    Ok(end.map_or(KnownHostCall::New, |end| KnownHostCall::Ended(Box::new(end))))
}

/// Inserts the row of a call that [`find`] says is new. Returns the id of its item.
pub(crate) fn begin(write: &Transaction<'_>, request: &HostCallRequest) -> Result<ItemId, Error> {
    if let Some((item_id, _)) = find_row(write, request)? {
        return Ok(item_id);
    }
    let HostCallRequest { thread_id, call_id, preferred_item_id, hash } = request;
    let number = ids::find_free_number(write, thread_id, preferred_item_id, 1)?;
    let item_id = ItemId::from(with_number(preferred_item_id, number));
    let sql = "INSERT INTO host_calls (thread_id, call_id, item_id, hash) VALUES (?1, ?2, ?3, ?4)";
    write.prepare_cached(sql)?.execute((SqlId(thread_id), SqlId(call_id), SqlId(&item_id), hash))?;
    Ok(item_id)
}

fn find_row(connection: &Connection, request: &HostCallRequest) -> Result<Option<(ItemId, Vec<u8>)>, Error> {
    let sql = "SELECT item_id, hash FROM host_calls WHERE thread_id = ?1 AND call_id = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let row = |row: &rusqlite::Row<'_>| Ok((row.get::<_, SqlId<ItemId>>(0)?.0, row.get(1)?));
    Ok(statement.query_row((SqlId(&request.thread_id), SqlId(&request.call_id)), row).optional()?)
}

fn find_item(
    connection: &Connection,
    home: &Home,
    thread_id: &ThreadId,
    item_id: &ItemId,
) -> Result<Option<HostCallEnd>, Error> {
    let sql = "SELECT turn_id, json FROM items WHERE thread_id = ?1 AND id = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query((SqlId(thread_id), SqlId(item_id)))?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let SqlId(turn_id) = row.get(0)?;
    let item: ThreadItem = home.read_column(row.get_ref(1)?)?;
    let ThreadItem::ImageGeneration(item) = item else { return Ok(None) };
    if item.completed_at_ms.is_none() {
        // The end of the item could not be written, or its process died. The journal may have the end of the call.
        if let Some(end) = find_journaled(connection, home, thread_id, item_id)? {
            return Ok(Some(end));
        }
        let error = Some(interrupted_error(Billed::Uncertain));
        return Ok(Some(HostCallEnd { turn_id, item_id: item_id.clone(), images: item.images, error }));
    }
    Ok(Some(HostCallEnd { turn_id, item_id: item_id.clone(), images: item.images, error: item.error }))
}

fn find_journaled(
    connection: &Connection,
    home: &Home,
    thread_id: &ThreadId,
    item_id: &ItemId,
) -> Result<Option<HostCallEnd>, Error> {
    let Some(call) = calls::find(connection, home, thread_id, item_id)? else { return Ok(None) };
    let error = match call.outcome {
        None => Some(interrupted_error(if call.bills { Billed::Uncertain } else { Billed::No })),
        Some(Outcome::Generated { missing, .. }) => missing.map(|error| *error),
        Some(Outcome::Failed { error }) => Some(error),
    };
    let images = replace_with_composites(calls::load_records(connection, home, thread_id, item_id)?);
    Ok(Some(HostCallEnd { turn_id: call.turn_id, item_id: item_id.clone(), images, error }))
}
