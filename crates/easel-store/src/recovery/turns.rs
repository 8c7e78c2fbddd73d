//! Turns that a dead process ran: their items end as the journal says, and what their users added is not lost.

use std::collections::BTreeSet;

use easel_imagegen::output;
use easel_protocol::input::ImageDetail;
use easel_protocol::item::{ImageGenerationItem, ImageStatus, ItemInputImage, ThreadItem};
use easel_protocol::record::{Billed, ImageError, ImageRecord};
use easel_protocol::response_item::ResponseItem;
use easel_protocol::turn::{CodexErrorInfo, Turn, TurnError, TurnItemsView, TurnStatus};
use rusqlite::{OptionalExtension, Transaction};

use super::interrupted;
use crate::db::connection::now_ms;
use crate::error::Error;
use crate::home::Home;
use crate::journal::{self, Call, Outcome};
use crate::lists::turn_list;
use crate::threads::append;
use crate::threads::history;
use crate::threads::pending_messages;

/// Ends a turn of a dead process with all that is open in it.
pub(super) fn close_turn(write: &Transaction<'_>, home: &Home, thread_id: &str, turn_id: &str) -> Result<(), Error> {
    let sql = "SELECT json FROM turns WHERE thread_id = ?1 AND id = ?2";
    let turn: Turn = serde_json::from_str(&write.query_row(sql, [thread_id, turn_id], |row| row.get::<_, String>(0))?)?;
    let now = now_ms();
    let (items, _) = turn_list::items_of(write, home, thread_id, turn_id, TurnItemsView::Full)?;
    let unknown = if journal::hosted::is_open(write, thread_id, turn_id)? { Billed::Uncertain } else { Billed::No };
    let journal = Journal { write, home, thread_id, unknown };
    let mut has_open_image = false;
    for mut item in items {
        if item.times().1.is_none() {
            has_open_image |= matches!(item, ThreadItem::ImageGeneration(_));
            close_item(&journal, &mut item, now)?;
            append::put_item(write, home, thread_id, turn_id, &item)?;
        }
    }
    answer_calls(&journal, turn_id)?;
    // They were accepted, so the next request to the model includes them.
    pending_messages::adopt(write, home, thread_id, turn_id)?;
    let duration_ms = turn.started_at.map(|started_at| (now - started_at * 1000).max(0));
    // Clients show the error of a turn that failed and of no other.
    let (status, error) = if unknown == Billed::Uncertain && !has_open_image {
        (TurnStatus::Failed, Some(unseen_image()))
    } else {
        (TurnStatus::Interrupted, None)
    };
    let ended = Turn { status, error, completed_at: Some(now / 1000), duration_ms, ..turn };
    journal::hosted::end(write, thread_id, turn_id)?;
    append::put_turn(write, thread_id, &ended, "")
}

/// Says of a turn without an open image that its provider may have made one: no item tells it.
fn unseen_image() -> TurnError {
    let message =
        "Easel ended while the model answered; the provider may have made and billed an image that did not arrive.";
    TurnError { message: message.to_owned(), codex_error_info: Some(CodexErrorInfo::Other), additional_details: None }
}

/// What is known of the calls of a turn that is closed.
struct Journal<'a> {
    write: &'a Transaction<'a>,
    home: &'a Home,
    thread_id: &'a str,
    /// What an image cost that the journal does not have.
    unknown: Billed,
}

fn close_item(journal: &Journal<'_>, item: &mut ThreadItem, now: i64) -> Result<(), Error> {
    match item {
        ThreadItem::UserMessage(message) => message.completed_at_ms = Some(now),
        ThreadItem::AgentMessage(message) => message.completed_at_ms = Some(now),
        ThreadItem::Reasoning(reasoning) => reasoning.completed_at_ms = Some(now),
        ThreadItem::ImageGeneration(image) => {
            image.completed_at_ms = Some(now);
            match journal.end_of_call(&image.id)? {
                End::Made { records, generation_id, missing } => {
                    complete(image, records, generation_id);
                    image.error = missing;
                }
                End::Failed(error) => {
                    image.status = ImageStatus::Failed;
                    image.error = Some(error);
                }
            }
        }
    }
    Ok(())
}

