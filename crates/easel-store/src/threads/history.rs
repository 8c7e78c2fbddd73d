//! Reads one thread: its row, its conversation and its images.

use std::collections::{HashMap, HashSet};

use easel_imagegen::port::{Origin, Provenance, Reference, StoredThread, ThreadImage};
use easel_protocol::event::ThreadTokenUsage;
use easel_protocol::id::{ImageId, TurnId};
use easel_protocol::record::{Attachment, ImageRecord};
use easel_protocol::response_item::{ContentItem, HANDLE_SCHEME, MessageRole, ResponseItem};
use easel_protocol::thread::Thread;
use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::{Map, Value};

use crate::db::sql_id::SqlId;
use crate::error::Error;
use crate::home::Home;

/// The columns that [`read_thread`] reads.
pub(crate) const THREAD_COLUMNS: &str = "json, name, preview, updated_at";

/// Reads a thread from a row of [`THREAD_COLUMNS`].
pub(crate) fn read_thread(row: &Row<'_>) -> Result<Thread, Error> {
    let thread: Thread = serde_json::from_str(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?;
    Ok(Thread { name: row.get(1)?, preview: row.get(2)?, updated_at: row.get(3)?, ..thread })
}

/// Finds a thread. It has no turns, and its status is `notLoaded`, since the store does not know whether it is loaded.
pub(crate) fn find_thread(connection: &Connection, thread_id: &str) -> Result<Option<Thread>, Error> {
    let sql = format!("SELECT {THREAD_COLUMNS} FROM threads WHERE id = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([thread_id])?;
    rows.next()?.map(read_thread).transpose()
}

fn overrides(connection: &Connection, thread_id: &str) -> Result<Map<String, Value>, Error> {
    let sql = "SELECT overrides FROM threads WHERE id = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([thread_id])?;
    let Some(row) = rows.next()? else { return Ok(Map::new()) };
    Ok(serde_json::from_str(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?)
}

/// Returns the id of the newest turn.
pub(crate) fn newest_turn(connection: &Connection, thread_id: &str) -> Result<Option<TurnId>, Error> {
    let sql = "SELECT id FROM turns WHERE thread_id = ?1 ORDER BY position DESC LIMIT 1";
    Ok(connection
        .prepare_cached(sql)?
        .query_row([thread_id], |row| Ok(row.get::<_, SqlId<TurnId>>(0)?.0))
        .optional()?)
}

/// Returns the newest turn with a token usage, and that usage.
pub(crate) fn token_usage(
    connection: &Connection,
    thread_id: &str,
) -> Result<Option<(TurnId, ThreadTokenUsage)>, Error> {
    let sql = "SELECT id, usage FROM turns WHERE thread_id = ?1 AND usage IS NOT NULL ORDER BY position DESC LIMIT 1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([thread_id])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let usage = serde_json::from_str(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?)?;
    let SqlId(turn_id) = row.get(0)?;
    Ok(Some((turn_id, usage)))
}

/// Reads everything that an actor needs to continue a thread. Run it in one transaction, so that all parts have the
/// same state.
pub(crate) fn load(connection: &Connection, home: &Home, thread_id: &str) -> Result<Option<StoredThread>, Error> {
    let Some(thread) = find_thread(connection, thread_id)? else { return Ok(None) };
    let usage: Option<String> =
        connection.query_row("SELECT usage FROM threads WHERE id = ?1", [thread_id], |row| row.get(0))?;
    let usage = usage.map(|usage| serde_json::from_str::<ThreadTokenUsage>(&usage)).transpose()?.unwrap_or_default();
    let history = model_items(connection, thread_id)?;
    let images = order_by_conversation(&history, read_images(connection, home, thread_id)?);
    Ok(Some(StoredThread {
        thread,
        overrides: overrides(connection, thread_id)?,
        history,
        images,
        item_ids: item_ids(connection, thread_id)?,
        usage: usage.total,
    }))
}

/// Returns the conversation as the model reads it, oldest first.
pub(crate) fn model_items(connection: &Connection, thread_id: &str) -> Result<Vec<ResponseItem>, Error> {
    let sql = "SELECT json FROM model_items WHERE thread_id = ?1 ORDER BY position";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([thread_id])?;
    let mut items = Vec::new();
    while let Some(row) = rows.next()? {
        items.push(serde_json::from_str(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?);
    }
    Ok(items)
}

/// Returns the ids of items and of journalled calls: a call may be in the journal before its item is in history.
fn item_ids(connection: &Connection, thread_id: &str) -> Result<HashSet<String>, Error> {
    let sql = "SELECT id FROM items WHERE thread_id = ?1 UNION SELECT call_id FROM calls WHERE thread_id = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let ids = statement.query_map([thread_id], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(ids)
}

/// Returns the images of a thread, oldest first. The ordinal of an attachment's message is set later from the
/// conversation.
pub(crate) fn read_images(connection: &Connection, home: &Home, thread_id: &str) -> Result<Vec<ThreadImage>, Error> {
    let sql = "SELECT origin, json FROM images WHERE thread_id = ?1 AND origin IN ('attached', 'made') AND withdrawn = 0 \
         AND json_extract(json, '$.deleted') IS NULL ORDER BY sequence";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([thread_id])?;
    let mut images = Vec::new();
    while let Some(row) = rows.next()? {
        let json = row.get_ref(1)?;
        images.push(if row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)? == "made" {
            let record: ImageRecord = home.read_column(json)?;
            let reference = Reference {
                id: Some(record.id),
                path: record.path.into(),
                facts: record.facts,
                provenance: Provenance::Generated,
            };
            ThreadImage { origin: Origin::Generated, reference, prompt: Some(record.requested.prompt) }
        } else {
            let Attachment { id, path, facts } = home.read_column(json)?;
            let reference = Reference { id: Some(id), path: path.into(), facts, provenance: Provenance::User };
            ThreadImage { origin: Origin::Attached { message: 0 }, reference, prompt: None }
        });
    }
    Ok(images)
}

/// Orders images as the conversation shows them. Attachments that no message shows are dropped: their turn never
/// started. A generated image that no output shows goes before the next newer one.
fn order_by_conversation(history: &[ResponseItem], stored: Vec<ThreadImage>) -> Vec<ThreadImage> {
    let mut rest: Vec<Option<ThreadImage>> = stored.into_iter().map(Some).collect();
    let numbers: HashMap<ImageId, usize> =
        (0..).zip(&rest).filter_map(|(at, image)| Some((image.as_ref()?.reference.id.clone()?, at))).collect();
    let mut placed: Vec<(usize, ThreadImage)> = Vec::new();
    let mut seen = HashSet::new();
    let attached: HashSet<&str> =
        shown_images(history).filter_map(|(message, handle)| message.and(Some(handle))).collect();
    for (message, handle) in shown_images(history) {
        if !seen.insert(handle) {
            continue;
        }
        let Some(&at) = numbers.get(handle) else { continue };
        let Some(mut image) = rest[at].take() else { continue };
        if let Origin::Attached { message: ordinal } = &mut image.origin {
            match message {
                Some(message) => *ordinal = message,
                // The image is only mentioned here. A later user message attaches it.
                None if attached.contains(handle) => {
                    rest[at] = Some(image);
                    seen.remove(handle);
                    continue;
                }
                // A client appended it as the output of a tool.
                None => image.origin = Origin::Generated,
            }
        }
        placed.push((at, image));
    }
    let unshown =
        (0..).zip(rest).filter_map(|(at, image)| Some((at, image.filter(|image| image.origin == Origin::Generated)?)));
    merge_by_number(placed, unshown)
}

/// Merges two lists: keeps the order of `placed`, and inserts each of `others`, which are sorted by number, before the
/// first placed image with a larger number.
fn merge_by_number(
    placed: Vec<(usize, ThreadImage)>,
    others: impl Iterator<Item = (usize, ThreadImage)>,
) -> Vec<ThreadImage> {
    let mut others = others.peekable();
    let mut images = Vec::new();
    for (at, image) in placed {
        while let Some((_, older)) = others.next_if(|(other, _)| *other < at) {
            images.push(older);
        }
        images.push(image);
    }
    images.extend(others.map(|(_, image)| image));
    images
}

/// Returns the handles that the conversation shows, in order, each with the ordinal of its user message if it is in
/// one.
fn shown_images(history: &[ResponseItem]) -> impl Iterator<Item = (Option<usize>, &str)> {
    let mut messages = 0..;
    history.iter().flat_map(move |item| {
        let (message, content, result): (_, &[ContentItem], _) = match item {
            ResponseItem::Message { role: MessageRole::User, content } => (messages.next(), content, None),
            ResponseItem::Message { role: MessageRole::Assistant | MessageRole::Developer, content }
            | ResponseItem::FunctionCallOutput { output: content, .. } => (None, content, None),
            ResponseItem::ImageGenerationCall { result, .. } => (None, &[], Some(result.as_str())),
            ResponseItem::FunctionCall { .. } => (None, &[], None),
        };
        let shown = content.iter().filter_map(|part| match part {
            ContentItem::InputImage { image_url, .. } => Some(image_url.as_str()),
            ContentItem::InputText { .. } | ContentItem::OutputText { .. } => None,
        });
        shown.chain(result).filter_map(move |url| Some((message, url.strip_prefix(HANDLE_SCHEME)?)))
    })
}
