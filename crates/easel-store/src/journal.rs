//! The call journal: a call is on disk before its request leaves, and its images are recorded before anyone hears of
//! them. Between a finished file and its record stands an intent, so that a crash there loses nothing.

use std::io;
use std::path::PathBuf;

use easel_imagegen::handle;
use easel_imagegen::port::{CallEnd, CallStart, Made, MadeImage};
use easel_protocol::record::{ImageError, ImageRecord, InputImage, RequestedImage};
use rusqlite::{Connection, Row, Transaction, params};
use serde::{Deserialize, Serialize};

use crate::database::{Database, now_ms};
use crate::fault::Fault;
use crate::files::{self, StagedImage};
use crate::{image_list, name, os};

mod record;

pub(crate) use record::{Answer, Applied, of as record_of};

/// A row of the journal.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) thread_id: String,
    pub(crate) call_id: String,
    pub(crate) turn_id: String,
    pub(crate) bills: bool,
    pub(crate) started_at_ms: i64,
    pub(crate) asked: Asked,
    pub(crate) intent: Option<Intent>,
    pub(crate) outcome: Option<Outcome>,
}

/// What was asked of whom.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Asked {
    pub(crate) provider: String,
    pub(crate) model: String,
    pub(crate) synthetic: bool,
    pub(crate) requested: RequestedImage,
    pub(crate) inputs: Vec<InputImage>,
}

/// What is about to be recorded.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Intent {
    pub(crate) images: Vec<IntendedImage>,
    pub(crate) generation_id: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IntendedImage {
    /// Where the whole file lies until it gets the record's path.
    pub(crate) staged: PathBuf,
    pub(crate) record: ImageRecord,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "type")]
pub(crate) enum Outcome {
    #[serde(rename_all = "camelCase")]
    Made {
        generation_id: Option<String>,
    },
    Failed {
        error: ImageError,
    },
}

pub(crate) fn reserve(database: &mut Database, call: CallStart) -> Result<(), Fault> {
    let input = |reference: easel_imagegen::port::Reference| InputImage {
        id: reference.id,
        path: reference.path.to_string_lossy().into_owned(),
        sha256: reference.facts.sha256,
    };
    let asked = Asked {
        provider: call.provider,
        model: call.model,
        synthetic: call.synthetic,
        requested: call.requested,
        inputs: call.inputs.into_iter().map(input).collect(),
    };
    let owner = database.owner.id().to_owned();
    database.write_durably(|write| {
        let sql = "INSERT INTO calls (thread_id, call_id, turn_id, owner, bills, started_at_ms, json) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING";
        let json = serde_json::to_string(&asked)?;
        let row = params![call.thread_id, call.call_id, call.turn_id, owner, call.bills, call.started_at_ms, json];
        match write.prepare_cached(sql)?.execute(row)? {
            0 => {
                Err(Fault::Said(format!("The image call {:?} is already in the journal of its thread.", call.call_id)))
            }
            _ => Ok(()),
        }
    })
}

/// Ends a call. When images were made and cannot be recorded, their files stay, and the error says where.
pub(crate) fn settle(
    database: &mut Database,
    thread_id: &str,
    call_id: &str,
    end: CallEnd<StagedImage>,
) -> Result<Vec<ImageRecord>, Fault> {
    match end {
        CallEnd::Failed(error) => {
            let call = find_reserved(&database.connection, thread_id, call_id)?;
            database.write_durably(|write| finish(write, &call, &[], &Outcome::Failed { error }))?;
            Ok(Vec::new())
        }
        CallEnd::Made { mut made, elapsed_ms } => {
            let mut slots: Vec<Slot> = made.images.drain(..).map(Slot::new).collect();
            keep(database, thread_id, call_id, &mut slots, &made, elapsed_ms)
                .map_err(|fault| rescue(database, thread_id, call_id, slots, &fault))
        }
    }
}

/// A made image and where its file is meanwhile: staged, or at its path.
struct Slot {
    staged: Option<StagedImage>,
    applied: Applied,
    path: PathBuf,
}

