//! The rows of the journal.

use std::path::{Path, PathBuf};

use easel_imagegen::port::{Admission, CallStart, Reference};
use easel_imagegen::spending::{Budget, LimitError};
use easel_protocol::id::{ItemId, ThreadId, TurnId};
use easel_protocol::record::{ImageError, ImageRecord, InputImage, RequestedImage};
use rusqlite::{Connection, Row, Transaction, params};
use serde::{Deserialize, Serialize};

use crate::db::connection::Database;
use crate::db::now_ms;
use crate::db::sql_id::SqlId;
use crate::error::Error;
use crate::home::Home;
use crate::journal::{ledger, read_budget};

/// The budget with a call in it, which is `None` if the call costs nothing, or why the call was not journaled.
pub(crate) type Reserving = Result<Option<Budget>, Box<LimitError>>;

/// A row of the journal.
#[derive(Debug)]
pub(crate) struct JournalCall {
    pub(crate) thread_id: ThreadId,
    /// The item of the call.
    pub(crate) item_id: ItemId,
    pub(crate) turn_id: TurnId,
    /// Whether the provider bills for the call.
    pub(crate) bills: bool,
    /// Unix milliseconds.
    pub(crate) started_at_ms: i64,
    pub(crate) request: CallRequest,
    /// Set while the files of finished images are being renamed.
    pub(crate) intent: Option<Intent>,
    /// Set once the call has ended.
    pub(crate) outcome: Option<Outcome>,
}

/// What the call requested, and from which model. Stored as JSON.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CallRequest {
    pub(crate) provider: String,
    pub(crate) model: String,
    pub(crate) synthetic: bool,
    pub(crate) requested: RequestedImage,
    pub(crate) inputs: Vec<InputImage>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) mask: Option<InputImage>,
}

/// The records that the process is about to write. Stored as JSON.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Intent {
    pub(crate) images: Vec<IntendedImage>,
    pub(crate) generation_id: Option<String>,
    /// Why there are fewer images than requested.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) missing: Option<Box<ImageError>>,
}

/// One image of an [`Intent`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IntendedImage {
    /// Path of the complete file until it is renamed to the record's path.
    pub(crate) staged: PathBuf,
    pub(crate) record: ImageRecord,
}

/// How a call ended. Stored as JSON.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "type")]
pub(crate) enum Outcome {
    #[serde(rename = "made", rename_all = "camelCase")]
    Generated {
        generation_id: Option<String>,
        /// Why there are fewer images than requested.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        missing: Option<Box<ImageError>>,
    },
    Failed {
        error: ImageError,
    },
}

/// Decides whether a call stays within the limits, inserts it into the journal and the ledger, and syncs the database
/// to disk: all in one transaction, so that no other process can decide in between.
pub(crate) fn reserve(database: &mut Database, call: &CallStart) -> Result<Reserving, Error> {
    let owner = database.process_lock.owner().to_owned();
    let home = database.home.clone();
    database.write_durably(|write| {
        let is_repeated = matches!(call.admission, Admission::Repeated { .. });
        if !ledger::is_billed(call) {
            if !is_repeated {
                insert(write, &home, &owner, call)?;
            }
            return Ok(Ok(None));
        }
        let budget = read_budget(write, call.limits, &call.thread_id, call.started_at_ms)?;
        if matches!(call.admission, Admission::WithinLimits | Admission::Repeated { .. })
            && let Err(error) = budget.admit(&call.quote)
        {
            return Ok(Err(Box::new(error)));
        }
        if let Admission::Repeated { lost_request_id } = &call.admission {
            ledger::close_attempt(write, &call.thread_id, &call.item_id, lost_request_id.as_deref())?;
        } else {
            insert(write, &home, &owner, call)?;
        }
        // A call that takes the row of its model request was admitted with the request.
        let is_new = ledger::insert_call(write, &owner, call)?;
        Ok(Ok(is_new.then(|| budget.with(&call.quote))))
    })
}

/// Inserts a call into the journal.
fn insert(write: &Transaction<'_>, home: &Home, owner: &str, call: &CallStart) -> Result<(), Error> {
    let input = |reference: &Reference| InputImage {
        id: reference.id.clone(),
        path: reference.path.to_string_lossy().into_owned(),
        sha256: reference.facts.sha256.clone(),
    };
    let request = CallRequest {
        provider: call.provider.clone(),
        model: call.model.clone(),
        synthetic: call.synthetic,
        requested: call.requested.clone(),
        inputs: call.inputs.iter().map(input).collect(),
        mask: call.mask.as_ref().map(input),
    };
    let request = home.to_json(request)?;
    let sql = "INSERT INTO calls (thread_id, call_id, turn_id, owner, bills, started_at_ms, json) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING";
    let (thread_id, turn_id) = (SqlId(&call.thread_id), SqlId(&call.turn_id));
    let row = params![thread_id, call.item_id.as_str(), turn_id, owner, call.bills, call.started_at_ms, request];
    match write.prepare_cached(sql)?.execute(row)? {
        0 => Err(Error::CallExists(call.item_id.as_str().into())),
        _ => Ok(()),
    }
}

