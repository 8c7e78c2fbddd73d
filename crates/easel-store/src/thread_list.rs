//! Pages of threads.

use easel_protocol::thread::{CwdFilter, SortDirection, ThreadListParams, ThreadListResponse, ThreadSortKey};
use rusqlite::{Connection, params};

use crate::fault::Fault;
use crate::history::{THREAD_COLUMNS, thread_of};
use crate::page::{self, Page, PageRefused, Place, Wanted};

/// Ephemeral threads are in no list.
pub(crate) fn threads(connection: &Connection, wish: &ThreadListParams) -> Result<ThreadListResponse, PageRefused> {
    // The column is also the cursor's name for the order.
    let column = match wish.sort_key.unwrap_or(ThreadSortKey::CreatedAt) {
        ThreadSortKey::CreatedAt => "created_at",
        ThreadSortKey::UpdatedAt | ThreadSortKey::RecencyAt => "updated_at",
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
         AND (?6 IS NULL OR instr(lower(preview), lower(?6)) OR instr(lower(coalesce(name, '')), lower(?6))) \
         ORDER BY {order}"
    );
    let folders = match &wish.cwd {
        Some(CwdFilter::One(folder)) => json_list(std::slice::from_ref(folder))?,
        Some(CwdFilter::AnyOf(folders)) => json_list(folders)?,
        None => None,
    };
    let providers = json_list(wish.model_providers.as_deref().unwrap_or_default())?;
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params![
        wanted.value(),
        wanted.id(),
        wish.archived.unwrap_or(false),
        providers,
        folders,
        wish.search_term
    ])?;
    let Page { data, next_cursor, backwards_cursor } = wanted.fill(|| {
        let Some(row) = rows.next()? else { return Ok(None) };
        let thread = thread_of(row)?;
        let place = Place { value: row.get(4)?, id: thread.id.clone() };
        let bytes: u32 = row.get(5)?;
        Ok(Some((place, bytes as usize, thread)))
    })?;
    Ok(ThreadListResponse { data, next_cursor, backwards_cursor })
}

/// A filter for `json_each`; an empty one filters nothing.
fn json_list(values: &[String]) -> Result<Option<String>, Fault> {
    if values.is_empty() { Ok(None) } else { Ok(Some(serde_json::to_string(values)?)) }
}
