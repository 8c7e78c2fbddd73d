//! Closes the turns that a dead process ran. Their items end as the journal says, and pending messages enter history.

use easel_imagegen::image_item::complete;
use easel_protocol::item::{ImageGenerationItem, ImageStatus, ThreadItem};
use easel_protocol::record::{Billed, ImageError, ImageRecord};
use easel_protocol::turn::{CodexErrorInfo, Turn, TurnError, TurnItemsView, TurnStatus};
use rusqlite::{OptionalExtension, Row, Transaction};

use super::{interrupted_error, model_history};
use crate::db::now_ms;
use crate::db::sql_id::SqlId;
use crate::error::Error;
use crate::home::Home;
use crate::journal::calls::{self, JournalCall, Outcome};
use crate::journal::hosted;
use crate::lists::turn_list;
use crate::threads::{pending_messages, rows};

/// Closes a turn of a dead process and everything that is open in it.
pub(super) fn close_turn(write: &Transaction<'_>, home: &Home, thread_id: &str, turn_id: &str) -> Result<(), Error> {
    let sql = "SELECT json FROM turns WHERE thread_id = ?1 AND id = ?2";
    let turn: Turn = serde_json::from_str(&write.query_row(sql, [thread_id, turn_id], |row| row.get::<_, String>(0))?)?;
    let now = now_ms();
    let (mut items, _) = turn_list::read_turn_items(write, home, thread_id, turn_id, TurnItemsView::Full)?;
    items.extend(items_of_calls_without_one(write, thread_id, turn_id)?);
    let unknown_billed = if hosted::is_open(write, thread_id, turn_id)? { Billed::Uncertain } else { Billed::No };
    let journal = TurnJournal { write, home, thread_id, unknown_billed };
    let mut has_open_image = false;
    let mut images = Vec::new();
    for mut item in items {
        if item.times().1.is_none() {
            has_open_image |= matches!(item, ThreadItem::ImageGeneration(_));
            close_item(&journal, &mut item, now)?;
            rows::save_item(write, home, thread_id, turn_id, &item)?;
        }
        images.extend(if let ThreadItem::ImageGeneration(image) = item { Some(image) } else { None });
    }
    model_history::add_missing_calls(&journal, turn_id, &images)?;
    model_history::add_missing_outputs(&journal, turn_id)?;
    // Their requests were accepted, so the next request to the model includes them.
    pending_messages::move_to_history(write, home, thread_id, turn_id)?;
    let duration_ms = turn.started_at.map(|started_at| (now - started_at * 1000).max(0));
    // Clients show the error of a failed turn only.
    let (status, error) = if unknown_billed == Billed::Uncertain && !has_open_image {
        (TurnStatus::Failed, Some(lost_image_error()))
    } else {
        (TurnStatus::Interrupted, None)
    };
    let ended = Turn { status, error, completed_at: Some(now / 1000), duration_ms, ..turn };
    hosted::remove(write, thread_id, turn_id)?;
    rows::save_turn(write, thread_id, &ended, "")
}

/// Returns open items for the calls of a turn that have none: a hosted call is journaled before its item is stored.
fn items_of_calls_without_one(
    write: &Transaction<'_>,
    thread_id: &str,
    turn_id: &str,
) -> Result<Vec<ThreadItem>, Error> {
    let sql = "SELECT call_id, started_at_ms FROM calls WHERE thread_id = ?1 AND turn_id = ?2 \
               AND NOT EXISTS (SELECT 1 FROM items WHERE items.thread_id = ?1 AND items.id = call_id) \
               ORDER BY started_at_ms, call_id";
    let mut statement = write.prepare_cached(sql)?;
    let item = |row: &Row<'_>| {
        let SqlId(item_id) = row.get(0)?;
        Ok(ThreadItem::ImageGeneration(Box::new(ImageGenerationItem::new(item_id, row.get(1)?))))
    };
    Ok(statement.query_map((thread_id, turn_id), item)?.collect::<Result<_, _>>()?)
}

