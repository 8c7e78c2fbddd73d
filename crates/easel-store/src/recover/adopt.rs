//! Finished images of calls that have no outcome: files are taken in where it is certain which call they belong to, and
//! kept under a plain name where it is not.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use easel_protocol::record::{AppliedImage, Billed, ImageFacts, ImageRecord};
use tempfile::TempPath;

use super::interrupted;
use crate::database::Database;
use crate::fault::Fault;
use crate::files::{self, Leftover};
use crate::journal::{self, Answer, Applied, Call, Intent, Outcome};
use crate::{image_list, name, os};

/// Ends the open calls that a dead process has in one thread.
pub(super) fn close_calls(database: &mut Database, thread_id: &str, dead: &str, calls: &[Call]) -> Result<(), Fault> {
    let mut unplanned = Vec::new();
    for call in calls {
        match &call.intent {
            Some(intent) => {
                let records = carry_on(database, call, intent)?;
                finish(database, call, &records, intent.generation_id.clone(), "")?;
            }
            None => unplanned.push(call),
        }
    }
    let staged = sweep(database, thread_id, dead)?;
    let (staged, note) = match unplanned[..] {
        [_] => (staged, String::new()),
        // With several calls open, nothing says which of them a file without a name belongs to.
        _ => (Vec::new(), set_aside(database, thread_id, staged)?),
    };
    let taken: Vec<String> = calls.iter().map(|call| name::from_id(&call.call_id)).collect();
    for call in unplanned {
        let mut files = named_files(database, call, &taken)?;
        for leftover in &staged {
            files.extend(give_name(database, call, &leftover.path)?);
        }
        let records = records_of(call, files)?;
        finish(database, call, &records, None, &note)?;
    }
    Ok(())
}

fn finish(
    database: &mut Database,
    call: &Call,
    records: &[ImageRecord],
    generation_id: Option<String>,
    note: &str,
) -> Result<(), Fault> {
    let outcome = if records.is_empty() {
        let mut error = interrupted(if call.bills { Billed::Uncertain } else { Billed::No });
        error.message.push_str(note);
        Outcome::Failed { error }
    } else {
        let folder = database.home.thread_images(&call.thread_id);
        os::sync_folder(&folder).map_err(Fault::io("could not make durable the folder", &folder))?;
        Outcome::Made { generation_id }
    };
    let home = database.home.clone();
    database.write_durably(|write| journal::finish(write, &home, call, records, &outcome))
}

/// Does what the process was about to do when it died.
fn carry_on(database: &Database, call: &Call, intent: &Intent) -> Result<Vec<ImageRecord>, Fault> {
    let mut records = Vec::new();
    for image in &intent.images {
        let mut record = image.record.clone();
        let is_it = |path: &Path| files::facts_of(path).is_ok_and(|facts| facts == record.facts);
        if is_it(&image.staged) {
            // The intended name may have been taken by another file between the intent and the crash.
            let Some(path) = give_name(database, call, &image.staged)? else { continue };
            record.path = path.to_string_lossy().into_owned();
        } else if !is_it(Path::new(&record.path)) {
            continue;
        }
        records.push(record);
    }
    Ok(records)
}

/// Whole files of the dead process in the thread's folder that still have no name; unfinished ones are removed.
fn sweep(database: &Database, thread_id: &str, dead: &str) -> Result<Vec<Leftover>, Fault> {
    let folder = database.home.thread_images(thread_id);
    let mut leftovers = files::leftovers(&folder).map_err(Fault::io("could not read the folder", &folder))?;
    leftovers.retain(|leftover| leftover.owner == dead);
    let (whole, parts): (Vec<_>, Vec<_>) = leftovers.into_iter().partition(|leftover| leftover.is_whole);
    for part in &parts {
        fs::remove_file(&part.path).map_err(Fault::io("could not remove", &part.path))?;
    }
    Ok(whole)
}

/// Names files that no call can be told for, and says where they are.
fn set_aside(database: &Database, thread_id: &str, staged: Vec<Leftover>) -> Result<String, Fault> {
    let folder = database.home.thread_images(thread_id);
    let mut kept = Vec::new();
    for leftover in staged {
        kept.extend(move_to_free_name(&folder, "recovered", &leftover.path)?);
    }
    let kept: Vec<String> = kept.iter().map(|path| format!("{path:?}")).collect();
    Ok(if kept.is_empty() { String::new() } else { format!(" A finished image is kept at {}.", kept.join(", ")) })
}

/// Files that bear the call's name and that no record speaks of.
fn named_files(database: &Database, call: &Call, taken: &[String]) -> Result<Vec<PathBuf>, Fault> {
    let folder = database.home.thread_images(&call.thread_id);
    let own = name::from_id(&call.call_id);
    let mut found = Vec::new();
    for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let number = stem.strip_prefix(&own).and_then(|rest| rest.strip_prefix('-')).map(str::parse::<u32>);
        let order = match number {
            Some(Ok(number)) if !taken.contains(&stem) => number,
            _ if stem == own => 1,
            _ => continue,
        };
        if !image_list::is_recorded(&database.connection, &database.home, &call.thread_id, &path)? {
            found.push((order, path));
        }
    }
    found.sort();
    Ok(found.into_iter().map(|(_, path)| path).collect())
}

fn give_name(database: &Database, call: &Call, staged: &Path) -> Result<Option<PathBuf>, Fault> {
    let folder = database.home.thread_images(&call.thread_id);
    move_to_free_name(&folder, &name::from_id(&call.call_id), staged)
}

/// `None` when the file is no image after all; it is removed then.
fn move_to_free_name(folder: &Path, name: &str, staged: &Path) -> Result<Option<PathBuf>, Fault> {
    let facts = files::facts_of(staged);
    let mut file = TempPath::try_from_path(staged).map_err(Fault::io("could not find", staged))?;
    let Ok(facts) = facts else { return Ok(None) };
    let mut number = 0;
    loop {
        let path;
        (path, number) = files::free_path(folder, name, facts.media_type.extension(), number + 1, |_| false);
        match files::put(file, &path) {
            Ok(()) => return Ok(Some(path)),
            Err((back, error)) if error.kind() == std::io::ErrorKind::AlreadyExists => file = back,
            Err((back, error)) => {
                // A finished image is never removed because it cannot be renamed.
                let _ = back.keep();
                return Err(Fault::io("could not store the image", &path)(error));
            }
        }
    }
}

/// Records from the bytes and the journal: what the provider said beside the image died with the process.
fn records_of(call: &Call, paths: Vec<PathBuf>) -> Result<Vec<ImageRecord>, Fault> {
    let images: Vec<(PathBuf, ImageFacts)> =
        paths.into_iter().filter_map(|path| files::facts_of(&path).ok().map(|facts| (path, facts))).collect();
    let count = images.len();
    let record = |(path, facts): (PathBuf, ImageFacts)| {
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
