//! Finished images of calls that have no outcome. The names of their files say which call they belong to; a file that no
//! call can be told for is kept under a plain name.
//!
//! Only a file that is no image is removed. After every other error the call stays open, and the next start tries again.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use easel_protocol::record::{AppliedImage, Billed, ImageError, ImageFacts, ImageRecord};
use tempfile::TempPath;

use super::interrupted;
use super::leftovers::Found;
use super::turns::complete_closed_item;
use crate::db::connection::Database;
use crate::error::Error;
use crate::files::spare_folders;
use crate::files::thread_files::{self, Unfinished};
use crate::home::file_name;
use crate::journal::{self, Answer, Applied, Call, Intent, Outcome};
use crate::lists::image_list;
use crate::os;
use crate::threads::delete_thread;

/// An image of a call, at its final path.
struct Adopted {
    path: PathBuf,
    facts: ImageFacts,
}

/// Ends the open calls that a dead process has in one thread.
pub(super) fn close_calls(database: &mut Database, thread_id: &str, dead: &str, calls: &[Call]) -> Result<(), Error> {
    let mut found = Found::look(database, thread_id, dead)?;
    let mut without_call = found.take_without_call();
    let intents = || calls.iter().filter_map(|call| call.intent.as_ref()).flat_map(|intent| &intent.images);
    without_call.retain(|file| intents().all(|image| image.staged != file.path));
    let is_unplanned = |call: &&Call| call.intent.is_none();
    let (lone, rest) = match calls.iter().filter(is_unplanned).count() {
        1 => (without_call, Vec::new()),
        // With several calls open, nothing says which of them a file belongs to.
        _ => (Vec::new(), without_call),
    };
    let note = set_aside(database, thread_id, &rest)?;
    let taken: Vec<String> = calls.iter().map(|call| file_name::from_id(&call.call_id)).collect();
    let mut lone = Some(lone);
    for call in calls {
        let closed = found.take(&thread_files::call_tag(thread_id, &call.call_id)).and_then(|mut own| {
            if call.intent.is_none() {
                own.extend(lone.take().unwrap_or_default());
            }
            close_call(database, call, dead, own, &taken, &note)
        });
        if let Err(error) = closed {
            tracing::warn!(%error, thread_id, call.call_id, "an image call of an earlier process stays open");
        }
    }
    Ok(())
}

fn close_call(
    database: &mut Database,
    call: &Call,
    dead: &str,
    found: Vec<Unfinished>,
    taken: &[String],
    note: &str,
) -> Result<(), Error> {
    let named = named_files(database, call, taken)?;
    let (mut records, found, mut images) = match &call.intent {
        Some(intent) => {
            let (records, found) = carry_on(database, call, intent, found, named)?;
            // Another file with the name is not one that was meant.
            (records, found, Vec::new())
        }
        None => (Vec::new(), found, named),
    };
    for file in found {
        images.extend(adopt(database, call, dead, &file, &images)?);
    }
    records.extend(records_of(call, images)?);
    finish(database, call, &records, note)
}

fn finish(database: &mut Database, call: &Call, records: &[ImageRecord], note: &str) -> Result<(), Error> {
    let generation_id = call.intent.as_ref().and_then(|intent| intent.generation_id.clone());
    let missing = call.intent.as_ref().and_then(|intent| intent.missing.clone()).or_else(|| lost(call, records.len()));
    let outcome = if records.is_empty() {
        let mut error = interrupted(if call.bills { Billed::Uncertain } else { Billed::No });
        error.message.push_str(note);
        Outcome::Failed { error }
    } else {
        let folder = database.home.thread_images(&call.thread_id);
        os::sync_folder(&folder).map_err(Error::io("flush the folder", &folder))?;
        Outcome::Made { generation_id: generation_id.clone(), missing: missing.clone() }
    };
    let home = database.home.clone();
    database.write_durably(|write| {
        journal::finish(write, &home, call, records, &outcome)?;
        // An open call kept what the thread was given.
        delete_thread::release_given_of_ended(write, &call.thread_id)?;
        if records.is_empty() {
            return Ok(());
        }
        complete_closed_item(write, &home, call, records, generation_id, missing.map(|error| *error))
    })
}

/// Why there are fewer images than the call asked for: what else arrived died with the process.
fn lost(call: &Call, found: usize) -> Option<Box<ImageError>> {
    let asked = call.asked.requested.parameters.n.unwrap_or(1);
    if u32::try_from(found).is_ok_and(|found| found >= asked) {
        return None;
    }
    let error = interrupted(if call.bills { Billed::Uncertain } else { Billed::No });
    Some(Box::new(ImageError { message: format!("{found} of {asked} images arrived. {}", error.message), ..error }))
}

/// Does what the process was about to do when it died. Returns the records, and the files that were not meant.
fn carry_on(
    database: &Database,
    call: &Call,
    intent: &Intent,
    mut found: Vec<Unfinished>,
    mut named: Vec<Adopted>,
) -> Result<(Vec<ImageRecord>, Vec<Unfinished>), Error> {
    let mut records = Vec::new();
    for image in &intent.images {
        let mut record = image.record.clone();
        let path = if is_it(&image.staged, &record.facts)? {
            found.retain(|file| file.path != image.staged);
            // The intended name may have been taken by another file between the intent and the crash.
            move_to_free_name(database, call, &image.staged, &record.facts)?
        } else if is_it(Path::new(&record.path), &record.facts)? {
            PathBuf::from(&record.path)
        } else if let Some(at) = named.iter().position(|other| other.facts == record.facts) {
            named.swap_remove(at).path
        } else {
            continue;
        };
        record.path = path.to_string_lossy().into_owned();
        records.push(record);
    }
    Ok((records, found))
}

