//! Adds a composite to the thread of the image that it was made from.

use std::fs;
use std::path::PathBuf;

use easel_imagegen::port::{StagedComposite, StagedImage};
use easel_protocol::image::ImageEntry;
use easel_protocol::record::{AppliedImage, Derivation, DerivationKind, ImageRecord, InputImage};
use rusqlite::{Transaction, params};

use super::edits::CompositeSources;
use super::lookup;
use crate::db::connection::Database;
use crate::db::now_ms;
use crate::db::sql_id::SqlId;
use crate::error::Error;
use crate::files::free_name::free_path;
use crate::files::staged;
use crate::home::{Home, file_name};
use crate::{journal, os};

/// Names the file of a composite and inserts its row. Returns `None` if the thread does not have the edit anymore.
///
/// A crash in between leaves a whole image without a row, and nothing is lost: the edit and its base are still there.
pub(crate) fn add(
    database: &mut Database,
    edit: &ImageEntry,
    sources: CompositeSources,
    composite: StagedComposite,
) -> Result<Option<ImageRecord>, Error> {
    let home = database.home.clone();
    let (mut record, staged) = build_record(edit, sources, composite)?;
    let path = name_file(database, edit, staged)?;
    record.path = path.to_string_lossy().into_owned();
    let inserted = database.write_durably(|write| insert(write, &home, edit, &record));
    // After an error, the row may have been written all the same.
    let has_no_row = match &inserted {
        Ok(inserted) => !inserted,
        Err(_) => matches!(lookup::has_row(&database.connection, &home, &edit.thread_id, &path), Ok(false)),
    };
    if has_no_row && let Err(error) = fs::remove_file(&path) {
        tracing::warn!(%error, ?path, "an image without a row was not removed");
    }
    Ok(inserted?.then_some(record))
}

fn build_record(
    edit: &ImageEntry,
    sources: CompositeSources,
    composite: StagedComposite,
) -> Result<(ImageRecord, StagedImage), Error> {
    let StagedComposite { staged, report, feather, drops_content_credentials } = composite;
    let facts = staged.facts().clone();
    let original = &edit.image;
    let derived = Derivation {
        from: vec![original.id.clone(), report.base.clone()],
        by: DerivationKind::Composite,
        feather,
        drops_content_credentials,
    };
    let applied = AppliedImage {
        size: Some(format!("{}x{}", facts.width, facts.height)),
        background: if facts.has_alpha { None } else { Some("opaque".to_owned()) },
        output_format: Some("png".to_owned()),
        n: Some(1),
        quality: None,
    };
    let record = ImageRecord {
        id: journal::new_handle()?,
        facts,
        applied,
        usage: None,
        inputs: inputs_with(sources.base, &original.inputs),
        mask: Some(
            original.mask.clone().filter(|mask| mask.id == sources.mask.id).unwrap_or_else(|| Box::new(sources.mask)),
        ),
        edit: Some(Box::new(report)),
        derived: Some(Box::new(derived)),
        ..original.clone()
    };
    Ok((record, staged))
}

/// Returns the reference images of the composite: those of the edit, with the image that was really the base first.
fn inputs_with(base: InputImage, inputs: &[InputImage]) -> Vec<InputImage> {
    match inputs {
        [first, ..] if first.id == base.id => inputs.to_vec(),
        [] => vec![base],
        [_, others @ ..] => std::iter::once(base).chain(others.iter().cloned()).collect(),
    }
}

/// Gives the file a free name after the item of the edit.
fn name_file(database: &Database, edit: &ImageEntry, mut composite: StagedImage) -> Result<PathBuf, Error> {
    let folder = database.home.thread_images(&edit.thread_id);
    let (name, extension) = (file_name::from_id(&edit.item_id), composite.facts().media_type.extension());
    let mut number = 0;
    loop {
        let path;
        (path, number) = free_path(&folder, &name, extension, number + 1, |path| {
            lookup::has_row(&database.connection, &database.home, &edit.thread_id, path).unwrap_or(false)
        });
        match staged::finish(composite, &path) {
            Ok(()) => {
                os::sync_folder(&folder).map_err(Error::io("flush the folder", &folder))?;
                return Ok(path);
            }
            Err((kept, error)) if error.kind() == std::io::ErrorKind::AlreadyExists => composite = kept,
            Err((_, error)) => return Err(Error::io("store the image", &path)(error)),
        }
    }
}

/// Inserts the row, if the thread still has the edit.
fn insert(write: &Transaction<'_>, home: &Home, edit: &ImageEntry, record: &ImageRecord) -> Result<bool, Error> {
    let sql = "INSERT INTO images (thread_id, id, origin, turn_id, call_id, path, created_at, json) \
               SELECT ?1, ?2, 'made', ?3, ?4, ?5, ?6, ?7 WHERE EXISTS (SELECT 1 FROM images WHERE thread_id = ?1 \
               AND id = ?8 AND json_extract(json, '$.deleted') IS NULL)";
    let (json, path) = (home.to_json(record.clone())?, home.stored_path(record.path.as_ref()));
    let (thread_id, turn_id, item_id) = (SqlId(&edit.thread_id), SqlId(&edit.turn_id), SqlId(&edit.item_id));
    let (id, original) = (SqlId(&record.id), SqlId(&edit.image.id));
    let row = params![thread_id, id, turn_id, item_id, path, now_ms() / 1000, json, original];
    Ok(write.prepare_cached(sql)?.execute(row)? == 1)
}
