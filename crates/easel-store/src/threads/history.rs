//! One thread as a whole: for `thread/read`, and for an actor that takes it over.

use std::collections::{HashMap, HashSet};

use easel_imagegen::port::{Origin, Provenance, Reference, StoredThread, ThreadImage};
use easel_protocol::event::ThreadTokenUsage;
use easel_protocol::id::ImageId;
use easel_protocol::record::{Attachment, ImageRecord};
use easel_protocol::response_item::{ContentItem, HANDLE_SCHEME, MessageRole, ResponseItem};
use easel_protocol::thread::Thread;
use rusqlite::{Connection, OptionalExtension, Row};
use serde_json::{Map, Value};

use crate::error::Error;
use crate::home::Home;

/// Columns that [`thread_of`] reads, in its order.
pub(crate) const THREAD_COLUMNS: &str = "json, name, preview, updated_at";

pub(crate) fn thread_of(row: &Row<'_>) -> Result<Thread, Error> {
    let thread: Thread = serde_json::from_str(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?;
    Ok(Thread { name: row.get(1)?, preview: row.get(2)?, updated_at: row.get(3)?, ..thread })
}

/// A thread without its turns; `status` is `notLoaded`, since the store does not know who holds it.
pub(crate) fn thread(connection: &Connection, thread_id: &str) -> Result<Option<Thread>, Error> {
    let sql = format!("SELECT {THREAD_COLUMNS} FROM threads WHERE id = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([thread_id])?;
    rows.next()?.map(thread_of).transpose()
}

pub(crate) fn overrides(connection: &Connection, thread_id: &str) -> Result<Map<String, Value>, Error> {
    let sql = "SELECT overrides FROM threads WHERE id = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([thread_id])?;
    let Some(row) = rows.next()? else { return Ok(Map::new()) };
    Ok(serde_json::from_str(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?)
}

pub(crate) fn newest_turn(connection: &Connection, thread_id: &str) -> Result<Option<String>, Error> {
    let sql = "SELECT id FROM turns WHERE thread_id = ?1 ORDER BY position DESC LIMIT 1";
    Ok(connection.prepare_cached(sql)?.query_row([thread_id], |row| row.get(0)).optional()?)
}

/// The usage after the newest turn that has one, with the turn's id.
pub(crate) fn usage(connection: &Connection, thread_id: &str) -> Result<Option<(String, ThreadTokenUsage)>, Error> {
    let sql = "SELECT id, usage FROM turns WHERE thread_id = ?1 AND usage IS NOT NULL ORDER BY position DESC LIMIT 1";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([thread_id])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let usage = serde_json::from_str(row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?)?;
    Ok(Some((row.get(0)?, usage)))
}

/// Must be read in one transaction, so that another process's write does not fall between the parts.
pub(crate) fn load(connection: &Connection, home: &Home, thread_id: &str) -> Result<Option<StoredThread>, Error> {
    let Some(thread) = thread(connection, thread_id)? else { return Ok(None) };
    let usage: Option<String> =
        connection.query_row("SELECT usage FROM threads WHERE id = ?1", [thread_id], |row| row.get(0))?;
    let usage = usage.map(|usage| serde_json::from_str::<ThreadTokenUsage>(&usage)).transpose()?.unwrap_or_default();
    let history = model_items(connection, thread_id)?;
    let images = in_conversation(&history, images(connection, home, thread_id)?);
    Ok(Some(StoredThread {
        thread,
        overrides: overrides(connection, thread_id)?,
        history,
        images,
        item_ids: item_ids(connection, thread_id)?,
        usage: usage.total,
    }))
}

/// The conversation as the model reads it, oldest first.
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

/// Ids that items and journalled calls have taken: a call may be in the journal before its item is in history.
fn item_ids(connection: &Connection, thread_id: &str) -> Result<HashSet<String>, Error> {
    let sql = "SELECT id FROM items WHERE thread_id = ?1 UNION SELECT call_id FROM calls WHERE thread_id = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let ids = statement.query_map([thread_id], |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(ids)
}

/// Whether an image was given or made is in `origin`; the ordinal of an attached one follows from the conversation.
pub(crate) fn images(connection: &Connection, home: &Home, thread_id: &str) -> Result<Vec<ThreadImage>, Error> {
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

/// Orders images as the conversation names them. An attachment that no message names belongs to a turn that never came
/// to be, and is left out; a made image that no output names stands before the next newer one.
fn in_conversation(history: &[ResponseItem], stored: Vec<ThreadImage>) -> Vec<ThreadImage> {
    let mut rest: Vec<Option<ThreadImage>> = stored.into_iter().map(Some).collect();
    let places: HashMap<ImageId, usize> =
        (0..).zip(&rest).filter_map(|(at, image)| Some((image.as_ref()?.reference.id.clone()?, at))).collect();
    let mut placed: Vec<(usize, ThreadImage)> = Vec::new();
    let mut seen = HashSet::new();
    let attached: HashSet<&str> =
        named_images(history).filter_map(|(message, handle)| message.and(Some(handle))).collect();
    for (message, handle) in named_images(history) {
        if !seen.insert(handle) {
            continue;
        }
        let Some(&at) = places.get(handle) else { continue };
        let Some(mut image) = rest[at].take() else { continue };
        if let Origin::Attached { message: ordinal } = &mut image.origin {
            match message {
                Some(message) => *ordinal = message,
                // Only a user message attaches; elsewhere an attachment is no more than mentioned.
                None if attached.contains(handle) => {
                    rest[at] = Some(image);
                    seen.remove(handle);
                    continue;
                }
                // A client put it in as the work of a tool.
                None => image.origin = Origin::Generated,
            }
        }
        placed.push((at, image));
    }
    let unnamed =
        (0..).zip(rest).filter_map(|(at, image)| Some((at, image.filter(|image| image.origin == Origin::Generated)?)));
    before_newer(placed, unnamed)
}

/// The images of `placed` in their order, and each of the others, which are in the order of their numbers, before the
/// first of them with a larger number.
fn before_newer(
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

/// Handles in the order in which the conversation shows them, with the ordinal of the user message that does.
fn named_images(history: &[ResponseItem]) -> impl Iterator<Item = (Option<usize>, &str)> {
    let mut messages = 0..;
    history.iter().flat_map(move |item| {
        let (message, content, result): (_, &[ContentItem], _) = match item {
            ResponseItem::Message { role: MessageRole::User, content } => (messages.next(), content, None),
            ResponseItem::Message { role: MessageRole::Assistant | MessageRole::Developer, content }
            | ResponseItem::FunctionCallOutput { output: content, .. } => (None, content, None),
            ResponseItem::ImageGenerationCall { result, .. } => (None, &[], Some(result.as_str())),
            ResponseItem::FunctionCall { .. } => (None, &[], None),
        };
        let shown = content.iter().filter_map(|piece| match piece {
            ContentItem::InputImage { image_url, .. } => Some(image_url.as_str()),
            ContentItem::InputText { .. } | ContentItem::OutputText { .. } => None,
        });
        shown.chain(result).filter_map(move |url| Some((message, url.strip_prefix(HANDLE_SCHEME)?)))
    })
}
