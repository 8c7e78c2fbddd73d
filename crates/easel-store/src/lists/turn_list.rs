//! Lists of turns and items: page by page, or all turns of a thread.

use easel_protocol::id::TurnId;
use easel_protocol::item::ThreadItem;
use easel_protocol::thread::{
    SortDirection, ThreadItemEntry, ThreadItemsListParams, ThreadItemsListResponse, ThreadTurnsListParams,
    ThreadTurnsListResponse,
};
use easel_protocol::turn::{Turn, TurnItemsView};
use rusqlite::{Connection, Row};

use crate::db::sql_id::SqlId;
use crate::error::Error;
use crate::home::Home;
use crate::lists::page::{self, Page, PageError, PageRequest, Position};

/// Lists the turns of a thread.
pub(crate) fn list_turns(
    connection: &Connection,
    home: &Home,
    params: &ThreadTurnsListParams,
) -> Result<ThreadTurnsListResponse, PageError> {
    let direction = params.sort_direction.unwrap_or(SortDirection::Desc);
    let limit = page::clamp_limit(params.limit, 25, 100);
    let request = PageRequest::new("turns", params.cursor.as_deref(), limit, direction)?;
    require_thread(connection, &params.thread_id)?;
    let view = params.items_view.unwrap_or(TurnItemsView::Summary);
    let (after_cursor, order) = request.sql("position", "id");
    let sql = format!("SELECT position, id, json FROM turns WHERE thread_id = ?3 AND {after_cursor} ORDER BY {order}");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query((request.value(), request.id(), SqlId(&params.thread_id)))?;
    let Page { data, next_cursor, backwards_cursor } = request.collect(|| {
        let Some(row) = rows.next()? else { return Ok(None) };
        let position = Position { value: row.get(0)?, id: row.get(1)? };
        let (turn, bytes) = read_turn(row, 2)?;
        let (items, item_bytes) = read_turn_items(connection, home, &params.thread_id, &turn.id, view)?;
        Ok(Some((position, bytes + item_bytes, Turn { items, items_view: view, ..turn })))
    })?;
    Ok(ThreadTurnsListResponse { data, next_cursor, backwards_cursor })
}

/// Lists the items of a thread or of one of its turns.
pub(crate) fn list_items(
    connection: &Connection,
    home: &Home,
    params: &ThreadItemsListParams,
) -> Result<ThreadItemsListResponse, PageError> {
    let direction = params.sort_direction.unwrap_or(SortDirection::Asc);
    let limit = page::clamp_limit(params.limit, 25, 100);
    let request = PageRequest::new("items", params.cursor.as_deref(), limit, direction)?;
    require_thread(connection, &params.thread_id)?;
    let (after_cursor, order) = request.sql("position", "id");
    let sql = items_sql(params.turn_id.is_some(), &after_cursor, &order);
    let mut statement = connection.prepare_cached(&sql)?;
    let turn_id = params.turn_id.as_ref().map(SqlId);
    let mut rows = statement.query((request.value(), request.id(), SqlId(&params.thread_id), turn_id))?;
    let Page { data, next_cursor, backwards_cursor } = request.collect(|| {
        let Some(row) = rows.next()? else { return Ok(None) };
        let (item, bytes) = home.read_sized::<ThreadItem>(row.get_ref(2)?)?;
        let (started_at_ms, completed_at_ms) = item.times();
        let SqlId(turn_id): SqlId<TurnId> = row.get(3)?;
        let entry = ThreadItemEntry { turn_id, item, started_at_ms: Some(started_at_ms), completed_at_ms };
        Ok(Some((Position { value: row.get(0)?, id: row.get(1)? }, bytes, entry)))
    })?;
    Ok(ThreadItemsListResponse { data, next_cursor, backwards_cursor })
}

/// Returns the SQL for a page of items. The SQL for one turn differs from that for all turns, so that each uses its
/// index.
pub(crate) fn items_sql(of_one_turn: bool, after_cursor: &str, order: &str) -> String {
    let (index, filter) = if of_one_turn { ("INDEXED BY items_by_turn", "turn_id = ?4") } else { ("", "?4 IS NULL") };
    format!(
        "SELECT position, id, json, turn_id FROM items {index} \
         WHERE thread_id = ?3 AND {filter} AND {after_cursor} ORDER BY {order}"
    )
}

