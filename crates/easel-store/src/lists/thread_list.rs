//! Pages of threads, and of those that a term is found in. Ephemeral threads are in neither.

use easel_protocol::thread::{CwdFilter, SortDirection, Thread, ThreadListParams, ThreadListResponse, ThreadSortKey};
use easel_protocol::thread::{
    ThreadSearchParams, ThreadSearchResponse, ThreadSearchResult, ThreadSearchSortKey, ThreadSourceKind,
};
use rusqlite::{Connection, Row, params};
use serde::Serialize;

use crate::error::Error;
use crate::lists::page::{self, Page, PageError, Place, Wanted};
use crate::lists::search::{folded, index_query, snippet};
use crate::threads::history::{THREAD_COLUMNS, thread_of};

const BY_CREATION: &str = "created_at";
const BY_UPDATE: &str = "updated_at";

pub(crate) fn threads(connection: &Connection, wish: &ThreadListParams) -> Result<ThreadListResponse, PageError> {
    // The column is also the cursor's name for the order.
    let column = match wish.sort_key.unwrap_or(ThreadSortKey::CreatedAt) {
        ThreadSortKey::CreatedAt | ThreadSortKey::SectionPosition => BY_CREATION,
        ThreadSortKey::UpdatedAt | ThreadSortKey::RecencyAt => BY_UPDATE,
    };
    let limit = page::limit(wish.limit, 25, 100);
    let direction = wish.sort_direction.unwrap_or(SortDirection::Desc);
    let wanted = Wanted::new(column, wish.cursor.as_deref(), limit, direction)?;
    let (beyond, order) = wanted.sql(column, "id");
    let sql = threads_sql(column, &beyond, &order);
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
        Ok(Some((place(row, &thread.id)?, size(row, &thread)?, thread)))
    })?;
    Ok(ThreadListResponse { data, next_cursor, backwards_cursor })
}

pub(crate) fn threads_sql(column: &str, beyond: &str, order: &str) -> String {
    format!(
        "SELECT {THREAD_COLUMNS}, {column}, octet_length(json) FROM threads \
         WHERE {beyond} AND ephemeral = 0 AND archived = ?3 \
         AND (?4 IS NULL OR model_provider IN (SELECT value FROM json_each(?4))) \
         AND (?5 IS NULL OR cwd IN (SELECT value FROM json_each(?5))) \
         AND (?6 IS NULL OR source IN (SELECT value FROM json_each(?6))) \
         AND (?7 IS NULL OR id NOT IN (SELECT value FROM json_each(?7))) \
         AND (?8 IS NULL OR json_extract(json, '$.originator') IN (SELECT value FROM json_each(?8))) \
         AND (?9 IS NULL OR holds(preview, ?9) OR holds(name, ?9)) \
         AND ?10 IS NULL ORDER BY {order}"
    )
}

/// Whether a page may have to look at many threads that are not on it.
pub(crate) fn is_search(wish: &ThreadListParams) -> bool {
    wish.search_term.is_some() || wish.originators.is_some()
}

pub(crate) fn search(connection: &Connection, wish: &ThreadSearchParams) -> Result<ThreadSearchResponse, PageError> {
    let (column, list) = match wish.sort_key.unwrap_or(ThreadSearchSortKey::CreatedAt) {
        ThreadSearchSortKey::CreatedAt => (BY_CREATION, "search/created_at"),
        ThreadSearchSortKey::UpdatedAt | ThreadSearchSortKey::RecencyAt => (BY_UPDATE, "search/updated_at"),
    };
    let limit = page::limit(wish.limit, 25, 100);
    let direction = wish.sort_direction.unwrap_or(SortDirection::Desc);
    let wanted = Wanted::new(list, wish.cursor.as_deref(), limit, direction)?;
    let (beyond, order) = wanted.sql(column, "id");
    let term = folded(&wish.search_term);
    let query = index_query(&term);
    let sql = match &query {
        Some(query) if is_rare(connection, query)? => search_by_index(column, &beyond, &order),
        Some(_) | None => search_in_order(column, &beyond, &order),
    };
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![
        wanted.value(),
        wanted.id(),
        wish.archived.unwrap_or(false),
        term,
        sources(wish.source_kinds.as_deref())?,
        query,
    ])?;
    let Page { data, next_cursor, backwards_cursor } = wanted.fill(|| {
        let Some(row) = rows.next()? else { return Ok(None) };
        let thread = thread_of(row)?;
        let said = row.get_ref(6)?.as_str_or_null().map_err(rusqlite::Error::from)?;
        let snippet = snippet(&thread, said, &term);
        let size = size(row, &thread)? + page::json_length(&snippet);
        Ok(Some((place(row, &thread.id)?, size, ThreadSearchResult { thread, snippet })))
    })?;
    Ok(ThreadSearchResponse { data, next_cursor, backwards_cursor })
}

