//! Pages of threads, and of those that a term is found in. Ephemeral threads are in neither.

use easel_protocol::thread::{CwdFilter, SortDirection, ThreadListParams, ThreadListResponse, ThreadSortKey};
use easel_protocol::thread_search::{
    ThreadSearchParams, ThreadSearchResponse, ThreadSearchResult, ThreadSearchSortKey, ThreadSourceKind,
};
use rusqlite::{Connection, Row, params};
use serde::Serialize;

use crate::fault::Fault;
use crate::history::{THREAD_COLUMNS, thread_of};
use crate::page::{self, Page, PageRefused, Place, Wanted};
use crate::words::{folded, snippet};

const BY_CREATION: &str = "created_at";
const BY_UPDATE: &str = "updated_at";

pub(crate) fn threads(connection: &Connection, wish: &ThreadListParams) -> Result<ThreadListResponse, PageRefused> {
    // The column is also the cursor's name for the order.
    let column = match wish.sort_key.unwrap_or(ThreadSortKey::CreatedAt) {
        ThreadSortKey::CreatedAt | ThreadSortKey::SectionPosition => BY_CREATION,
        ThreadSortKey::UpdatedAt | ThreadSortKey::RecencyAt => BY_UPDATE,
    };
    let limit = page::limit(wish.limit, 25, 100);
    let direction = wish.sort_direction.unwrap_or(SortDirection::Desc);
    let wanted = Wanted::new(column, wish.cursor.as_deref(), limit, direction)?;
    let (beyond, order) = wanted.sql(column, "id");
    let sql = format!(
        "SELECT {THREAD_COLUMNS}, {column}, length(json) + length(preview) FROM threads \
         WHERE {beyond} AND ephemeral = 0 AND archived = ?3 \
         AND (?4 IS NULL OR model_provider IN (SELECT value FROM json_each(?4))) \
         AND (?5 IS NULL OR cwd IN (SELECT value FROM json_each(?5))) \
         AND (?6 IS NULL OR source IN (SELECT value FROM json_each(?6))) \
         AND (?7 IS NULL OR id NOT IN (SELECT value FROM json_each(?7))) \
         AND (?8 IS NULL OR json_extract(json, '$.originator') IN (SELECT value FROM json_each(?8))) \
         AND (?9 IS NULL OR holds(preview, ?9) OR holds(name, ?9)) \
         AND ?10 IS NULL ORDER BY {order}"
    );
    let folders = match &wish.cwd {
        Some(CwdFilter::One(folder)) => json_list(std::slice::from_ref(folder))?,
        Some(CwdFilter::AnyOf(folders)) => json_list(folders)?,
        None => None,
    };
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![
        wanted.value(),
        wanted.id(),
        wish.archived.unwrap_or(false),
        json_list(wish.model_providers.as_deref().unwrap_or_default())?,
        folders,
        sources(wish.source_kinds.as_deref())?,
        json_list(wish.excluded_thread_ids.as_deref().unwrap_or_default())?,
        json_list(wish.originators.as_deref().unwrap_or_default())?,
        wish.search_term.as_deref().map(folded),
        wish.section_id,
    ])?;
    let Page { data, next_cursor, backwards_cursor } = wanted.fill(|| {
        let Some(row) = rows.next()? else { return Ok(None) };
        let thread = thread_of(row)?;
        Ok(Some((place(row, &thread.id)?, size(row)?, thread)))
    })?;
    Ok(ThreadListResponse { data, next_cursor, backwards_cursor })
}

pub(crate) fn search(connection: &Connection, wish: &ThreadSearchParams) -> Result<ThreadSearchResponse, PageRefused> {
    let (column, list) = match wish.sort_key.unwrap_or(ThreadSearchSortKey::CreatedAt) {
        ThreadSearchSortKey::CreatedAt => (BY_CREATION, "search/created_at"),
        ThreadSearchSortKey::UpdatedAt | ThreadSearchSortKey::RecencyAt => (BY_UPDATE, "search/updated_at"),
    };
    let limit = page::limit(wish.limit, 25, 100);
    let direction = wish.sort_direction.unwrap_or(SortDirection::Desc);
    let wanted = Wanted::new(list, wish.cursor.as_deref(), limit, direction)?;
    let (beyond, order) = wanted.sql(column, "id");
    // The plus sign has SQLite walk the index of the order, and not the threads that were found to sort them all.
    let sql = format!(
        "SELECT {THREAD_COLUMNS}, {column}, length(json) + length(preview), \
         (SELECT text FROM words WHERE thread_id = threads.id AND item_id <> '' AND holds(text, ?4) LIMIT 1) \
         FROM threads WHERE {beyond} AND ephemeral = 0 AND archived = ?3 \
         AND +id IN (SELECT thread_id FROM words WHERE holds(text, ?4)) \
         AND (?5 IS NULL OR source IN (SELECT value FROM json_each(?5))) ORDER BY {order}"
    );
    let term = folded(&wish.search_term);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![
        wanted.value(),
        wanted.id(),
        wish.archived.unwrap_or(false),
        term,
        sources(wish.source_kinds.as_deref())?,
    ])?;
    let Page { data, next_cursor, backwards_cursor } = wanted.fill(|| {
        let Some(row) = rows.next()? else { return Ok(None) };
        let thread = thread_of(row)?;
        let said = row.get_ref(6)?.as_str_or_null().map_err(rusqlite::Error::from)?;
        let snippet = snippet(&thread, said, &term);
        let size = size(row)? + snippet.len();
        Ok(Some((place(row, &thread.id)?, size, ThreadSearchResult { thread, snippet })))
    })?;
    Ok(ThreadSearchResponse { data, next_cursor, backwards_cursor })
}

fn place(row: &Row<'_>, id: &str) -> Result<Place, rusqlite::Error> {
    Ok(Place { value: row.get(4)?, id: id.to_owned() })
}

fn size(row: &Row<'_>) -> Result<usize, rusqlite::Error> {
    let size: u32 = row.get(5)?;
    Ok(size as usize)
}

/// A filter by where threads come from. The Codex app-server calls the threads that it is asked for `vscode` where Easel
/// says `appServer`, and its clients ask for those.
fn sources(kinds: Option<&[ThreadSourceKind]>) -> Result<Option<String>, Fault> {
    let mut kinds = kinds.unwrap_or_default().to_vec();
    if kinds.contains(&ThreadSourceKind::Vscode) {
        kinds.push(ThreadSourceKind::AppServer);
    }
    json_list(&kinds)
}

/// A filter for `json_each`; an empty one filters nothing.
fn json_list(values: &[impl Serialize]) -> Result<Option<String>, Fault> {
    if values.is_empty() { Ok(None) } else { Ok(Some(serde_json::to_string(values)?)) }
}
