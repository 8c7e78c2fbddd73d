//! The rows of the ledger: one for each image call that a provider may bill, and one for each repeat of a call whose
//! last attempt may have been billed.

use easel_imagegen::port::{Admission, CallStart, RequestStart};
use easel_imagegen::spending::{CallResult, Cost, Price, Quote, Reservation, Settlement};
use easel_protocol::record::{Billed, ImageRecord, ImageUsage};
use rusqlite::{OptionalExtension, Transaction, params, params_from_iter};

use super::calls::{JournalCall, Outcome};
use crate::db::sql_id::SqlId;
use crate::error::Error;

/// Maximum cost of a row, so that no sum overflows: a billion dollars.
const MAX_COST: u64 = 1_000_000_000_000_000;

/// Returns whether a call costs something, so that it is in the ledger and counts for the limits.
pub(super) fn is_billed(call: &CallStart) -> bool {
    call.bills && !call.synthetic
}

/// Inserts a call. A hosted call takes the row of its model request, if no other has. Returns whether the row is new.
pub(super) fn insert_call(write: &Transaction<'_>, owner: &str, call: &CallStart) -> Result<bool, Error> {
    let item_id = call.item_id.as_str();
    if call.admission == Admission::Started && take_request(write, &call.thread_id, &call.turn_id, item_id)? {
        return Ok(false);
    }
    let is_approved = call.admission == Admission::Approved;
    let row = NewRow { item_id: Some(item_id), owner, provider: &call.provider, quote: &call.quote, is_approved };
    row.insert(write, &call.thread_id, &call.turn_id, call.started_at_ms)?;
    Ok(true)
}

/// Makes the row of a model request that of a call. Returns false if another call has it.
pub(crate) fn take_request(
    write: &Transaction<'_>,
    thread_id: &str,
    turn_id: &str,
    item_id: &str,
) -> Result<bool, Error> {
    let sql = "UPDATE ledger SET item_id = ?3 \
               WHERE thread_id = ?1 AND turn_id = ?2 AND item_id IS NULL AND outcome IS NULL";
    Ok(write.prepare_cached(sql)?.execute((thread_id, turn_id, item_id))? > 0)
}

/// Inserts a model request that offers the hosted tool, with one image. The turn must have no open request.
pub(super) fn insert_request(write: &Transaction<'_>, owner: &str, request: &RequestStart) -> Result<(), Error> {
    let row = NewRow { item_id: None, owner, provider: &request.provider, quote: &request.quote, is_approved: false };
    row.insert(write, &request.thread_id, &request.turn_id, request.started_at_ms)
}

struct NewRow<'a> {
    item_id: Option<&'a str>,
    owner: &'a str,
    provider: &'a str,
    quote: &'a Quote,
    is_approved: bool,
}

impl NewRow<'_> {
    fn insert(&self, write: &Transaction<'_>, thread_id: &str, turn_id: &str, started_at_ms: i64) -> Result<(), Error> {
        let Self { item_id, owner, provider, quote, is_approved } = *self;
        let price = quote.price.map(|price| serde_json::to_string(&price)).transpose()?;
        let sql = "INSERT INTO ledger (thread_id, turn_id, item_id, owner, provider, model, started_at_ms, requested, \
                   estimate, price, approved, images, cost) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?8, ?9)";
        write.prepare_cached(sql)?.execute(params![
            thread_id,
            turn_id,
            item_id,
            owner,
            provider,
            quote.model,
            started_at_ms,
            quote.images,
            quote.cost.map(to_column),
            price,
            is_approved
        ])?;
        Ok(())
    }
}

/// Settles the row of a call that has ended. Does nothing if the call has no open row.
pub(super) fn settle(
    write: &Transaction<'_>,
    call: &JournalCall,
    records: &[ImageRecord],
    outcome: &Outcome,
) -> Result<(), Error> {
    let usage = records.first().and_then(|record| record.usage.as_ref());
    let (result, request_id) = match outcome {
        Outcome::Generated { missing, .. } => {
            // A composite costs nothing.
            let images = records.iter().filter(|record| record.derived.is_none()).count();
            let images = u32::try_from(images).unwrap_or(u32::MAX);
            let missing = missing.as_ref().map(|error| error.billed);
            let request_id = records.first().and_then(|record| record.request_id.as_deref());
            (CallResult::Generated { images, usage, missing }, request_id)
        }
        Outcome::Failed { error } => (CallResult::Failed(error.billed), error.request_id.as_deref()),
    };
    let sql = "SELECT sequence, requested, estimate, price FROM ledger \
               WHERE thread_id = ?1 AND item_id = ?2 AND outcome IS NULL";
    let open = write
        .prepare_cached(sql)?
        .query_row((SqlId(&call.thread_id), SqlId(&call.item_id)), |row| {
            let price: Option<String> = row.get(3)?;
            Ok((row.get::<_, i64>(0)?, row.get::<_, u32>(1)?, row.get::<_, Option<i64>>(2)?, price))
        })
        .optional()?;
    let Some((sequence, images, estimate, price)) = open else { return Ok(()) };
    let price: Option<Price> = price.map(|price| serde_json::from_str(&price)).transpose()?;
    let estimate = estimate.map(|micros| Cost::from_micros(u64::try_from(micros).unwrap_or_default()));
    let settlement = Reservation { images, estimate, price }.settle(result);
    write_settlement(write, sequence, settlement, usage, request_id)
}

