//! Closes what a dead process left open: its calls, the items and turns that waited for them, and its unfinished files.
//! Nothing of a living process is touched.

use std::collections::BTreeSet;
use std::fs;

use easel_imagegen::output;
use easel_imagegen::port::image_error;
use easel_protocol::input::ImageDetail;
use easel_protocol::item::{ImageGenerationItem, ImageStatus, ItemInputImage, ThreadItem};
use easel_protocol::record::{Billed, ImageError, ImageErrorKind, ImageRecord};
use easel_protocol::response_item::ResponseItem;
use easel_protocol::turn::{Turn, TurnItemsView, TurnStatus};
use rusqlite::{OptionalExtension, Transaction};

use crate::database::{Database, now_ms};
use crate::fault::Fault;
use crate::home::Home;
use crate::journal::{self, Call, Outcome};
use crate::owner::{self, Gate};
use crate::{append, arrivals, files, history, removal, turn_list};

mod adopt;
mod found;

pub(crate) use found::sweep_parts;

/// Every dead process; for the start.
pub(crate) fn all(database: &mut Database, gate: &Gate) -> Result<(), Fault> {
    for dead in dead_owners(database)? {
        owner(database, &dead, gate)?;
    }
    let incoming = database.home.incoming();
    let copies = files::unfinished_in(&incoming).map_err(Fault::io("could not read the folder", &incoming))?;
    for copy in copies.iter().filter(|copy| !owner::is_alive(&database.home, &copy.owner)) {
        fs::remove_file(&copy.path).map_err(Fault::io("could not remove", &copy.path))?;
    }
    arrivals::sweep(database)
}

/// One dead process. What cannot be closed is tried again at the next start, and does not keep the rest open.
pub(crate) fn owner(database: &mut Database, dead: &str, _gate: &Gate) -> Result<(), Fault> {
    let mut calls = journal::open_calls(&database.connection, &database.home, dead)?;
    let turns = running_turns(database, dead)?;
    let threads: BTreeSet<String> =
        calls.iter().map(|call| &call.thread_id).chain(turns.iter().map(|(thread, _)| thread)).cloned().collect();
    for thread_id in &threads {
        let of_thread: Vec<_> = calls.extract_if(.., |call| call.thread_id == *thread_id).collect();
        if let Err(fault) = adopt::close_calls(database, thread_id, dead, &of_thread) {
            tracing::warn!(%fault, thread_id, "image calls of an earlier process stay open");
        }
    }
    let home = database.home.clone();
    for (thread_id, turn_id) in &turns {
        if let Err(fault) = database.write(|write| close_turn(write, &home, thread_id, turn_id)) {
            tracing::warn!(%fault, thread_id, turn_id, "a turn of an earlier process stays open");
        }
    }
    database.write(|write| {
        write.execute("UPDATE threads SET writer = NULL, writer_pid = NULL WHERE writer = ?1", [dead])?;
        let mut statement = write.prepare("DELETE FROM ephemeral WHERE owner = ?1 RETURNING thread_id")?;
        let ended = statement.query_map([dead], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
        ended.iter().try_for_each(|thread_id| removal::release_given(write, thread_id).map(drop))
    })
}

/// Owner ids of dead processes that left something open.
pub(crate) fn dead_owners(database: &Database) -> Result<Vec<String>, Fault> {
    let sql = "SELECT owner FROM calls WHERE outcome IS NULL \
               UNION SELECT owner FROM turns WHERE owner IS NOT NULL \
               UNION SELECT writer FROM threads WHERE writer IS NOT NULL \
               UNION SELECT owner FROM ephemeral";
    let mut statement = database.connection.prepare(sql)?;
    let owners = statement.query_map([], |row| row.get(0))?.collect::<Result<Vec<String>, _>>()?;
    Ok(owners.into_iter().filter(|owner| !owner::is_alive(&database.home, owner)).collect())
}

/// Thread and turn ids.
fn running_turns(database: &Database, owner: &str) -> Result<Vec<(String, String)>, Fault> {
    let sql = "SELECT thread_id, id FROM turns WHERE owner = ?1 ORDER BY thread_id, position";
    let mut statement = database.connection.prepare(sql)?;
    Ok(statement.query_map([owner], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?)
}

fn close_turn(write: &Transaction<'_>, home: &Home, thread_id: &str, turn_id: &str) -> Result<(), Fault> {
    let sql = "SELECT json FROM turns WHERE thread_id = ?1 AND id = ?2";
    let turn: Turn = serde_json::from_str(&write.query_row(sql, [thread_id, turn_id], |row| row.get::<_, String>(0))?)?;
    let now = now_ms();
    let (items, _) = turn_list::items_of(write, home, thread_id, turn_id, TurnItemsView::Full)?;
    for mut item in items {
        if item.times().1.is_none() {
            close_item(write, home, thread_id, &mut item, now)?;
            append::put_item(write, home, thread_id, turn_id, &item)?;
        }
    }
    answer_calls(write, home, thread_id, turn_id)?;
    let duration_ms = turn.started_at.map(|started_at| (now - started_at * 1000).max(0));
    let ended = Turn { status: TurnStatus::Interrupted, completed_at: Some(now / 1000), duration_ms, ..turn };
    append::put_turn(write, thread_id, &ended, "")
}

fn close_item(
    write: &Transaction<'_>,
    home: &Home,
    thread_id: &str,
    item: &mut ThreadItem,
    now: i64,
) -> Result<(), Fault> {
    match item {
        ThreadItem::UserMessage(message) => message.completed_at_ms = Some(now),
        ThreadItem::AgentMessage(message) => message.completed_at_ms = Some(now),
        ThreadItem::Reasoning(reasoning) => reasoning.completed_at_ms = Some(now),
        ThreadItem::ImageGeneration(image) => {
            image.completed_at_ms = Some(now);
            match end_of_call(write, home, thread_id, &image.id)? {
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
fn complete_closed_item(
    write: &Transaction<'_>,
    home: &Home,
    call: &Call,
    records: &[ImageRecord],
    generation_id: Option<String>,
    missing: Option<ImageError>,
) -> Result<(), Fault> {
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

/// What the journal says of a call. One that is not there was never sent.
fn end_of_call(write: &Transaction<'_>, home: &Home, thread_id: &str, call_id: &str) -> Result<End, Fault> {
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
        None => End::Failed(interrupted(Billed::No)),
    })
}

/// A model refuses a conversation in which a call of its own has no output.
fn answer_calls(write: &Transaction<'_>, home: &Home, thread_id: &str, turn_id: &str) -> Result<(), Fault> {
    let history = history::model_items(write, home, thread_id)?;
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
        let output = match end_of_call(write, home, thread_id, call_id)? {
            End::Made { records, missing, .. } => {
                let mut output = output::made(&records, ImageDetail::High);
                output.extend(missing.as_ref().map(output::missing));
                output
            }
            End::Failed(error) => vec![output::failed(&error)],
        };
        let answer = ResponseItem::FunctionCallOutput { call_id: call_id.clone(), output };
        append::add_model_item(write, home, thread_id, turn_id, &answer)?;
    }
    Ok(())
}

/// The end of a call whose process did not live to see it.
pub(crate) fn interrupted(billed: Billed) -> ImageError {
    let message = match billed {
        Billed::No => "Easel ended before this call did; nothing was billed.",
        Billed::Yes | Billed::Uncertain => "Easel ended before this call did; the provider may have billed it.",
    };
    ImageError { billed, attempts: 1, ..image_error(ImageErrorKind::Interrupted, message) }
}