/// Writes the records and the outcome of a call. Does nothing if the call has an outcome.
pub(crate) fn finish(
    write: &Transaction<'_>,
    home: &Home,
    call: &JournalCall,
    records: &[ImageRecord],
    outcome: &Outcome,
) -> Result<(), Error> {
    let sql = "UPDATE calls SET outcome = ?3, intent = NULL WHERE thread_id = ?1 AND call_id = ?2 AND outcome IS NULL";
    let json = serde_json::to_string(outcome)?;
    let (thread_id, turn_id, item_id) = (SqlId(&call.thread_id), SqlId(&call.turn_id), SqlId(&call.item_id));
    if write.prepare_cached(sql)?.execute(params![thread_id, item_id, json])? == 0 {
        return Ok(());
    }
    ledger::settle(write, call, records, outcome)?;
    for record in records {
        let sql = "INSERT INTO images (thread_id, id, origin, turn_id, call_id, path, created_at, json) \
                   VALUES (?1, ?2, 'made', ?3, ?4, ?5, ?6, ?7)";
        let (json, path) = (home.to_json(record.clone())?, home.stored_path(Path::new(&record.path)));
        let row = params![thread_id, SqlId(&record.id), turn_id, item_id, path, now_ms() / 1000, json];
        write.prepare_cached(sql)?.execute(row)?;
    }
    Ok(())
}

/// Returns the records of a call, in the provider's order. Leaves out images that a fork inherited from a call of its
/// source with the same id.
pub(crate) fn load_records(
    connection: &Connection,
    home: &Home,
    thread_id: &str,
    item_id: &str,
) -> Result<Vec<ImageRecord>, Error> {
    let sql = "SELECT json FROM images WHERE thread_id = ?1 AND call_id = ?2 AND inherited = 0 ORDER BY sequence";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query((thread_id, item_id))?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        records.push(home.read_column(row.get_ref(0)?)?);
    }
    Ok(records)
}

const COLUMNS: &str = "thread_id, call_id, turn_id, bills, started_at_ms, json, intent, outcome";

/// Finds a call.
pub(crate) fn find(
    connection: &Connection,
    home: &Home,
    thread_id: &str,
    item_id: &str,
) -> Result<Option<JournalCall>, Error> {
    let sql = format!("SELECT {COLUMNS} FROM calls WHERE thread_id = ?1 AND call_id = ?2");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query((thread_id, item_id))?;
    rows.next()?.map(|row| read_call(home, row)).transpose()
}

/// Returns a call that must be in the journal.
///
/// # Errors
/// [`Error::CallNotFound`] if it is not.
pub(super) fn get(connection: &Connection, home: &Home, thread_id: &str, item_id: &str) -> Result<JournalCall, Error> {
    find(connection, home, thread_id, item_id)?.ok_or_else(|| Error::CallNotFound(item_id.to_owned()))
}

/// Returns the calls of a process that have no outcome, in the order in which they began. Leaves out rows that cannot
/// be read, so that a damaged one does not keep the others open.
pub(crate) fn load_open_calls(connection: &Connection, home: &Home, owner: &str) -> Result<Vec<JournalCall>, Error> {
    let sql = format!(
        "SELECT {COLUMNS} FROM calls WHERE owner = ?1 AND outcome IS NULL ORDER BY started_at_ms, thread_id, call_id"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([owner])?;
    let mut calls = Vec::new();
    while let Some(row) = rows.next()? {
        match read_call(home, row) {
            Ok(call) => calls.push(call),
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                thread_id = row.get::<_, String>(0).unwrap_or_default(),
                item_id = row.get::<_, String>(1).unwrap_or_default(),
                "an image call of an earlier process is damaged and stays open"
            ),
        }
    }
    Ok(calls)
}

fn read_call(home: &Home, row: &Row<'_>) -> Result<JournalCall, Error> {
    let (SqlId(thread_id), SqlId(item_id), SqlId(turn_id)) = (row.get(0)?, row.get(1)?, row.get(2)?);
    let (intent, outcome): (Option<String>, Option<String>) = (row.get(6)?, row.get(7)?);
    Ok(JournalCall {
        thread_id,
        item_id,
        turn_id,
        bills: row.get(3)?,
        started_at_ms: row.get(4)?,
        request: home.read_column(row.get_ref(5)?)?,
        intent: intent.map(|intent| home.read_json(&intent)).transpose()?,
        outcome: outcome.map(|outcome| serde_json::from_str(&outcome)).transpose()?,
    })
}
