//! What was used, by day, thread and model.

use easel_imagegen::port::StorageError;
use easel_protocol::event::TokenUsage;
use easel_protocol::thread::SortDirection;
use easel_protocol::usage::UsageReadParams;
use rusqlite::{Connection, Row, Transaction, params};

use crate::db::workers::Reads;
use crate::error::Error;
use crate::lists::page::{self, PageError, Place, Wanted};
use crate::store::EaselStore;

/// One row, or the sum of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageRow {
    /// UTC, `YYYY-MM-DD`; empty in a sum over days.
    pub day: String,
    /// Empty in a sum over threads.
    pub thread_id: String,
    pub provider: String,
    pub model: String,
    pub images: u64,
    /// Those of them that no model made.
    pub synthetic: u64,
    pub input_tokens: u64,
    pub output_tokens: u64,
}

/// A page of rows, the newest first, and the sums of all rows that the wish selects, by provider and model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsagePage {
    pub data: Vec<UsageRow>,
    pub totals: Vec<UsageRow>,
    pub next_cursor: Option<String>,
}

/// The tokens of one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DailyTokens {
    /// UTC, `YYYY-MM-DD`.
    pub day: String,
    /// Days since a day long ago.
    pub number: i64,
    pub tokens: i64,
}

const COLUMNS: &str = "day, thread_id, provider, model, images, synthetic, input_tokens, output_tokens";
const SELECTED: &str = "(?4 IS NULL OR model = ?4) AND (?5 IS NULL OR day >= ?5) AND (?6 IS NULL OR day <= ?6)";

/// Two texts, so that each has its index.
pub(crate) fn used_sql(of_thread: bool, beyond: &str, order: &str) -> String {
    let those = if of_thread { "thread_id = ?3" } else { "?3 IS NULL" };
    format!("SELECT {COLUMNS}, sequence FROM usage WHERE {beyond} AND {those} AND {SELECTED} ORDER BY {order}")
}

/// Sums the rows of one thread, or the sums over threads: neither grows with the number of threads.
pub(crate) fn totals_sql(of_thread: bool) -> String {
    let (rows, those) = if of_thread { ("usage", "thread_id = ?3") } else { ("usage_days", "?3 IS NULL") };
    format!(
        "SELECT '', '', provider, model, sum(images), sum(synthetic), sum(input_tokens), sum(output_tokens) \
         FROM {rows} WHERE ?1 IS ?2 AND {those} AND {SELECTED} GROUP BY provider, model ORDER BY provider, model"
    )
}

impl EaselStore {
    pub async fn list_usage(&self, wish: UsageReadParams) -> Result<UsagePage, PageError> {
        self.page(Reads::Search, move |connection| used_page(connection, &wish)).await
    }

    /// The days on which tokens were used, oldest first, and the number of today.
    pub async fn daily_tokens(&self) -> Result<(Vec<DailyTokens>, i64), StorageError> {
        self.read(Reads::Search, token_days).await
    }
}

fn used_page(connection: &Connection, wish: &UsageReadParams) -> Result<UsagePage, PageError> {
    let limit = page::limit(wish.limit, 100, 200);
    let wanted = Wanted::new("usage", wish.cursor.as_deref(), limit, SortDirection::Desc)?;
    let (beyond, order) = wanted.sql("sequence", "thread_id");
    let sql = used_sql(wish.thread_id.is_some(), &beyond, &order);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![
        wanted.value(),
        wanted.id(),
        wish.thread_id.as_deref(),
        wish.model,
        wish.since,
        wish.until
    ])?;
    let page = wanted.fill(|| {
        let Some(row) = rows.next()? else { return Ok(None) };
        let used = used_of(row)?;
        let texts = [&used.thread_id, &used.provider, &used.model];
        let bytes = texts.into_iter().map(|text| page::json_length(text)).sum::<usize>() + ROW_BYTES;
        Ok(Some((Place { value: row.get(8)?, id: used.thread_id.clone() }, bytes, used)))
    })?;
    Ok(UsagePage { data: page.data, totals: totals(connection, wish)?, next_cursor: page.next_cursor })
}

/// Of the rest of a row on the wire.
const ROW_BYTES: usize = 256;

fn totals(connection: &Connection, wish: &UsageReadParams) -> Result<Vec<UsageRow>, Error> {
    let sql = totals_sql(wish.thread_id.is_some());
    let mut statement = connection.prepare_cached(&sql)?;
    let nothing: Option<i64> = None;
    let mut rows =
        statement.query(params![nothing, nothing, wish.thread_id.as_deref(), wish.model, wish.since, wish.until])?;
    let mut sums = Vec::new();
    while let Some(row) = rows.next()? {
        sums.push(used_of(row)?);
    }
    Ok(sums)
}

fn used_of(row: &Row<'_>) -> Result<UsageRow, Error> {
    let count = |column| Ok::<_, Error>(u64::try_from(row.get::<_, i64>(column)?).unwrap_or_default());
    Ok(UsageRow {
        day: row.get(0)?,
        thread_id: row.get(1)?,
        provider: row.get(2)?,
        model: row.get(3)?,
        images: count(4)?,
        synthetic: count(5)?,
        input_tokens: count(6)?,
        output_tokens: count(7)?,
    })
}

fn token_days(connection: &Connection) -> Result<(Vec<DailyTokens>, i64), Error> {
    let sql = "SELECT day, CAST(julianday(day) + 0.5 AS INTEGER), sum(input_tokens + output_tokens) FROM usage_days \
               GROUP BY day HAVING sum(input_tokens + output_tokens) > 0 ORDER BY day";
    let mut statement = connection.prepare_cached(sql)?;
    let day = |row: &Row<'_>| Ok(DailyTokens { day: row.get(0)?, number: row.get(1)?, tokens: row.get(2)? });
    let days = statement.query_map((), day)?.collect::<Result<_, _>>()?;
    let sql = "SELECT CAST(julianday('now', 'start of day') + 0.5 AS INTEGER)";
    Ok((days, connection.query_row(sql, (), |row| row.get(0))?))
}

/// Counts the tokens of one answer of the thread's model.
pub(crate) fn count_tokens(write: &Transaction<'_>, thread_id: &str, last: &TokenUsage) -> Result<(), Error> {
    let sql = "INSERT INTO usage (day, thread_id, provider, model, input_tokens, output_tokens) \
               SELECT date('now'), id, model_provider, coalesce(json_extract(json, '$.model'), ''), ?2, ?3 \
               FROM threads WHERE id = ?1 \
               ON CONFLICT (day, thread_id, provider, model) DO UPDATE SET \
               input_tokens = input_tokens + excluded.input_tokens, output_tokens = output_tokens + excluded.output_tokens";
    // A provider's numbers are not believed so far that they could take something away.
    write.prepare_cached(sql)?.execute((thread_id, last.input_tokens.max(0), last.output_tokens.max(0)))?;
    Ok(())
}