/// Texts that the index may find for [`search_by_index`].
const FEW: u32 = 20_000;

/// Whether the index finds few texts. What is found often is soon found by looking, too.
fn is_rare(connection: &Connection, query: &str) -> Result<bool, Error> {
    let sql = "SELECT count(*) FROM (SELECT rowid FROM words_index WHERE words_index MATCH ?1 LIMIT ?2 + 1)";
    let count: u32 = connection.prepare_cached(sql)?.query_row((query, FEW), |row| row.get(0))?;
    Ok(count <= FEW)
}

/// Looks the term up in the index of words, and into the texts that are too long for it. The plus sign has SQLite walk the
/// index of the order, and not the threads that were found to sort them all.
pub(crate) fn search_by_index(column: &str, beyond: &str, order: &str) -> String {
    format!(
        "WITH found AS MATERIALIZED ( \
         SELECT id, thread_id, item_id FROM words \
         WHERE id IN (SELECT rowid FROM words_index WHERE words_index MATCH ?6) AND holds(text, ?4) \
         UNION ALL SELECT id, thread_id, item_id FROM words WHERE octet_length(text) > 65536 AND holds(text, ?4)) \
         SELECT {THREAD_COLUMNS}, {column}, octet_length(json), \
         (SELECT text FROM words WHERE id = (SELECT min(id) FROM found WHERE thread_id = threads.id AND item_id <> '')) \
         FROM threads WHERE {beyond} AND ephemeral = 0 AND archived = ?3 \
         AND +id IN (SELECT thread_id FROM found) \
         AND (?5 IS NULL OR source IN (SELECT value FROM json_each(?5))) ORDER BY {order}"
    )
}

/// Looks into the words of one thread after another until the page is full: for terms that are too short for the index,
/// and for those that most threads have.
pub(crate) fn search_in_order(column: &str, beyond: &str, order: &str) -> String {
    format!(
        "SELECT {THREAD_COLUMNS}, {column}, octet_length(json), \
         (SELECT text FROM words WHERE thread_id = threads.id AND item_id <> '' AND holds(text, ?4) LIMIT 1) \
         FROM threads WHERE {beyond} AND ephemeral = 0 AND archived = ?3 \
         AND (?5 IS NULL OR source IN (SELECT value FROM json_each(?5))) \
         AND EXISTS (SELECT 1 FROM words WHERE thread_id = threads.id AND holds(text, ?4)) \
         AND (?6 IS NULL OR true) ORDER BY {order}"
    )
}

fn place(row: &Row<'_>, id: &str) -> Result<Place, rusqlite::Error> {
    Ok(Place { value: row.get(4)?, id: id.to_owned() })
}

/// What a thread has on the wire, or a little more: its row has name and preview twice.
fn size(row: &Row<'_>, thread: &Thread) -> Result<usize, rusqlite::Error> {
    let json: u32 = row.get(5)?;
    let name = thread.name.as_deref().map_or(0, page::json_length);
    Ok(json as usize + name + page::json_length(&thread.preview))
}

/// A filter by where threads come from. The Codex app-server calls the threads that it is asked for `vscode` where Easel
/// says `appServer`, and its clients ask for those.
fn sources(kinds: Option<&[ThreadSourceKind]>) -> Result<Option<String>, Error> {
    let mut kinds = kinds.unwrap_or_default().to_vec();
    if kinds.contains(&ThreadSourceKind::Vscode) {
        kinds.push(ThreadSourceKind::AppServer);
    }
    json_list(&kinds)
}

/// A filter for `json_each`; an empty one filters nothing.
fn json_list(values: &[impl Serialize]) -> Result<Option<String>, Error> {
    if values.is_empty() { Ok(None) } else { Ok(Some(serde_json::to_string(values)?)) }
}
