//! Pages of threads. Ephemeral threads are not listed.

use easel_protocol::thread::ThreadSourceKind;
use easel_protocol::thread::{CwdFilter, SortDirection, Thread, ThreadListParams, ThreadListResponse, ThreadSortKey};
use rusqlite::{Connection, Row, params};
use serde::Serialize;

use crate::error::Error;
use crate::lists::page::{self, Page, PageError, PageRequest, Position};
use crate::lists::search::fold_case;
use crate::threads::history::{THREAD_COLUMNS, read_thread};

/// Column of the creation time.
pub(super) const CREATED_AT: &str = "created_at";
/// Column of the last update.
pub(super) const UPDATED_AT: &str = "updated_at";

/// Lists threads.
pub(crate) fn list_threads(
    connection: &Connection,
    params: &ThreadListParams,
) -> Result<ThreadListResponse, PageError> {
    // The column also names the order in the cursor.
    let column = match params.sort_key.unwrap_or(ThreadSortKey::CreatedAt) {
        ThreadSortKey::CreatedAt | ThreadSortKey::SectionPosition => CREATED_AT,
        ThreadSortKey::UpdatedAt | ThreadSortKey::RecencyAt => UPDATED_AT,
    };
    let limit = page::clamp_limit(params.limit, 25, 100);
    let direction = params.sort_direction.unwrap_or(SortDirection::Desc);
    let request = PageRequest::new(column, params.cursor.as_deref(), limit, direction)?;
    let (after_cursor, order) = request.sql(column, "id");
    let sql = threads_sql(column, &after_cursor, &order);
    let folders = match &params.cwd {
        Some(CwdFilter::One(folder)) => json_filter(std::slice::from_ref(folder))?,
        Some(CwdFilter::AnyOf(folders)) => json_filter(folders)?,
        None => None,
    };
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![
        request.value(),
        request.id(),
        params.archived.unwrap_or(false),
        json_filter(params.model_providers.as_deref().unwrap_or_default())?,
        folders,
        source_filter(params.source_kinds.as_deref())?,
        json_filter(params.excluded_thread_ids.as_deref().unwrap_or_default())?,
        json_filter(params.originators.as_deref().unwrap_or_default())?,
        params.search_term.as_deref().map(fold_case),
        params.section_id,
    ])?;
    let Page { data, next_cursor, backwards_cursor } = request.collect(|| {
        let Some(row) = rows.next()? else { return Ok(None) };
        let thread = read_thread(row)?;
        Ok(Some((read_position(row, &thread.id)?, json_size(row, &thread)?, thread)))
    })?;
    Ok(ThreadListResponse { data, next_cursor, backwards_cursor })
}

/// Returns the query of a page. Filters that are null match every thread.
pub(crate) fn threads_sql(column: &str, after_cursor: &str, order: &str) -> String {
    format!(
        "SELECT {THREAD_COLUMNS}, {column}, octet_length(json) FROM threads \
         WHERE {after_cursor} AND ephemeral = 0 AND archived = ?3 \
         AND (?4 IS NULL OR model_provider IN (SELECT value FROM json_each(?4))) \
         AND (?5 IS NULL OR cwd IN (SELECT value FROM json_each(?5))) \
         AND (?6 IS NULL OR source IN (SELECT value FROM json_each(?6))) \
         AND (?7 IS NULL OR id NOT IN (SELECT value FROM json_each(?7))) \
         AND (?8 IS NULL OR json_extract(json, '$.originator') IN (SELECT value FROM json_each(?8))) \
         AND (?9 IS NULL OR holds(preview, ?9) OR holds(name, ?9)) \
         AND ?10 IS NULL ORDER BY {order}"
    )
}

/// Returns whether a page may have to read many threads that are not on it.
pub(crate) fn is_search(params: &ThreadListParams) -> bool {
    params.search_term.is_some() || params.originators.is_some()
}

/// Reads the position of a thread from the column after [`THREAD_COLUMNS`].
pub(super) fn read_position(row: &Row<'_>, id: &str) -> Result<Position, rusqlite::Error> {
    Ok(Position { value: row.get(4)?, id: id.to_owned() })
}

/// Returns the size of a thread on the wire in bytes, or a little more: its row has name and preview twice.
pub(super) fn json_size(row: &Row<'_>, thread: &Thread) -> Result<usize, rusqlite::Error> {
    let json: u32 = row.get(5)?;
    let name = thread.name.as_deref().map_or(0, page::json_length);
    Ok(json as usize + name + page::json_length(&thread.preview))
}

/// Returns the filter for the sources of threads. The Codex app-server gives its own threads the source `vscode` where
/// Easel uses `appServer`, and its clients filter by `vscode`.
pub(super) fn source_filter(kinds: Option<&[ThreadSourceKind]>) -> Result<Option<String>, Error> {
    let mut kinds = kinds.unwrap_or_default().to_vec();
    if kinds.contains(&ThreadSourceKind::Vscode) {
        kinds.push(ThreadSourceKind::AppServer);
    }
    json_filter(&kinds)
}

/// Returns a list for `json_each`, or null for an empty one, which filters nothing.
fn json_filter(values: &[impl Serialize]) -> Result<Option<String>, Error> {
    if values.is_empty() { Ok(None) } else { Ok(Some(serde_json::to_string(values)?)) }
}
