//! Pages of the ledger, oldest first.

use easel_imagegen::spending::Cost;
use easel_protocol::id::{ItemId, ThreadId, TurnId};
use rusqlite::{Connection, Row};

use crate::db::local_day::{self, local_date};
use crate::db::sql_id::SqlId;
use crate::error::Error;

/// Maximum number of rows in one page.
const PAGE_ROWS: i64 = 1_000;

/// One image call that a provider may bill.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LedgerRow {
    /// When the call began, in Unix milliseconds.
    pub started_at_ms: i64,
    /// The day on which it began as `YYYY-MM-DD`, in the time zone of the user.
    pub day: String,
    pub thread_id: ThreadId,
    pub turn_id: TurnId,
    /// The item of the call. `None` for a model request whose hosted image never arrived.
    pub item_id: Option<ItemId>,
    /// Id of the provider.
    pub provider: String,
    /// The image model.
    pub model: String,
    /// Images that the call requested.
    pub requested: u64,
    /// The cost that was estimated before the call; `None` if the price was unknown.
    pub estimate: Option<Cost>,
    /// Whether the user approved the call, which may then exceed the limits.
    pub is_approved: bool,
    /// `made`, `failed`, `uncertain` or `released`; `None` while the call runs.
    pub outcome: Option<String>,
    /// Images that were billed or may have been. Those that are reserved while the call runs.
    pub images: u64,
    /// Their cost; `None` if it is unknown.
    pub cost: Option<Cost>,
    /// How many of the images may have been billed and never arrived.
    pub lost_images: u64,
    /// Tokens of the request, if the provider reported them.
    pub input_tokens: Option<u64>,
    /// Tokens of the response, if the provider reported them.
    pub output_tokens: Option<u64>,
    /// The provider's id of the request.
    pub request_id: Option<String>,
}

/// The part of the ledger to read, and the position in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LedgerRange {
    /// Unix milliseconds.
    from_ms: i64,
    /// Unix milliseconds, exclusive.
    until_ms: i64,
    /// The time and the number of the last row of the previous page.
    after: (i64, i64),
}

impl LedgerRange {
    /// Returns the range of the whole ledger.
    pub const fn all() -> Self {
        Self { from_ms: i64::MIN, until_ms: i64::MAX, after: (i64::MIN, i64::MIN) }
    }

    /// Returns the range of a month, given as `YYYY-MM`, in the time zone of the user; `None` if it does not exist.
    pub fn month(month: &str) -> Option<Self> {
        let (from_ms, until_ms) = local_day::local_month(month)?;
        Some(Self { from_ms, until_ms, ..Self::all() })
    }
}

pub(crate) const PAGE_SQL: &str = "\
    SELECT sequence, started_at_ms, thread_id, turn_id, item_id, provider, model, requested, estimate, approved, \
        outcome, images, cost, lost_images, input_tokens, output_tokens, request_id \
    FROM ledger WHERE started_at_ms >= ?1 AND started_at_ms < ?2 AND (started_at_ms, sequence) > (?3, ?4) \
    ORDER BY started_at_ms, sequence LIMIT ?5";

/// Returns the next rows of the range, and the range of the rows after them; `None` after the last page.
pub(crate) fn read_page(
    connection: &Connection,
    range: LedgerRange,
) -> Result<(Vec<LedgerRow>, Option<LedgerRange>), Error> {
    let LedgerRange { from_ms, until_ms, after } = range;
    let mut statement = connection.prepare_cached(PAGE_SQL)?;
    let mut found = statement.query((from_ms, until_ms, after.0, after.1, PAGE_ROWS))?;
    let (mut rows, mut last) = (Vec::new(), after);
    while let Some(row) = found.next()? {
        last = (row.get(1)?, row.get(0)?);
        rows.push(read_row(row)?);
    }
    let is_full = i64::try_from(rows.len()).is_ok_and(|count| count == PAGE_ROWS);
    Ok((rows, is_full.then_some(LedgerRange { after: last, ..range })))
}

fn read_row(row: &Row<'_>) -> Result<LedgerRow, Error> {
    let count = |number: i64| u64::try_from(number).unwrap_or_default();
    let cost = |micros: Option<i64>| micros.map(|micros| Cost::from_micros(count(micros)));
    let started_at_ms = row.get(1)?;
    let (SqlId(thread_id), SqlId(turn_id)) = (row.get(2)?, row.get(3)?);
    let item_id: Option<String> = row.get(4)?;
    Ok(LedgerRow {
        started_at_ms,
        day: local_date(started_at_ms),
        thread_id,
        turn_id,
        item_id: item_id.map(ItemId::from),
        provider: row.get(5)?,
        model: row.get(6)?,
        requested: count(row.get(7)?),
        estimate: cost(row.get(8)?),
        is_approved: row.get(9)?,
        outcome: row.get(10)?,
        images: count(row.get(11)?),
        cost: cost(row.get(12)?),
        lost_images: count(row.get(13)?),
        input_tokens: row.get::<_, Option<i64>>(14)?.map(count),
        output_tokens: row.get::<_, Option<i64>>(15)?.map(count),
        request_id: row.get(16)?,
    })
}
