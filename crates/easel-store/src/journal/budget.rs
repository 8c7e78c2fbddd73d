//! Sums of the ledger, for the limits of spending.

use easel_imagegen::spending::{Budget, Cost, Limits, Used};
use rusqlite::{Connection, OptionalExtension, Row};

use crate::db::local_day::{Day, local_day};
use crate::error::Error;

const USED: &str = "coalesce(sum(images), 0), coalesce(sum(cost), 0), \
                    coalesce(sum(CASE WHEN cost IS NULL THEN images END), 0)";

/// Sums by state: of running calls, of those that ended, and of the images that may have been billed and never arrived.
pub(crate) const COUNTED: &str = "\
    coalesce(sum(CASE WHEN outcome IS NULL THEN images END), 0), \
    coalesce(sum(CASE WHEN outcome IS NULL THEN cost END), 0), \
    coalesce(sum(CASE WHEN outcome IS NULL AND cost IS NULL THEN images END), 0), \
    coalesce(sum(CASE WHEN outcome IS NOT NULL THEN images - lost_images END), 0), \
    coalesce(sum(CASE WHEN outcome IS NOT NULL THEN cost - lost_cost END), 0), \
    coalesce(sum(CASE WHEN outcome IS NOT NULL AND cost IS NULL THEN images - lost_images END), 0), \
    coalesce(sum(lost_images), 0), \
    coalesce(sum(lost_cost), 0), \
    coalesce(sum(CASE WHEN lost_cost IS NULL THEN lost_images END), 0)";

/// Reads one row, which triggers keep, however many calls the thread has made.
const USED_BY_THREAD: &str = "SELECT images, cost, unpriced_images FROM ledger_threads WHERE thread_id = ?1";

const OF_DAY: &str = "started_at_ms >= ?1 AND started_at_ms < ?2";
const OF_THREAD: &str = "thread_id = ?1";

/// What a day or a thread has used, by state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counted {
    /// Reserved for calls that are running.
    pub reserved: Used,
    /// Used by calls that have ended.
    pub spent: Used,
    /// Used by images that may have been billed and never arrived.
    pub uncertain: Used,
}

/// What today and a thread have used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpendingCounts {
    /// What all threads have used today.
    pub today: Counted,
    /// What one thread has used in all its days; `None` if none was asked for.
    pub thread: Option<Counted>,
    /// The end of today in Unix milliseconds.
    pub resets_at_ms: i64,
}

/// Returns the SQL for the sums of a day. It reads an index only.
pub(crate) fn day_sql(columns: &str) -> String {
    format!("SELECT {columns} FROM ledger WHERE {OF_DAY}")
}

/// Returns the SQL for the sums of a thread.
pub(crate) fn thread_sql(columns: &str) -> String {
    format!("SELECT {columns} FROM ledger WHERE {OF_THREAD}")
}

/// Returns what was used of the limits at a time in Unix milliseconds.
pub(crate) fn read_budget(
    connection: &Connection,
    limits: Limits,
    thread_id: &str,
    at_ms: i64,
) -> Result<Budget, Error> {
    let Day { starts_at_ms, reset } = local_day(at_ms);
    let used = |row: &Row<'_>| read_used(row, 0);
    let today = connection.prepare_cached(&day_sql(USED))?.query_row((starts_at_ms, reset.at_ms), used)?;
    let thread = connection.prepare_cached(USED_BY_THREAD)?.query_row([thread_id], used).optional()?;
    Ok(Budget { limits, today, thread: thread.unwrap_or_default(), reset })
}

/// Returns what the day of a time in Unix milliseconds has used, and what a thread has.
pub(crate) fn read_counts(
    connection: &Connection,
    thread_id: Option<&str>,
    at_ms: i64,
) -> Result<SpendingCounts, Error> {
    let Day { starts_at_ms, reset } = local_day(at_ms);
    let today = connection.prepare_cached(&day_sql(COUNTED))?.query_row((starts_at_ms, reset.at_ms), read_counted)?;
    let of_thread = |thread_id| connection.prepare_cached(&thread_sql(COUNTED))?.query_row([thread_id], read_counted);
    let thread = thread_id.map(of_thread).transpose()?;
    Ok(SpendingCounts { today, thread, resets_at_ms: reset.at_ms })
}

fn read_counted(row: &Row<'_>) -> rusqlite::Result<Counted> {
    Ok(Counted { reserved: read_used(row, 0)?, spent: read_used(row, 3)?, uncertain: read_used(row, 6)? })
}

fn read_used(row: &Row<'_>, first: usize) -> rusqlite::Result<Used> {
    let count = |column| Ok::<_, rusqlite::Error>(u64::try_from(row.get::<_, i64>(column)?).unwrap_or_default());
    Ok(Used { images: count(first)?, cost: Cost::from_micros(count(first + 1)?), unpriced_images: count(first + 2)? })
}