/// Returns the error of a turn whose provider may have made an image that has no item.
fn lost_image_error() -> TurnError {
    let message =
        "Easel ended while the model answered; the provider may have made and billed an image that did not arrive.";
    TurnError { message: message.to_owned(), codex_error_info: Some(CodexErrorInfo::Other), additional_details: None }
}

/// The journal of the calls of a turn that is being closed.
pub(super) struct TurnJournal<'a> {
    pub(super) write: &'a Transaction<'a>,
    home: &'a Home,
    pub(super) thread_id: &'a str,
    /// Whether an image that is not in the journal was billed. This is uncertain if a request with the hosted tool is
    /// open.
    pub(super) unknown_billed: Billed,
}

fn close_item(journal: &TurnJournal<'_>, item: &mut ThreadItem, now: i64) -> Result<(), Error> {
    match item {
        ThreadItem::UserMessage(message) => message.completed_at_ms = Some(now),
        ThreadItem::AgentMessage(message) => message.completed_at_ms = Some(now),
        ThreadItem::Reasoning(reasoning) => reasoning.completed_at_ms = Some(now),
        ThreadItem::ContextCompaction(compaction) => compaction.completed_at_ms = Some(now),
        ThreadItem::ImageGeneration(image) => {
            image.completed_at_ms = Some(now);
            match journal.call_ending(&image.id)? {
                CallEnding::Generated { records, generation_id, missing } => {
                    complete(image, records, generation_id, missing);
                }
                CallEnding::Failed(error) => {
                    image.status = ImageStatus::Failed;
                    image.error = Some(error);
                }
            }
        }
    }
    Ok(())
}

/// Adds images to an item that was reported as failed, because its call could not be closed together with its turn.
pub(super) fn complete_closed_item(
    write: &Transaction<'_>,
    home: &Home,
    call: &JournalCall,
    records: &[ImageRecord],
    generation_id: Option<String>,
    missing: Option<ImageError>,
) -> Result<(), Error> {
    let sql = "SELECT json FROM items WHERE thread_id = ?1 AND id = ?2";
    let found = write
        .query_row(sql, (SqlId(&call.thread_id), SqlId(&call.item_id)), |row| row.get::<_, String>(0))
        .optional()?;
    let Some(json) = found else { return Ok(()) };
    let mut item: ThreadItem = home.read_json(&json)?;
    if let ThreadItem::ImageGeneration(image) = &mut item
        && image.status == ImageStatus::Failed
        && image.images.is_empty()
    {
        complete(image, records.to_vec(), generation_id, missing);
        rows::save_item(write, home, &call.thread_id, &call.turn_id, &item)?;
    }
    Ok(())
}

/// How a call ended.
pub(super) enum CallEnding {
    Generated { records: Vec<ImageRecord>, generation_id: Option<String>, missing: Option<ImageError> },
    Failed(ImageError),
}

impl TurnJournal<'_> {
    /// Returns how a call ended according to the journal. A standalone call that is not in the journal was never sent;
    /// a hosted one may still have been made.
    pub(super) fn call_ending(&self, call_id: &str) -> Result<CallEnding, Error> {
        let Self { write, home, thread_id, unknown_billed } = *self;
        let call = match calls::find(write, home, thread_id, call_id) {
            // The row stays as it is and must not keep the turn open. Nobody knows what became of the call.
            Err(Error::Json(error)) => {
                tracing::warn!(%error, thread_id, call_id, "an image call is damaged; its item ends as failed");
                return Ok(CallEnding::Failed(interrupted_error(Billed::Uncertain)));
            }
            found => found?,
        };
        // The next start tries to end it again.
        let is_open = call.as_ref().is_some_and(|call| call.outcome.is_none() && call.bills);
        Ok(match call.and_then(|call| call.outcome) {
            None if is_open => CallEnding::Failed(interrupted_error(Billed::Uncertain)),
            Some(Outcome::Generated { generation_id, missing }) => CallEnding::Generated {
                records: calls::load_records(write, home, thread_id, call_id)?,
                generation_id,
                missing: missing.map(|error| *error),
            },
            Some(Outcome::Failed { error }) => CallEnding::Failed(error),
            None => CallEnding::Failed(interrupted_error(unknown_billed)),
        })
    }
}
