//! The images of a conversation.

use std::collections::BTreeMap;

use easel_imagegen::capability::MAX_REFERENCES;
use easel_imagegen::edit;
use easel_imagegen::handle;
use easel_imagegen::port::{Origin, Provenance, Reference, ThreadImage};
use easel_protocol::record::{Attachment, ImageRecord};
use easel_protocol::response_item::{Catalogue, ResponseItem};
use rusqlite::{Connection, Row};

use super::order;
use crate::error::Error;
use crate::home::Home;

/// Images by their sequence, which is the order in which they were stored.
pub(super) type ImagesBySequence = BTreeMap<i64, ThreadImage>;

/// Finds an image of the conversation by its handle.
pub(crate) const BY_HANDLE_SQL: &str = "SELECT sequence, origin, json FROM images WHERE thread_id = ?1 AND id = ?2 \
    AND origin IN ('attached', 'made') AND withdrawn = 0 AND json_extract(json, '$.deleted') IS NULL";

/// Finds images of the conversation by their file. No message shows an attachment that a process has taken.
pub(crate) const BY_PATH_SQL: &str = "SELECT sequence, origin, json FROM images WHERE thread_id = ?1 AND path = ?2 \
    AND origin IN ('attached', 'made') AND withdrawn = 0 AND taken_by IS NULL \
    AND json_extract(json, '$.deleted') IS NULL ORDER BY sequence LIMIT 1";

/// Walks through the generated images from the newest on, without those that a composite of their call replaces while
/// it is there. The other conditions are those of the index `images_of_thread`.
pub(crate) const NEWEST_GENERATED_SQL: &str = "SELECT sequence, origin, json FROM images WHERE thread_id = ?1 \
    AND origin = 'made' AND json_extract(json, '$.deleted') IS NULL AND withdrawn = 0 \
    AND NOT (json_extract(json, '$.edit.composite') IS 'applied' AND json_extract(json, '$.derived') IS NULL \
    AND EXISTS (SELECT 1 FROM images AS composite WHERE composite.thread_id = images.thread_id \
    AND composite.call_id = images.call_id AND json_extract(composite.json, '$.derived.from[0]') = images.id \
    AND json_extract(composite.json, '$.deleted') IS NULL)) \
    ORDER BY sequence DESC";

/// Returns the images that the conversation shows, and the newest generated ones, in the order of the conversation. A
/// call that selects no image by name uses at most [`MAX_REFERENCES`] of the newest.
pub(super) fn read_for_history(
    connection: &Connection,
    home: &Home,
    thread_id: &str,
    history: &[ResponseItem],
) -> Result<Vec<ThreadImage>, Error> {
    let mut images = ImagesBySequence::new();
    let mut statement = connection.prepare_cached(NEWEST_GENERATED_SQL)?;
    let mut rows = statement.query([thread_id])?;
    while images.len() < MAX_REFERENCES
        && let Some(row) = rows.next()?
    {
        let (sequence, image) = read_image(home, row)?;
        images.insert(sequence, image);
    }
    for (_, handle) in order::shown_images(history) {
        if let Some((sequence, image)) = find(connection, home, BY_HANDLE_SQL, thread_id, handle)? {
            images.insert(sequence, image);
        }
    }
    Ok(order::order_by_conversation(history, images))
}

/// Returns the images with these names, which are handles and absolute paths. Names that the conversation does not have
/// are left out.
pub(crate) fn find_named(
    connection: &Connection,
    home: &Home,
    thread_id: &str,
    names: &[String],
) -> Result<Vec<ThreadImage>, Error> {
    let mut found = Vec::new();
    for name in names {
        let image = if handle::is_handle(name) {
            find(connection, home, BY_HANDLE_SQL, thread_id, name)?
        } else {
            find(connection, home, BY_PATH_SQL, thread_id, &home.stored_path(name.as_ref()))?
        };
        found.extend(image.map(|(_, image)| image));
    }
    Ok(found)
}

/// Marks the images of a catalogue that the thread no longer has.
pub(super) fn mark_deleted(
    connection: &Connection,
    home: &Home,
    thread_id: &str,
    catalogue: &mut Catalogue,
) -> Result<(), Error> {
    for image in &mut catalogue.images {
        image.is_deleted = find(connection, home, BY_HANDLE_SQL, thread_id, &image.id)?.is_none();
    }
    Ok(())
}

fn find(
    connection: &Connection,
    home: &Home,
    sql: &str,
    thread_id: &str,
    key: &str,
) -> Result<Option<(i64, ThreadImage)>, Error> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query((thread_id, key))?;
    rows.next()?.map(|row| read_image(home, row)).transpose()
}

/// Reads an image with its sequence. The ordinal of an attachment's message is set later from the conversation.
fn read_image(home: &Home, row: &Row<'_>) -> Result<(i64, ThreadImage), Error> {
    let json = row.get_ref(2)?;
    let image = if row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)? == "made" {
        let record: ImageRecord = home.read_column(json)?;
        let reference = Reference {
            id: Some(record.id),
            path: record.path.into(),
            facts: record.facts,
            provenance: Provenance::Generated,
        };
        let edited_from = record.inputs.into_iter().filter_map(|input| input.id).collect();
        let (prompt, note) = (Some(record.requested.prompt), record.edit.as_deref().and_then(edit::describe));
        ThreadImage { origin: Origin::Generated, reference, prompt, edited_from, note }
    } else {
        let Attachment { id, path, facts } = home.read_column(json)?;
        let reference = Reference { id: Some(id), path: path.into(), facts, provenance: Provenance::User };
        ThreadImage {
            origin: Origin::Attached { message: 0 },
            reference,
            prompt: None,
            edited_from: Vec::new(),
            note: None,
        }
    };
    Ok((row.get(0)?, image))
}
