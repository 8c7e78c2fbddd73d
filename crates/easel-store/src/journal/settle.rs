//! Ends a call: gives its images names and records, or records its failure.

use easel_imagegen::port::{CallEnd, GeneratedImages};
use easel_protocol::record::{Billed, ImageRecord};
use rusqlite::params;

use super::calls::{self, IntendedImage, Intent, JournalCall, Outcome};
use super::images::{SettlingImage, choose_paths, rename_all};
use super::record::{self, ResponseDetails};
use super::{ledger, new_handle, rescue};
use crate::db::connection::Database;
use crate::db::sql_id::SqlId;
use crate::error::Error;
use crate::files::staged;
use crate::files::unfinished::call_tag;
use crate::home::Home;
use crate::os;

/// Ends a call and returns the records of its images.
///
/// # Errors
/// [`Error::ImageKept`] if there are images that could not be recorded. It names their files.
pub(crate) fn settle(
    home: &Home,
    database: Result<&mut Database, Error>,
    thread_id: &str,
    item_id: &str,
    end: CallEnd,
) -> Result<Vec<ImageRecord>, Error> {
    match end {
        CallEnd::Failed { error, last_attempt } => {
            let database = database?;
            let call = calls::get(&database.connection, &database.home, thread_id, item_id)?;
            database.write_durably(|write| {
                if last_attempt == Billed::No && error.billed != Billed::No {
                    // Earlier attempts, which may have been billed, have rows of their own.
                    ledger::release_attempt(write, thread_id, item_id, error.request_id.as_deref())?;
                }
                calls::finish(write, home, &call, &[], &Outcome::Failed { error })
            })?;
            Ok(Vec::new())
        }
        CallEnd::Generated { mut made, elapsed_ms } => {
            let mut images = SettlingImage::all(std::mem::take(&mut made.images));
            database
                .and_then(|database| record_images(database, thread_id, item_id, &mut images, &made, elapsed_ms))
                .map_err(|error| rescue::keep_files(home, thread_id, item_id, images, error))
        }
    }
}

/// Adds the call to the names of its staged files, so that recovery can match them. The files of a hosted call were
/// written before the call was known.
pub(crate) fn assign_call(made: &mut GeneratedImages, owner: &str, thread_id: &str, item_id: &str) {
    let tag = call_tag(thread_id, item_id);
    made.images.iter_mut().for_each(|image| staged::assign_call(&mut image.staged, owner, &tag));
}

/// Writes the intent, renames the files, then writes records and outcome. A crash in between leaves an intent that
/// recovery completes.
fn record_images(
    database: &mut Database,
    thread_id: &str,
    item_id: &str,
    images: &mut [SettlingImage],
    response: &GeneratedImages,
    elapsed_ms: u64,
) -> Result<Vec<ImageRecord>, Error> {
    let call = calls::get(&database.connection, &database.home, thread_id, item_id)?;
    if call.outcome.is_some() {
        // The first response was reported already, so a second one changes nothing.
        return calls::load_records(&database.connection, &database.home, thread_id, item_id);
    }
    if let Some(displaced) = images.iter_mut().find_map(|image| image.staged.as_mut()?.displaced.take()) {
        let folder = database.home.thread_images(thread_id);
        return Err(Error::io("store the image", &folder)(displaced));
    }
    let handles = images.iter().map(|_| new_handle()).collect::<Result<Vec<_>, _>>()?;
    let details = ResponseDetails {
        usage: response.usage.clone(),
        request_id: response.request_id.clone(),
        elapsed_ms,
        attempts: response.attempts,
        count: images.iter().filter(|image| image.derivation(&handles).is_none()).count(),
    };
    let records = loop {
        choose_paths(database, &call, images);
        let records: Vec<ImageRecord> = images
            .iter()
            .zip(&handles)
            .map(|(image, handle)| {
                let derived = image.derivation(&handles);
                record::build(&call.request, &image.details, &details, handle, &image.path, derived)
            })
            .collect();
        write_intent(database, &call, images, &records, response)?;
        if rename_all(images)? {
            break records;
        }
    };
    let folder = database.home.thread_images(thread_id);
    os::sync_folder(&folder).map_err(Error::io("flush the folder", &folder))?;
    let outcome =
        Outcome::Generated { generation_id: response.generation_id.clone(), missing: response.missing.clone() };
    let home = database.home.clone();
    database.write_durably(|write| calls::finish(write, &home, &call, &records, &outcome))?;
    Ok(records)
}

fn write_intent(
    database: &mut Database,
    call: &JournalCall,
    images: &[SettlingImage],
    records: &[ImageRecord],
    response: &GeneratedImages,
) -> Result<(), Error> {
    let image = |(image, record): (&SettlingImage, &ImageRecord)| IntendedImage {
        staged: image.staged.as_ref().map(|staged| staged.path().to_path_buf()).unwrap_or_default(),
        record: record.clone(),
    };
    let intent = Intent {
        images: images.iter().zip(records).map(image).collect(),
        generation_id: response.generation_id.clone(),
        missing: response.missing.clone(),
    };
    let intent = database.home.to_json(intent)?;
    database.write_durably(|write| {
        let sql = "UPDATE calls SET intent = ?3 WHERE thread_id = ?1 AND call_id = ?2";
        write.execute(sql, params![SqlId(&call.thread_id), SqlId(&call.item_id), intent])?;
        Ok(())
    })
}