fn write_settlement(
    write: &Transaction<'_>,
    sequence: i64,
    settlement: Settlement,
    usage: Option<&ImageUsage>,
    request_id: Option<&str>,
) -> Result<(), Error> {
    let Settlement { outcome, images, cost, lost_images, lost_cost } = settlement;
    let tokens = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let sql = "UPDATE ledger SET outcome = ?2, images = ?3, cost = ?4, lost_images = ?5, lost_cost = ?6, \
               input_tokens = ?7, output_tokens = ?8, request_id = ?9 WHERE sequence = ?1";
    write.prepare_cached(sql)?.execute(params![
        sequence,
        outcome.as_str(),
        images,
        cost.map(to_column),
        lost_images,
        lost_cost.map(to_column),
        usage.map(|usage| tokens(usage.input_tokens)),
        usage.map(|usage| tokens(usage.output_tokens)),
        request_id
    ])?;
    Ok(())
}

fn to_column(cost: Cost) -> i64 {
    i64::try_from(cost.as_micros().min(MAX_COST)).unwrap_or_default()
}

/// Ends the row of a model request that no image has taken. `request_id` is the provider's.
pub(crate) fn end_request(
    write: &Transaction<'_>,
    thread_id: &str,
    turn_id: &str,
    billed: Billed,
    request_id: Option<&str>,
) -> Result<(), Error> {
    match billed {
        Billed::No => release_request(write, thread_id, turn_id),
        Billed::Yes | Billed::Uncertain => {
            close(write, request_id, "thread_id = ?2 AND turn_id = ?3 AND item_id IS NULL", &[thread_id, turn_id])
        }
    }
}

/// Deletes the row of a model request that no image has taken.
fn release_request(write: &Transaction<'_>, thread_id: &str, turn_id: &str) -> Result<(), Error> {
    let sql = "DELETE FROM ledger WHERE thread_id = ?1 AND turn_id = ?2 AND item_id IS NULL AND outcome IS NULL";
    write.prepare_cached(sql)?.execute((thread_id, turn_id))?;
    Ok(())
}

/// Ends the row of an attempt that may have been billed, before its call is sent again.
pub(super) fn close_attempt(
    write: &Transaction<'_>,
    thread_id: &str,
    item_id: &str,
    request_id: Option<&str>,
) -> Result<(), Error> {
    close(write, request_id, "thread_id = ?2 AND item_id = ?3", &[thread_id, item_id])
}

/// Ends the row of the last attempt of a call, which the provider did not bill.
pub(super) fn release_attempt(
    write: &Transaction<'_>,
    thread_id: &str,
    item_id: &str,
    request_id: Option<&str>,
) -> Result<(), Error> {
    let sql = "UPDATE ledger SET outcome = 'released', images = 0, cost = 0, lost_cost = 0, request_id = ?3 \
               WHERE thread_id = ?1 AND item_id = ?2 AND outcome IS NULL";
    write.prepare_cached(sql)?.execute((thread_id, item_id, request_id))?;
    Ok(())
}

/// Ends the open rows of a thread that is deleted together with its journal.
pub(crate) fn close_thread(write: &Transaction<'_>, thread_id: &str) -> Result<(), Error> {
    close(write, None, "thread_id = ?2", &[thread_id])
}

/// Ends the open rows of a dead process, except those of calls that recovery could not close yet.
pub(crate) fn close_owner(write: &Transaction<'_>, dead: &str) -> Result<(), Error> {
    let condition = "owner = ?2 AND NOT EXISTS (SELECT 1 FROM calls WHERE calls.thread_id = ledger.thread_id \
                     AND calls.call_id = ledger.item_id AND calls.outcome IS NULL)";
    close(write, None, condition, &[dead])
}

/// Ends open rows as uncertain: nobody knows whether the provider has billed. The parameters of `condition` are `keys`,
/// from the second on.
fn close(write: &Transaction<'_>, request_id: Option<&str>, condition: &str, keys: &[&str]) -> Result<(), Error> {
    let sql = format!(
        "UPDATE ledger SET outcome = 'uncertain', lost_images = images, lost_cost = cost, request_id = ?1 \
         WHERE outcome IS NULL AND {condition}"
    );
    let keys = keys.iter().copied().map(Some);
    write.prepare_cached(&sql)?.execute(params_from_iter(std::iter::once(request_id).chain(keys)))?;
    Ok(())
}
