//! Ends the open calls of a dead process with the images that were finished.
//!
//! The names of files tell which call they belong to. A file that cannot be matched is kept under a plain name. Only a
//! file that is not an image is removed. After every other error the call stays open, and the next start tries again.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use easel_protocol::id::{ImageId, ThreadId};
use easel_protocol::record::{AppliedImage, Billed, CompositeStatus, ImageError, ImageRecord, RefusedComposite};

use super::adopt::{self, AdoptedImage};
use super::hosted_images;
use super::interrupted_error;
use super::leftovers::Leftovers;
use super::turns::complete_closed_item;
use crate::db::connection::Database;
use crate::error::Error;
use crate::files::unfinished::{UnfinishedFile, call_tag};
use crate::home::file_name;
use crate::images::attachments;
use crate::journal::calls::{self, Intent, JournalCall, Outcome};
use crate::journal::{self, ImageDetails, ResponseDetails};
use crate::os;

/// Ends the open calls that a dead process has in one thread.
pub(super) fn close_calls(
    database: &mut Database,
    thread_id: &ThreadId,
    dead: &str,
    calls: &[JournalCall],
) -> Result<(), Error> {
    let mut leftovers = Leftovers::collect(database, thread_id, dead)?;
    let mut without_call = leftovers.take_without_call();
    let intended = || calls.iter().filter_map(|call| call.intent.as_ref()).flat_map(|intent| &intent.images);
    without_call.retain(|file| intended().all(|image| image.staged != file.path));
    let has_no_candidate = calls.iter().all(|call| call.intent.is_some());
    let journaled = match has_no_candidate && !without_call.is_empty() {
        true => hosted_images::journal_call(database, thread_id, dead)?,
        false => None,
    };
    let calls: Vec<&JournalCall> = calls.iter().chain(&journaled).collect();
    let has_one_candidate = calls.iter().filter(|call| call.intent.is_none()).count() == 1;
    // With several candidates, the call that a file belongs to is unknown.
    let (mut matched, unmatched) =
        if has_one_candidate { (without_call, Vec::new()) } else { (Vec::new(), without_call) };
    let note = adopt::keep_unmatched(database, thread_id, &unmatched)?;
    let names: Vec<String> = calls.iter().map(|call| file_name::from_id(&call.item_id)).collect();
    for call in calls {
        let closed = leftovers.take(&call_tag(thread_id, &call.item_id)).and_then(|mut own| {
            if call.intent.is_none() {
                own.append(&mut matched);
            }
            close_call(database, call, dead, own, &names, &note)
        });
        if let Err(error) = closed {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                %thread_id,
                item_id = %call.item_id,
                "an image call of an earlier process stays open"
            );
        }
    }
    Ok(())
}

fn close_call(
    database: &mut Database,
    call: &JournalCall,
    dead: &str,
    leftovers: Vec<UnfinishedFile>,
    names: &[String],
    note: &str,
) -> Result<(), Error> {
    let named = adopt::files_named_after(database, call, names)?;
    let (mut records, leftovers, mut images) = match &call.intent {
        Some(intent) => {
            let (records, leftovers) = complete_intent(database, call, intent, leftovers, named)?;
            // Other files with the name of the call are not part of the intent.
            (records, leftovers, Vec::new())
        }
        None => (Vec::new(), leftovers, named),
    };
    for file in leftovers {
        images.extend(adopt::adopt(database, call, dead, &file, &images)?);
    }
    records.extend(build_records(call, images)?);
    finish(database, call, &records, note)
}

fn finish(database: &mut Database, call: &JournalCall, records: &[ImageRecord], note: &str) -> Result<(), Error> {
    let generation_id = call.intent.as_ref().and_then(|intent| intent.generation_id.clone());
    let missing = call.intent.as_ref().and_then(|intent| intent.missing.clone());
    let missing = missing.or_else(|| missing_error(call, records.len()));
    let outcome = if records.is_empty() {
        let mut error = interrupted_error(if call.bills { Billed::Uncertain } else { Billed::No });
        error.message.push_str(note);
        Outcome::Failed { error }
    } else {
        let folder = database.home.thread_images(&call.thread_id);
        os::sync_folder(&folder).map_err(Error::io("flush the folder", &folder))?;
        Outcome::Generated { generation_id: generation_id.clone(), missing: missing.clone() }
    };
    let home = database.home.clone();
    database.write_durably(|write| {
        calls::finish(write, &home, call, records, &outcome)?;
        // The open call kept the attachments of the thread.
        attachments::release_if_ended(write, &call.thread_id)?;
        if records.is_empty() {
            return Ok(());
        }
        complete_closed_item(write, &home, call, records, generation_id, missing.map(|error| *error))
    })
}

