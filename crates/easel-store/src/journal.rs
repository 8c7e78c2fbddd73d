//! The call journal: a call is on disk before its request leaves, and its images are recorded before anyone hears of
//! them. Between a finished file and its record stands an intent, so that a crash there loses nothing.

use std::path::{Path, PathBuf};

use easel_imagegen::handle;
use easel_imagegen::port::{CallStart, Reference};
use easel_protocol::record::{ImageError, ImageRecord, InputImage, RequestedImage};
use rusqlite::{Connection, Row, Transaction, params};
use serde::{Deserialize, Serialize};

use crate::db::connection::{Database, now_ms};
use crate::error::Error;
use crate::home::Home;

pub(crate) mod hosted;
mod record;
mod settle;

pub(crate) use record::{Answer, Applied, of as record_of};
pub(crate) use settle::{assign, settle};

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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) missing: Option<Box<ImageError>>,
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
        /// Why there are fewer images than were asked for.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        missing: Option<Box<ImageError>>,
    },
    Failed {
        error: ImageError,
    },
}

pub(crate) fn reserve(database: &mut Database, call: CallStart) -> Result<(), Error> {
    let input = |reference: Reference| InputImage {
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
    let (owner, asked) = (database.owner.id().to_owned(), database.home.to_json(asked)?);
    database.write_durably(|write| {
        let sql = "INSERT INTO calls (thread_id, call_id, turn_id, owner, bills, started_at_ms, json) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING";
        let row = params![
            call.thread_id.as_str(),
            call.call_id,
            call.turn_id.as_str(),
            owner,
            call.bills,
            call.started_at_ms,
            asked
        ];
        match write.prepare_cached(sql)?.execute(row)? {
            0 => Err(Error::CallExists(call.call_id)),
            _ => Ok(()),
        }
    })
}

/// Records the images and the outcome of a call that has none yet.
pub(crate) fn finish(
    write: &Transaction<'_>,
    home: &Home,
    call: &Call,
    records: &[ImageRecord],
    outcome: &Outcome,
) -> Result<(), Error> {
    let sql = "UPDATE calls SET outcome = ?3, intent = NULL WHERE thread_id = ?1 AND call_id = ?2 AND outcome IS NULL";
    let outcome = serde_json::to_string(outcome)?;
    if write.prepare_cached(sql)?.execute((&call.thread_id, &call.call_id, outcome))? == 0 {
        return Ok(());
    }
    for record in records {
        let sql = "INSERT INTO images (thread_id, id, origin, turn_id, call_id, path, created_at, json) \
                   VALUES (?1, ?2, 'made', ?3, ?4, ?5, ?6, ?7)";
        let json = home.to_json(record.clone())?;
        let created_at = now_ms() / 1000;
        let path = home.stored(Path::new(&record.path));
        let row = params![call.thread_id, record.id.as_str(), call.turn_id, call.call_id, path, created_at, json];
        write.prepare_cached(sql)?.execute(row)?;
    }
    Ok(())
}

/// The recorded images of a call, in the provider's order.
pub(crate) fn images_of(
    connection: &Connection,
    home: &Home,
    thread_id: &str,
    call_id: &str,
) -> Result<Vec<ImageRecord>, Error> {
    let sql = "SELECT json FROM images WHERE thread_id = ?1 AND call_id = ?2 ORDER BY sequence";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query((thread_id, call_id))?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        records.push(home.read_column(row.get_ref(0)?)?);
    }
    Ok(records)
}

const COLUMNS: &str = "thread_id, call_id, turn_id, bills, started_at_ms, json, intent, outcome";

pub(crate) fn find(
    connection: &Connection,
    home: &Home,
    thread_id: &str,
    call_id: &str,
) -> Result<Option<Call>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM calls WHERE thread_id = ?1 AND call_id = ?2");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query((thread_id, call_id))?;
    rows.next()?.map(|row| call_of(home, row)).transpose()
}

fn find_reserved(connection: &Connection, home: &Home, thread_id: &str, call_id: &str) -> Result<Call, Error> {
    find(connection, home, thread_id, call_id)?.ok_or_else(|| Error::CallNotFound(call_id.to_owned()))
}

/// Calls of a process that have no outcome, in the order in which they began.
pub(crate) fn open_calls(connection: &Connection, home: &Home, owner: &str) -> Result<Vec<Call>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM calls WHERE owner = ?1 AND outcome IS NULL ORDER BY started_at_ms, thread_id, call_id"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([owner])?;
    let mut calls = Vec::new();
    while let Some(row) = rows.next()? {
        calls.push(call_of(home, row)?);
    }
    Ok(calls)
}

fn call_of(home: &Home, row: &Row<'_>) -> Result<Call, Error> {
    let (intent, outcome): (Option<String>, Option<String>) = (row.get(6)?, row.get(7)?);
    Ok(Call {
        thread_id: row.get(0)?,
        call_id: row.get(1)?,
        turn_id: row.get(2)?,
        bills: row.get(3)?,
        started_at_ms: row.get(4)?,
        asked: home.read_column(row.get_ref(5)?)?,
        intent: intent.map(|intent| home.read_json(&intent)).transpose()?,
        outcome: outcome.map(|outcome| serde_json::from_str(&outcome)).transpose()?,
    })
}

/// 128 bits that nobody can guess.
pub(crate) fn new_handle() -> Result<String, Error> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(Error::Random)?;
    Ok(handle::from_bits(bits))
}
