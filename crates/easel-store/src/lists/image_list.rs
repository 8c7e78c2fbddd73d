//! Pages of generated images.

use easel_protocol::image::{ImageEntry, ImageListParams, ImageListResponse};
use easel_protocol::thread::SortDirection;
use rusqlite::{Connection, Row};

use crate::db::sql_id::SqlId;
use crate::error::Error;
use crate::home::Home;
use crate::lists::page::{self, PageError, PageRequest, Position};
use crate::threads::face::{self, ThreadOwner};

/// The columns that [`read_entry`] reads.
pub(crate) const COLUMNS: &str = "sequence, thread_id, turn_id, call_id, created_at, json";

/// Lists generated images, newest first. The list of one thread includes the images that it inherited when it was
/// forked; the list of all threads has every image once. With an `owner`, only images of its threads are listed.
pub(crate) fn list_images(
    connection: &Connection,
    home: &Home,
    params: &ImageListParams,
    owner: Option<&ThreadOwner>,
) -> Result<ImageListResponse, PageError> {
    let limit = page::clamp_limit(params.limit, 25, 50);
    let request = PageRequest::new("images", params.cursor.as_deref(), limit, SortDirection::Desc)?;
    let (after_cursor, order) = request.sql("sequence", "id");
    let sql = images_sql(params.thread_id.is_some(), owner.is_some(), &after_cursor, &order);
    let mut statement = connection.prepare_cached(&sql)?;
    let thread_id = params.thread_id.as_ref().map(SqlId);
    let mut rows = match owner {
        None => statement.query((request.value(), request.id(), thread_id)),
        Some(ThreadOwner { face, client }) => statement.query((request.value(), request.id(), thread_id, face, client)),
    }?;
    let page = request.collect(|| {
        let Some(row) = rows.next()? else { return Ok(None) };
        let (entry, bytes) = read_entry(home, row)?;
        Ok(Some((Position { value: row.get(0)?, id: row.get(6)? }, bytes, entry)))
    })?;
    Ok(ImageListResponse { data: page.data, next_cursor: page.next_cursor })
}

/// Returns the SQL for a page. The SQL for one thread differs from that for all threads, so that each uses its index.
pub(crate) fn images_sql(of_thread: bool, of_owner: bool, after_cursor: &str, order: &str) -> String {
    let filter = if of_thread { "thread_id = ?3" } else { "?3 IS NULL AND inherited = 0" };
    let of_owner = if of_owner { face::IS_OF_OWNER } else { "TRUE" };
    format!(
        "SELECT {COLUMNS}, id FROM images WHERE {filter} AND {of_owner} \
         AND origin = 'made' AND json_extract(json, '$.deleted') IS NULL AND {after_cursor} ORDER BY {order}"
    )
}

/// Reads an entry from a row of [`COLUMNS`]. Returns it with the size of its JSON in bytes.
pub(crate) fn read_entry(home: &Home, row: &Row<'_>) -> Result<(ImageEntry, usize), Error> {
    let (image, size) = home.read_sized(row.get_ref(5)?)?;
    let (SqlId(thread_id), SqlId(turn_id), SqlId(item_id)) = (row.get(1)?, row.get(2)?, row.get(3)?);
    Ok((ImageEntry { thread_id, turn_id, item_id, created_at: row.get(4)?, image }, size))
}
