//! The end of a call: its images get their names and records, or its failure is noted.

use std::io;
use std::path::{Path, PathBuf};

use easel_imagegen::port::{CallEnd, GeneratedImage, GeneratedImages, StagedImage};
use easel_protocol::record::ImageRecord;

use super::record::{self, Answer, Applied};
use super::{Call, IntendedImage, Intent, Outcome, find_reserved, finish, images_of, new_handle};
use crate::db::connection::Database;
use crate::error::Error;
use crate::files::spare_folders;
use crate::files::thread_files;
use crate::home::Home;
use crate::home::file_name;
use crate::lists::image_list;
use crate::os;

/// Ends a call. When images were made and cannot be recorded, their files stay, and the error says where.
pub(crate) fn settle(
    home: &Home,
    database: Result<&mut Database, Error>,
    thread_id: &str,
    call_id: &str,
    end: CallEnd,
) -> Result<Vec<ImageRecord>, Error> {
    match end {
        CallEnd::Failed(error) => {
            let database = database?;
            let call = find_reserved(&database.connection, &database.home, thread_id, call_id)?;
            database.write_durably(|write| finish(write, home, &call, &[], &Outcome::Failed { error }))?;
            Ok(Vec::new())
        }
        CallEnd::Generated { mut made, elapsed_ms } => {
            let mut slots: Vec<Slot> = made.images.drain(..).map(Slot::new).collect();
            database
                .and_then(|database| keep(database, thread_id, call_id, &mut slots, &made, elapsed_ms))
                .map_err(|error| rescue(home, thread_id, call_id, slots, error))
        }
    }
}

/// Puts the call into the names of its staged files, so that recovery knows them by it.
pub(crate) fn assign(mut end: CallEnd, owner: &str, thread_id: &str, call_id: &str) -> CallEnd {
    if let CallEnd::Generated { made, .. } = &mut end {
        let tag = thread_files::call_tag(thread_id, call_id);
        made.images.iter_mut().for_each(|image| thread_files::add_call(&mut image.staged, owner, &tag));
    }
    end
}

/// A made image and where its file is meanwhile: staged, or at its path.
struct Slot {
    staged: Option<StagedImage>,
    applied: Applied,
    path: PathBuf,
}

impl Slot {
    fn new(image: GeneratedImage) -> Self {
        let facts = image.staged.facts().clone();
        let applied = Applied { facts, revised_prompt: image.revised_prompt, reported: image.applied };
        Self { staged: Some(image.staged), applied, path: PathBuf::new() }
    }
}

fn keep(
    database: &mut Database,
    thread_id: &str,
    call_id: &str,
    slots: &mut [Slot],
    made: &GeneratedImages,
    elapsed_ms: u64,
) -> Result<Vec<ImageRecord>, Error> {
    let call = find_reserved(&database.connection, &database.home, thread_id, call_id)?;
    if call.outcome.is_some() {
        // A second answer to one call changes nothing: the first has been told.
        return images_of(&database.connection, &database.home, thread_id, call_id);
    }
    if let Some(away) = slots.iter_mut().find_map(|slot| slot.staged.as_mut()?.displaced.take()) {
        let folder = database.home.thread_images(thread_id);
        return Err(Error::io("store the image", &folder)(away));
    }
    let handles = slots.iter().map(|_| new_handle()).collect::<Result<Vec<_>, _>>()?;
    let records = loop {
        name_slots(database, &call, slots);
        let count = slots.len();
        let record = |(slot, handle): (&Slot, &String)| {
            let made = Answer {
                usage: made.usage.clone(),
                request_id: made.request_id.clone(),
                elapsed_ms,
                attempts: made.attempts,
                count,
            };
            record::of(&call.asked, &slot.applied, &made, handle, &slot.path)
        };
        let records: Vec<ImageRecord> = slots.iter().zip(&handles).map(record).collect();
        intend(database, &call, slots, &records, made)?;
        if place(slots)? {
            break records;
        }
    };
    let folder = database.home.thread_images(thread_id);
    os::sync_folder(&folder).map_err(Error::io("flush the folder", &folder))?;
    let outcome = Outcome::Made { generation_id: made.generation_id.clone(), missing: made.missing.clone() };
    let home = database.home.clone();
    database.write_durably(|write| finish(write, &home, &call, &records, &outcome))?;
    Ok(records)
}

/// Chooses free names for the files that have none yet.
fn name_slots(database: &Database, call: &Call, slots: &mut [Slot]) {
    let folder = database.home.thread_images(&call.thread_id);
    let name = file_name::from_id(&call.call_id);
    let mut number = 0;
    for slot in slots.iter_mut().filter(|slot| slot.staged.is_some()) {
        let extension = slot.applied.facts.media_type.extension();
        let is_recorded = |path: &Path| {
            image_list::is_recorded(&database.connection, &database.home, &call.thread_id, path).unwrap_or(false)
        };
        (slot.path, number) = thread_files::free_path(&folder, &name, extension, number + 1, is_recorded);
    }
}

fn intend(
    database: &mut Database,
    call: &Call,
    slots: &[Slot],
    records: &[ImageRecord],
    made: &GeneratedImages,
) -> Result<(), Error> {
    let image = |(slot, record): (&Slot, &ImageRecord)| IntendedImage {
        staged: slot.staged.as_ref().map(|staged| staged.path().to_path_buf()).unwrap_or_default(),
        record: record.clone(),
    };
    let images = slots.iter().zip(records).map(image).collect();
    let intent = Intent { images, generation_id: made.generation_id.clone(), missing: made.missing.clone() };
    let intent = database.home.to_json(intent)?;
    database.write_durably(|write| {
        let sql = "UPDATE calls SET intent = ?3 WHERE thread_id = ?1 AND call_id = ?2";
        write.execute(sql, (&call.thread_id, &call.call_id, intent))?;
        Ok(())
    })
}

/// Gives the staged files their names. False when somebody took a name meanwhile.
fn place(slots: &mut [Slot]) -> Result<bool, Error> {
    for slot in slots {
        let Some(staged) = slot.staged.take() else { continue };
        if let Err((staged, error)) = thread_files::put_staged(staged, &slot.path) {
            slot.staged = Some(staged);
            if error.kind() == io::ErrorKind::AlreadyExists {
                return Ok(false);
            }
            return Err(Error::io("store the image", &slot.path)(error));
        }
    }
    Ok(true)
}

/// Keeps what was paid for when it cannot be recorded: under its name if that works, else where it lies. The journal row
/// stays open, so that a later start takes in the files.
fn rescue(home: &Home, thread_id: &str, call_id: &str, slots: Vec<Slot>, error: Error) -> Error {
    let folder = home.thread_images(thread_id);
    let name = file_name::from_id(call_id);
    let mut kept = Vec::new();
    for slot in slots {
        let Some(staged) = slot.staged else {
            kept.push(slot.path);
            continue;
        };
        let extension = staged.facts().media_type.extension();
        let at_home = staged.path().starts_with(&folder);
        let (folder, name) = match staged.path().parent() {
            Some(elsewhere) if !at_home => {
                (elsewhere, spare_folders::name(&name, &thread_files::call_tag(thread_id, call_id)))
            }
            Some(_) | None => (folder.as_path(), name.clone()),
        };
        let (path, _) = thread_files::free_path(folder, &name, extension, 1, |_| false);
        match thread_files::put_staged(staged, &path) {
            Ok(()) => kept.push(path),
            Err((staged, _)) => kept.push(staged.into_path()),
        }
    }
    if kept.is_empty() {
        return error;
    }
    Error::ImageKept { paths: kept, source: Box::new(error) }
}