fn complete(image: &mut ImageGenerationItem, records: Vec<ImageRecord>, generation_id: Option<String>) {
    image.status = ImageStatus::Completed;
    image.generation_id = generation_id;
    if let Some(first) = records.first() {
        image.saved_path = Some(first.path.clone());
        image.revised_prompt.clone_from(&first.revised_prompt);
        let input = |input: &easel_protocol::record::InputImage| ItemInputImage {
            path: input.path.clone(),
            sha256: input.sha256.clone(),
        };
        image.input_images = first.inputs.iter().map(input).collect();
    }
    image.images = records;
}

/// Gives an item its images that was told as failed: its call could not be ended when its turn was.
pub(super) fn complete_closed_item(
    write: &Transaction<'_>,
    home: &Home,
    call: &Call,
    records: &[ImageRecord],
    generation_id: Option<String>,
    missing: Option<ImageError>,
) -> Result<(), Error> {
    let sql = "SELECT json FROM items WHERE thread_id = ?1 AND id = ?2";
    let found = write.query_row(sql, (&call.thread_id, &call.call_id), |row| row.get::<_, String>(0)).optional()?;
    let Some(json) = found else { return Ok(()) };
    let mut item: ThreadItem = home.read_json(&json)?;
    if let ThreadItem::ImageGeneration(image) = &mut item
        && image.status == ImageStatus::Failed
        && image.images.is_empty()
    {
        complete(image, records.to_vec(), generation_id);
        image.error = missing;
        append::put_item(write, home, &call.thread_id, &call.turn_id, &item)?;
    }
    Ok(())
}

/// How a call ended.
enum End {
    Made { records: Vec<ImageRecord>, generation_id: Option<String>, missing: Option<ImageError> },
    Failed(ImageError),
}

impl Journal<'_> {
    /// Returns what the journal says of a call. One of the standalone tool that is not there was never sent; one of the
    /// hosted tool may have been made all the same.
    fn end_of_call(&self, call_id: &str) -> Result<End, Error> {
        let Self { write, home, thread_id, unknown } = *self;
        let call = journal::find(write, home, thread_id, call_id)?;
        // The next start tries again to end it.
        let is_open = call.as_ref().is_some_and(|call| call.outcome.is_none() && call.bills);
        Ok(match call.and_then(|call| call.outcome) {
            None if is_open => End::Failed(interrupted(Billed::Uncertain)),
            Some(Outcome::Made { generation_id, missing }) => End::Made {
                records: journal::images_of(write, home, thread_id, call_id)?,
                generation_id,
                missing: missing.map(|error| *error),
            },
            Some(Outcome::Failed { error }) => End::Failed(error),
            None => End::Failed(interrupted(unknown)),
        })
    }
}

/// A model refuses a conversation in which a call of its own has no output.
fn answer_calls(journal: &Journal<'_>, turn_id: &str) -> Result<(), Error> {
    let Journal { write, thread_id, .. } = *journal;
    let history = history::model_items(write, thread_id)?;
    let answered: BTreeSet<&str> = history
        .iter()
        .filter_map(|item| match item {
            ResponseItem::FunctionCallOutput { call_id, .. } => Some(call_id.as_str()),
            ResponseItem::Message { .. }
            | ResponseItem::FunctionCall { .. }
            | ResponseItem::ImageGenerationCall { .. } => None,
        })
        .collect();
    for item in &history {
        let ResponseItem::FunctionCall { call_id, .. } = item else { continue };
        if answered.contains(call_id.as_str()) {
            continue;
        }
        let output = match journal.end_of_call(call_id)? {
            End::Made { records, missing, .. } => {
                let mut output = output::show_images(&records, ImageDetail::High);
                output.extend(missing.as_ref().map(output::describe_missing));
                output
            }
            End::Failed(error) => vec![output::describe_failure(&error)],
        };
        let answer = ResponseItem::FunctionCallOutput { call_id: call_id.clone(), output };
        append::add_model_item(write, thread_id, turn_id, &answer)?;
    }
    Ok(())
}