/// Whether a file has these bytes. An error is no answer: the file may be there.
fn is_it(path: &Path, facts: &ImageFacts) -> Result<bool, Error> {
    Ok(look_at(path)?.is_some_and(|found| found == *facts))
}

/// `None` when there is no file, or it is surely no image.
fn look_at(path: &Path) -> Result<Option<ImageFacts>, Error> {
    match thread_files::facts_of(path) {
        Ok(facts) => Ok(Some(facts)),
        Err(error) if is_no_image(&error) => Ok(None),
        Err(error) => Err(Error::io("read the image", path)(error)),
    }
}

fn is_no_image(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)
}

/// Gives an image without a name one of its call's. `None` when it is no image, or already among `others`: a process may
/// have died while it brought it home.
fn adopt(
    database: &Database,
    call: &Call,
    dead: &str,
    file: &Unfinished,
    others: &[Adopted],
) -> Result<Option<Adopted>, Error> {
    let folder = database.home.thread_images(&call.thread_id);
    let Some(facts) = look_at(&file.path)? else {
        remove(&file.path);
        return Ok(None);
    };
    if file.path.starts_with(&folder) {
        let path = move_to_free_name(database, call, &file.path, &facts)?;
        return Ok(Some(Adopted { path, facts }));
    }
    if others.iter().any(|other| other.facts == facts) {
        remove(&file.path);
        return Ok(None);
    }
    let maker = format!("{dead}.{}", thread_files::call_tag(&call.thread_id, &call.call_id));
    let staged = spare_folders::bring_home(&file.path, &folder, &maker);
    let staged = staged.map_err(Error::io("move the image home", &file.path))?;
    let path = move_to_free_name(database, call, &staged, &facts)?;
    os::sync_folder(&folder).map_err(Error::io("flush the folder", &folder))?;
    remove(&file.path);
    Ok(Some(Adopted { path, facts }))
}

fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path) {
        tracing::debug!(%error, ?path, "a file that is not needed any more was left behind");
    }
}

/// Names files that no call can be told for, and says where they are.
fn set_aside(database: &Database, thread_id: &str, found: &[Unfinished]) -> Result<String, Error> {
    let folder = database.home.thread_images(thread_id);
    let mut kept = Vec::new();
    for file in found {
        match look_at(&file.path)? {
            Some(facts) => kept.push(move_to(&folder, "recovered", &file.path, &facts)?),
            None => remove(&file.path),
        }
    }
    let kept: Vec<String> = kept.iter().map(|path| format!("{path:?}")).collect();
    Ok(if kept.is_empty() { String::new() } else { format!(" A finished image is kept at {}.", kept.join(", ")) })
}

/// Files that bear the call's name and that no record speaks of.
fn named_files(database: &Database, call: &Call, taken: &[String]) -> Result<Vec<Adopted>, Error> {
    let folder = database.home.thread_images(&call.thread_id);
    let unreadable = Error::io("read the folder", &folder);
    let entries = match fs::read_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.and_then(Iterator::collect::<io::Result<Vec<_>>>).map_err(unreadable)?,
    };
    let own = file_name::from_id(&call.call_id);
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.path();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let number = stem.strip_prefix(&own).and_then(|rest| rest.strip_prefix('-')).map(str::parse::<u32>);
        let order = match number {
            Some(Ok(number)) if !taken.contains(&stem) => number,
            _ if stem == own => 1,
            _ => continue,
        };
        if !image_list::is_recorded(&database.connection, &database.home, &call.thread_id, &path)?
            && let Some(facts) = look_at(&path)?
        {
            found.push((order, Adopted { path, facts }));
        }
    }
    found.sort_by_key(|(order, _)| *order);
    Ok(found.into_iter().map(|(_, image)| image).collect())
}

fn move_to_free_name(database: &Database, call: &Call, staged: &Path, facts: &ImageFacts) -> Result<PathBuf, Error> {
    let folder = database.home.thread_images(&call.thread_id);
    move_to(&folder, &file_name::from_id(&call.call_id), staged, facts)
}

/// The file stays where it is when that fails.
fn move_to(folder: &Path, name: &str, staged: &Path, facts: &ImageFacts) -> Result<PathBuf, Error> {
    let mut file = TempPath::try_from_path(staged).map_err(Error::io("find the file", staged))?;
    file.disable_cleanup(true);
    let mut number = 0;
    loop {
        let path;
        (path, number) = thread_files::free_path(folder, name, facts.media_type.extension(), number + 1, |_| false);
        match thread_files::put(file, &path) {
            Ok(()) => return Ok(path),
            Err((back, error)) if error.kind() == io::ErrorKind::AlreadyExists => file = back,
            Err((_, error)) => return Err(Error::io("store the image", &path)(error)),
        }
    }
}

/// Records from the bytes and the journal: what the provider said beside the image died with the process.
fn records_of(call: &Call, images: Vec<Adopted>) -> Result<Vec<ImageRecord>, Error> {
    let count = images.len();
    let record = |Adopted { path, facts }: Adopted| {
        let answer = Answer { usage: None, request_id: None, elapsed_ms: elapsed_ms(call, &path), attempts: 1, count };
        let image = Applied { facts, revised_prompt: None, reported: AppliedImage::default() };
        Ok(journal::record_of(&call.asked, &image, &answer, &journal::new_handle()?, &path))
    };
    images.into_iter().map(record).collect()
}

/// From the journal row to the last write of the file.
fn elapsed_ms(call: &Call, path: &Path) -> u64 {
    let written = path.metadata().and_then(|metadata| metadata.modified()).ok();
    let since = written.and_then(|written| written.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    let started = u128::try_from(call.started_at_ms).unwrap_or_default();
    since.as_millis().saturating_sub(started).try_into().unwrap_or_default()
}