impl Slot {
    fn new(image: MadeImage<StagedImage>) -> Self {
        let facts = image.staged.facts.clone();
        let applied = Applied { facts, revised_prompt: image.revised_prompt, reported: image.applied };
        Self { staged: Some(image.staged), applied, path: PathBuf::new() }
    }
}

fn keep(
    database: &mut Database,
    thread_id: &str,
    call_id: &str,
    slots: &mut [Slot],
    made: &Made<StagedImage>,
    elapsed_ms: u64,
) -> Result<Vec<ImageRecord>, Fault> {
    let call = find_reserved(&database.connection, thread_id, call_id)?;
    if call.outcome.is_some() {
        // A second answer to one call changes nothing: the first has been told.
        return images_of(&database.connection, thread_id, call_id);
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
            record_of(&call.asked, &slot.applied, &made, handle, &slot.path)
        };
        let records: Vec<ImageRecord> = slots.iter().zip(&handles).map(record).collect();
        intend(database, &call, slots, &records, made.generation_id.clone())?;
        if place(slots)? {
            break records;
        }
    };
    let folder = database.home.thread_images(thread_id);
    os::sync_folder(&folder).map_err(Fault::io("could not make durable the folder", &folder))?;
    let outcome = Outcome::Made { generation_id: made.generation_id.clone() };
    database.write_durably(|write| finish(write, &call, &records, &outcome))?;
    Ok(records)
}

/// Chooses free names for the files that have none yet.
fn name_slots(database: &Database, call: &Call, slots: &mut [Slot]) {
    let folder = database.home.thread_images(&call.thread_id);
    let name = name::from_id(&call.call_id);
    let mut number = 0;
    for slot in slots.iter_mut().filter(|slot| slot.staged.is_some()) {
        let extension = slot.applied.facts.media_type.extension();
        let is_recorded = |path: &std::path::Path| {
            image_list::is_recorded(&database.connection, &call.thread_id, path).unwrap_or(false)
        };
        (slot.path, number) = files::free_path(&folder, &name, extension, number + 1, is_recorded);
    }
}

fn intend(
    database: &mut Database,
    call: &Call,
    slots: &[Slot],
    records: &[ImageRecord],
    generation_id: Option<String>,
) -> Result<(), Fault> {
    let image = |(slot, record): (&Slot, &ImageRecord)| IntendedImage {
        staged: slot.staged.as_ref().map(|staged| staged.path.to_path_buf()).unwrap_or_default(),
        record: record.clone(),
    };
    let intent = Intent { images: slots.iter().zip(records).map(image).collect(), generation_id };
    database.write_durably(|write| {
        let sql = "UPDATE calls SET intent = ?3 WHERE thread_id = ?1 AND call_id = ?2";
        write.execute(sql, (&call.thread_id, &call.call_id, serde_json::to_string(&intent)?))?;
        Ok(())
    })
}

/// Gives the staged files their names. False when somebody took a name meanwhile.
fn place(slots: &mut [Slot]) -> Result<bool, Fault> {
    for slot in slots {
        let Some(staged) = slot.staged.take() else { continue };
        if let Err((path, error)) = files::put(staged.path, &slot.path) {
            slot.staged = Some(StagedImage { path, facts: staged.facts });
            if error.kind() == io::ErrorKind::AlreadyExists {
                return Ok(false);
            }
            return Err(Fault::io("could not store the image", &slot.path)(error));
        }
    }
    Ok(true)
}

/// Keeps what was paid for when it cannot be recorded: at its name if that works, else where it lies. The journal row
/// stays open, so that a later start takes the files in.
fn rescue(database: &Database, thread_id: &str, call_id: &str, mut slots: Vec<Slot>, fault: &Fault) -> Fault {
    let folder = database.home.thread_images(thread_id);
    let mut kept = Vec::new();
    for slot in &mut slots {
        let Some(staged) = slot.staged.take() else {
            kept.push(format!("{:?}", slot.path));
            continue;
        };
        let extension = staged.facts.media_type.extension();
        let (path, _) = files::free_path(&folder, &name::from_id(call_id), extension, 1, |_| false);
        match files::put(staged.path, &path) {
            Ok(()) => kept.push(format!("{path:?}")),
            Err((staged, _)) => {
                kept.push(format!("{:?}", &*staged));
                // Keeping only forgets to remove; it cannot fail on Unix, and elsewhere the drop is worse.
                let _ = staged.keep();
            }
        }
    }
    match kept.is_empty() {
        true => Fault::Said(fault.to_string()),
        false => Fault::Said(format!("{fault}; the finished image is kept at {}", kept.join(", "))),
    }
}

