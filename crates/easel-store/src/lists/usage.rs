//! Images and tokens that were used, by day, thread and model.

use easel_protocol::event::TokenUsage;
use easel_protocol::id::ThreadId;
use easel_protocol::thread::SortDirection;
use easel_protocol::usage::UsageReadParams;
use rusqlite::{Connection, Row, Transaction, params};

use crate::db::sql_id::SqlId;
use crate::error::Error;
use crate::lists::page::{self, PageError, PageRequest, Position};

/// What one model used in one thread on one day, or a sum of several such rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageRow {
    /// UTC, `YYYY-MM-DD`; empty in a sum over days.
    pub day: String,
    /// Empty in a sum over threads.
    pub thread_id: ThreadId,
    /// Id of the provider.
    pub provider: String,
    /// Id of the model.
    pub model: String,
    /// Generated images.
    pub images: u64,
    /// Generated images that no model made, such as those of the preview provider.
    pub synthetic: u64,
    /// Tokens of requests.
    pub input_tokens: u64,
    /// Tokens of responses.
    pub output_tokens: u64,
}

/// A page of rows, newest first, and the sums of all rows that match the filters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsagePage {
    /// The rows of this page.
    pub data: Vec<UsageRow>,
    /// Sums by provider and model.
    pub totals: Vec<UsageRow>,
    /// Cursor to the next page; `None` on the last one.
    pub next_cursor: Option<String>,
}

/// The tokens of one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DailyTokens {
    /// UTC, `YYYY-MM-DD`.
    pub day: String,
    /// The day as a consecutive number (its Julian day number).
    pub number: i64,
    /// Tokens of requests and responses.
    pub tokens: i64,
}

/// The largest number of tokens that a row has, 2^53 - 1, which every JSON parser reads exactly. Larger sums stop here,
/// as they do in the triggers of the tables.
const MAX_TOKENS: i64 = (1 << 53) - 1;

const COLUMNS: &str = "day, thread_id, provider, model, images, synthetic, input_tokens, output_tokens";
const FILTERS: &str = "(?4 IS NULL OR model = ?4) AND (?5 IS NULL OR day >= ?5) AND (?6 IS NULL OR day <= ?6)";

/// Approximate JSON size of a row without its ids, in bytes.
const ROW_BYTES: usize = 256;

/// Returns the SQL for a page. The SQL for one thread differs from that for all threads, so that each uses its index.
pub(crate) fn usage_sql(of_thread: bool, after_cursor: &str, order: &str) -> String {
    let filter = if of_thread { "thread_id = ?3" } else { "?3 IS NULL" };
    format!("SELECT {COLUMNS}, sequence FROM usage WHERE {after_cursor} AND {filter} AND {FILTERS} ORDER BY {order}")
}

/// Returns the SQL for the totals. It sums the rows of one thread, or the daily sums over threads, so its cost does
/// not grow with the number of threads. `sum` would fail on overflow; `total` does not, and is exact up to the maximum.
pub(crate) fn totals_sql(of_thread: bool) -> String {
    let (rows, filter) = if of_thread { ("usage", "thread_id = ?3") } else { ("usage_days", "?3 IS NULL") };
    format!(
        "SELECT '', '', provider, model, sum(images), sum(synthetic), \
         min(CAST(total(input_tokens) AS INTEGER), {MAX_TOKENS}), \
         min(CAST(total(output_tokens) AS INTEGER), {MAX_TOKENS}) \
         FROM {rows} WHERE ?1 IS ?2 AND {filter} AND {FILTERS} GROUP BY provider, model ORDER BY provider, model"
    )
}