/// Returns all turns of a thread, oldest first, with the items that `view` includes.
pub(crate) fn load_all_turns(
    connection: &Connection,
    home: &Home,
    thread_id: &str,
    view: TurnItemsView,
) -> Result<Vec<Turn>, Error> {
    let mut statement = connection.prepare_cached("SELECT json FROM turns WHERE thread_id = ?1 ORDER BY position")?;
    let mut rows = statement.query([thread_id])?;
    let mut turns = Vec::new();
    while let Some(row) = rows.next()? {
        let (turn, _) = read_turn(row, 0)?;
        let (items, _) = read_turn_items(connection, home, thread_id, &turn.id, view)?;
        turns.push(Turn { items, items_view: view, ..turn });
    }
    Ok(turns)
}

/// Returns the newest turns of a thread, oldest first. Turns have all their items as long as these fit into
/// `max_bytes` of JSON; turns that fit only without items have none.
pub(crate) fn load_newest_turns(
    connection: &Connection,
    home: &Home,
    thread_id: &str,
    max_bytes: usize,
) -> Result<Vec<Turn>, Error> {
    let sql = "SELECT json FROM turns WHERE thread_id = ?1 ORDER BY position DESC";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([thread_id])?;
    let mut turns = Vec::new();
    let mut remaining = max_bytes;
    while let Some(row) = rows.next()? {
        let (turn, size) = read_turn(row, 0)?;
        let Some(for_items) = remaining.checked_sub(size) else { break };
        let bare = Turn { items: Vec::new(), items_view: TurnItemsView::NotLoaded, ..turn };
        if let Some((items, item_bytes)) = read_items_within(connection, home, thread_id, &bare.id, for_items)? {
            remaining = for_items - item_bytes;
            turns.push(Turn { items, items_view: TurnItemsView::Full, ..bare });
        } else {
            remaining = for_items;
            turns.push(bare);
        }
    }
    turns.reverse();
    Ok(turns)
}

/// Returns the items of a turn and their size if they fit into `max_bytes`. Does not read items that are larger in the
/// database already.
fn read_items_within(
    connection: &Connection,
    home: &Home,
    thread_id: &str,
    turn_id: &str,
    max_bytes: usize,
) -> Result<Option<(Vec<ThreadItem>, usize)>, Error> {
    let sql = "SELECT coalesce(sum(octet_length(json) + 1), 0) FROM items WHERE thread_id = ?1 AND turn_id = ?2";
    let stored: i64 = connection.prepare_cached(sql)?.query_row((thread_id, turn_id), |row| row.get(0))?;
    if usize::try_from(stored).is_ok_and(|stored| stored > max_bytes) {
        return Ok(None);
    }
    let (items, size) = read_turn_items(connection, home, thread_id, turn_id, TurnItemsView::Full)?;
    let size = size + items.len();
    Ok((size <= max_bytes).then_some((items, size)))
}

/// Returns the items of one turn in order, and the size of their JSON in bytes. The summary view has the first user
/// message and the last agent message.
pub(crate) fn read_turn_items(
    connection: &Connection,
    home: &Home,
    thread_id: &str,
    turn_id: &str,
    view: TurnItemsView,
) -> Result<(Vec<ThreadItem>, usize), Error> {
    let sql = match view {
        TurnItemsView::NotLoaded => return Ok((Vec::new(), 0)),
        TurnItemsView::Full => "SELECT json FROM items WHERE thread_id = ?1 AND turn_id = ?2 ORDER BY position",
        TurnItemsView::Summary => {
            "SELECT json FROM items WHERE thread_id = ?1 AND position IN ( \
             (SELECT min(position) FROM items WHERE thread_id = ?1 AND turn_id = ?2 AND kind = 'userMessage'), \
             (SELECT max(position) FROM items WHERE thread_id = ?1 AND turn_id = ?2 AND kind = 'agentMessage')) \
             ORDER BY position"
        }
    };
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query((thread_id, turn_id))?;
    let (mut items, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let (item, size) = home.read_sized(row.get_ref(0)?)?;
        items.push(item);
        bytes += size;
    }
    Ok((items, bytes))
}

/// Reads a turn without items. Returns it with the size of its JSON in bytes.
fn read_turn(row: &Row<'_>, column: usize) -> Result<(Turn, usize), Error> {
    let json = row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?;
    Ok((serde_json::from_str(json)?, json.len()))
}

fn require_thread(connection: &Connection, thread_id: &str) -> Result<(), PageError> {
    let exists = connection.prepare_cached("SELECT 1 FROM threads WHERE id = ?1")?.exists([thread_id])?;
    if exists { Ok(()) } else { Err(PageError::ThreadNotFound) }
}