/// Records the images and the outcome of a call that has none yet.
pub(crate) fn finish(
    write: &Transaction<'_>,
    call: &Call,
    records: &[ImageRecord],
    outcome: &Outcome,
) -> Result<(), Fault> {
    let sql = "UPDATE calls SET outcome = ?3, intent = NULL WHERE thread_id = ?1 AND call_id = ?2 AND outcome IS NULL";
    let outcome = serde_json::to_string(outcome)?;
    if write.prepare_cached(sql)?.execute((&call.thread_id, &call.call_id, outcome))? == 0 {
        return Ok(());
    }
    for record in records {
        let sql = "INSERT INTO images (thread_id, id, origin, turn_id, call_id, path, created_at, json) \
                   VALUES (?1, ?2, 'made', ?3, ?4, ?5, ?6, ?7)";
        let json = serde_json::to_string(record)?;
        let created_at = now_ms() / 1000;
        let row = params![call.thread_id, record.id, call.turn_id, call.call_id, record.path, created_at, json];
        write.prepare_cached(sql)?.execute(row)?;
    }
    Ok(())
}

/// The recorded images of a call, in the provider's order.
pub(crate) fn images_of(connection: &Connection, thread_id: &str, call_id: &str) -> Result<Vec<ImageRecord>, Fault> {
    let sql = "SELECT json FROM images WHERE thread_id = ?1 AND call_id = ?2 ORDER BY sequence";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query((thread_id, call_id))?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        records.push(serde_json::from_str(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?)?);
    }
    Ok(records)
}

const COLUMNS: &str = "thread_id, call_id, turn_id, bills, started_at_ms, json, intent, outcome";

pub(crate) fn find(connection: &Connection, thread_id: &str, call_id: &str) -> Result<Option<Call>, Fault> {
    let sql = format!("SELECT {COLUMNS} FROM calls WHERE thread_id = ?1 AND call_id = ?2");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query((thread_id, call_id))?;
    rows.next()?.map(call_of).transpose()
}

fn find_reserved(connection: &Connection, thread_id: &str, call_id: &str) -> Result<Call, Fault> {
    find(connection, thread_id, call_id)?
        .ok_or_else(|| Fault::Said(format!("The image call {call_id:?} is not in the journal of its thread.")))
}

/// Calls of a process that have no outcome, in the order in which they began.
pub(crate) fn open_calls(connection: &Connection, owner: &str) -> Result<Vec<Call>, Fault> {
    let sql = format!(
        "SELECT {COLUMNS} FROM calls WHERE owner = ?1 AND outcome IS NULL ORDER BY started_at_ms, thread_id, call_id"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([owner])?;
    let mut calls = Vec::new();
    while let Some(row) = rows.next()? {
        calls.push(call_of(row)?);
    }
    Ok(calls)
}

fn call_of(row: &Row<'_>) -> Result<Call, Fault> {
    let json: String = row.get(5)?;
    let (intent, outcome): (Option<String>, Option<String>) = (row.get(6)?, row.get(7)?);
    Ok(Call {
        thread_id: row.get(0)?,
        call_id: row.get(1)?,
        turn_id: row.get(2)?,
        bills: row.get(3)?,
        started_at_ms: row.get(4)?,
        asked: serde_json::from_str(&json)?,
        intent: intent.map(|intent| serde_json::from_str(&intent)).transpose()?,
        outcome: outcome.map(|outcome| serde_json::from_str(&outcome)).transpose()?,
    })
}

/// 128 bits that nobody can guess.
pub(crate) fn new_handle() -> Result<String, Fault> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(|error| Fault::Said(format!("The system gave no random bits: {error}.")))?;
    Ok(handle::from_bits(bits))
}