/// Returns why there are fewer images than requested: the others were lost with the process.
fn missing_error(call: &JournalCall, found: usize) -> Option<Box<ImageError>> {
    let requested = call.request.requested.parameters.n.unwrap_or(1);
    if u32::try_from(found).is_ok_and(|found| found >= requested) {
        return None;
    }
    let error = interrupted_error(if call.bills { Billed::Uncertain } else { Billed::No });
    Some(Box::new(ImageError { message: format!("{found} of {requested} images arrived. {}", error.message), ..error }))
}

/// Completes what the process was about to do when it died. Returns the records, and the files that the intent does not
/// name.
fn complete_intent(
    database: &Database,
    call: &JournalCall,
    intent: &Intent,
    mut leftovers: Vec<UnfinishedFile>,
    mut named: Vec<AdoptedImage>,
) -> Result<(Vec<ImageRecord>, Vec<UnfinishedFile>), Error> {
    let mut records = Vec::new();
    for image in &intent.images {
        let mut record = image.record.clone();
        let path = if adopt::has_content(&image.staged, &record.facts)? {
            leftovers.retain(|file| file.path != image.staged);
            // Another file may have taken the intended name between the intent and the crash.
            adopt::rename_after_call(database, call, &image.staged, &record.facts)?
        } else if adopt::has_content(Path::new(&record.path), &record.facts)? {
            PathBuf::from(&record.path)
        } else if let Some(at) = named.iter().position(|other| other.facts == record.facts) {
            named.swap_remove(at).path
        } else {
            continue;
        };
        record.path = path.to_string_lossy().into_owned();
        records.push(record);
    }
    withdraw_lost_composites(&mut records);
    Ok((records, leftovers))
}

/// Corrects the records of images whose composite was lost with the process.
fn withdraw_lost_composites(records: &mut [ImageRecord]) {
    let is_from = |record: &ImageRecord, id: &ImageId| record.derived.iter().any(|derived| derived.from.contains(id));
    for index in 0..records.len() {
        let has_composite = records.iter().any(|record| is_from(record, &records[index].id));
        let record = &mut records[index];
        if let Some(edit) = record.edit.as_mut().filter(|_| record.derived.is_none() && !has_composite)
            && edit.composite == CompositeStatus::Applied
        {
            let refused = "Easel ended before the image without the changes was stored".to_owned();
            edit.composite = CompositeStatus::Refused(RefusedComposite { refused });
        }
    }
}

/// Builds records from the files and the journal. What else the provider reported was lost with the process.
fn build_records(call: &JournalCall, images: Vec<AdoptedImage>) -> Result<Vec<ImageRecord>, Error> {
    let count = images.len();
    let record = |AdoptedImage { path, facts }: AdoptedImage| {
        let elapsed_ms = elapsed_ms(call, &path);
        let response = ResponseDetails { usage: None, request_id: None, elapsed_ms, attempts: 1, count };
        let image = ImageDetails { facts, revised_prompt: None, reported: AppliedImage::default(), edit: None };
        Ok(journal::build_record(&call.request, &image, &response, &journal::new_handle()?, &path, None))
    };
    images.into_iter().map(record).collect()
}

/// Returns the time from the start of the call to the last write of the file, in milliseconds.
fn elapsed_ms(call: &JournalCall, path: &Path) -> u64 {
    let modified = path.metadata().and_then(|metadata| metadata.modified()).ok();
    let since = modified.and_then(|modified| modified.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    let started = u128::try_from(call.started_at_ms).unwrap_or_default();
    since.as_millis().saturating_sub(started).try_into().unwrap_or_default()
}