/// Lists usage rows.
pub(crate) fn list_usage(connection: &Connection, params: &UsageReadParams) -> Result<UsagePage, PageError> {
    let limit = page::clamp_limit(params.limit, 100, 200);
    let request = PageRequest::new("usage", params.cursor.as_deref(), limit, SortDirection::Desc)?;
    let (after_cursor, order) = request.sql("sequence", "thread_id");
    let sql = usage_sql(params.thread_id.is_some(), &after_cursor, &order);
    let mut statement = connection.prepare_cached(&sql)?;
    let thread_id = params.thread_id.as_ref().map(SqlId);
    let mut rows =
        statement.query(params![request.value(), request.id(), thread_id, params.model, params.since, params.until])?;
    let page = request.collect(|| {
        let Some(row) = rows.next()? else { return Ok(None) };
        let usage = read_row(row)?;
        let texts = [&*usage.thread_id, &usage.provider, &usage.model];
        let bytes = texts.into_iter().map(page::json_length).sum::<usize>() + ROW_BYTES;
        Ok(Some((Position { value: row.get(8)?, id: (&*usage.thread_id).into() }, bytes, usage)))
    })?;
    Ok(UsagePage { data: page.data, totals: read_totals(connection, params)?, next_cursor: page.next_cursor })
}

fn read_totals(connection: &Connection, params: &UsageReadParams) -> Result<Vec<UsageRow>, Error> {
    let sql = totals_sql(params.thread_id.is_some());
    let mut statement = connection.prepare_cached(&sql)?;
    // The filters have the same numbers as in `usage_sql`, where ?1 and ?2 are the position.
    let unused: Option<i64> = None;
    let thread_id = params.thread_id.as_ref().map(SqlId);
    let mut rows = statement.query(params![unused, unused, thread_id, params.model, params.since, params.until])?;
    let mut sums = Vec::new();
    while let Some(row) = rows.next()? {
        sums.push(read_row(row)?);
    }
    Ok(sums)
}

fn read_row(row: &Row<'_>) -> Result<UsageRow, Error> {
    let count = |column| Ok::<_, Error>(u64::try_from(row.get::<_, i64>(column)?).unwrap_or_default());
    let SqlId(thread_id) = row.get(1)?;
    Ok(UsageRow {
        day: row.get(0)?,
        thread_id,
        provider: row.get(2)?,
        model: row.get(3)?,
        images: count(4)?,
        synthetic: count(5)?,
        input_tokens: count(6)?,
        output_tokens: count(7)?,
    })
}

/// Returns the days on which tokens were used, oldest first, and the Julian day number of today.
pub(crate) fn daily_tokens(connection: &Connection) -> Result<(Vec<DailyTokens>, i64), Error> {
    let sum = format!("min(CAST(total(input_tokens) + total(output_tokens) AS INTEGER), {MAX_TOKENS})");
    let sql = format!(
        "SELECT day, CAST(julianday(day) + 0.5 AS INTEGER), {sum} FROM usage_days \
         GROUP BY day HAVING {sum} > 0 ORDER BY day"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let day = |row: &Row<'_>| Ok(DailyTokens { day: row.get(0)?, number: row.get(1)?, tokens: row.get(2)? });
    let days = statement.query_map((), day)?.collect::<Result<_, _>>()?;
    let sql = "SELECT CAST(julianday('now', 'start of day') + 0.5 AS INTEGER)";
    Ok((days, connection.query_row(sql, (), |row| row.get(0))?))
}

/// Adds the tokens of one response of the thread's model.
pub(crate) fn add_tokens(write: &Transaction<'_>, thread_id: &str, last: &TokenUsage) -> Result<(), Error> {
    let sql = "INSERT INTO usage (day, thread_id, provider, model, input_tokens, output_tokens) \
               SELECT date('now'), id, model_provider, coalesce(json_extract(json, '$.model'), ''), ?2, ?3 \
               FROM threads WHERE id = ?1 \
               ON CONFLICT (day, thread_id, provider, model) DO UPDATE SET \
               input_tokens = min(input_tokens + excluded.input_tokens, ?4), \
               output_tokens = min(output_tokens + excluded.output_tokens, ?4)";
    // A provider may report any number. Negative ones must not reduce the sums, and huge ones must not make this fail.
    let [input, output] = [last.input_tokens, last.output_tokens].map(|tokens| tokens.clamp(0, MAX_TOKENS));
    write.prepare_cached(sql)?.execute((thread_id, input, output, MAX_TOKENS))?;
    Ok(())
}
