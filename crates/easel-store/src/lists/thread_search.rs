//! Pages of threads that contain a search term. Ephemeral threads are not searched.

use easel_protocol::thread::SortDirection;
use easel_protocol::thread::{ThreadSearchParams, ThreadSearchResponse, ThreadSearchResult, ThreadSearchSortKey};
use rusqlite::{Connection, params};

use crate::error::Error;
use crate::lists::page::{self, Page, PageError, PageRequest};
use crate::lists::search::{fold_case, index_query, snippet};
use crate::lists::thread_list::{CREATED_AT, UPDATED_AT, json_size, read_position, source_filter};
use crate::threads::history::{THREAD_COLUMNS, read_thread};

/// Maximum number of texts that the index finds for a term. If it finds more, [`scan_search_sql`] is faster.
const MAX_INDEX_HITS: u32 = 20_000;

/// Lists the threads that contain a term, each with a snippet.
pub(crate) fn search_threads(
    connection: &Connection,
    params: &ThreadSearchParams,
) -> Result<ThreadSearchResponse, PageError> {
    let (column, list) = match params.sort_key.unwrap_or(ThreadSearchSortKey::CreatedAt) {
        ThreadSearchSortKey::CreatedAt => (CREATED_AT, "search/created_at"),
        ThreadSearchSortKey::UpdatedAt | ThreadSearchSortKey::RecencyAt => (UPDATED_AT, "search/updated_at"),
    };
    let limit = page::clamp_limit(params.limit, 25, 100);
    let direction = params.sort_direction.unwrap_or(SortDirection::Desc);
    let request = PageRequest::new(list, params.cursor.as_deref(), limit, direction)?;
    let (after_cursor, order) = request.sql(column, "id");
    let term = fold_case(&params.search_term);
    let query = index_query(&term);
    let sql = match &query {
        Some(query) if has_few_hits(connection, query)? => index_search_sql(column, &after_cursor, &order),
        Some(_) | None => scan_search_sql(column, &after_cursor, &order),
    };
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![
        request.value(),
        request.id(),
        params.archived.unwrap_or(false),
        term,
        source_filter(params.source_kinds.as_deref())?,
        query,
    ])?;
    let Page { data, next_cursor, backwards_cursor } = request.collect(|| {
        let Some(row) = rows.next()? else { return Ok(None) };
        let thread = read_thread(row)?;
        let item_text = row.get_ref(6)?.as_str_or_null().map_err(rusqlite::Error::from)?;
        let snippet = snippet(&thread, item_text, &term);
        let size = json_size(row, &thread)? + page::json_length(&snippet);
        Ok(Some((read_position(row, &thread.id)?, size, ThreadSearchResult { thread, snippet })))
    })?;
    Ok(ThreadSearchResponse { data, next_cursor, backwards_cursor })
}

fn has_few_hits(connection: &Connection, query: &str) -> Result<bool, Error> {
    let sql = "SELECT count(*) FROM (SELECT rowid FROM words_index WHERE words_index MATCH ?1 LIMIT ?2 + 1)";
    let count: u32 = connection.prepare_cached(sql)?.query_row((query, MAX_INDEX_HITS), |row| row.get(0))?;
    Ok(count <= MAX_INDEX_HITS)
}

/// Returns the SQL for rare terms: it looks the term up in the index, and scans the texts that are too long for it.
///
/// The plus sign in `+id` makes SQLite walk the index of the order. Without it SQLite would fetch all threads that
/// match and sort them.
pub(crate) fn index_search_sql(column: &str, after_cursor: &str, order: &str) -> String {
    format!(
        "WITH texts AS MATERIALIZED ( \
         SELECT id FROM words WHERE id IN (SELECT rowid FROM words_index WHERE words_index MATCH ?6) \
         AND holds(text, ?4) \
         UNION ALL SELECT id FROM words WHERE octet_length(text) > 65536 AND holds(text, ?4)), \
         found AS MATERIALIZED (SELECT id, thread_id, item_id FROM texts CROSS JOIN word_items ON word_id = id) \
         SELECT {THREAD_COLUMNS}, {column}, octet_length(json), \
         (SELECT text FROM words WHERE id = \
         (SELECT min(id) FROM found WHERE thread_id = threads.id AND item_id <> '')) \
         FROM threads WHERE {after_cursor} AND ephemeral = 0 AND archived = ?3 \
         AND +id IN (SELECT thread_id FROM found) \
         AND (?5 IS NULL OR source IN (SELECT value FROM json_each(?5))) ORDER BY {order}"
    )
}

/// Returns the SQL for terms that are frequent or too short for the index: it scans thread after thread until the page
/// is full. A frequent term fills it soon.
pub(crate) fn scan_search_sql(column: &str, after_cursor: &str, order: &str) -> String {
    format!(
        "SELECT {THREAD_COLUMNS}, {column}, octet_length(json), \
         (SELECT text FROM item_words WHERE thread_id = threads.id AND item_id <> '' AND holds(text, ?4) LIMIT 1) \
         FROM threads WHERE {after_cursor} AND ephemeral = 0 AND archived = ?3 \
         AND (?5 IS NULL OR source IN (SELECT value FROM json_each(?5))) \
         AND EXISTS (SELECT 1 FROM item_words WHERE thread_id = threads.id AND holds(text, ?4)) \
         AND (?6 IS NULL OR true) ORDER BY {order}"
    )
}
