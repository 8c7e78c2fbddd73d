//! Pages of turns, and of the items in them.

use easel_protocol::item::ThreadItem;
use easel_protocol::thread::{
    SortDirection, ThreadItemEntry, ThreadItemsListParams, ThreadItemsListResponse, ThreadTurnsListParams,
    ThreadTurnsListResponse,
};
use easel_protocol::turn::{Turn, TurnItemsView};
use rusqlite::{Connection, Row};

use crate::error::Error;
use crate::home::Home;
use crate::lists::page::{self, Page, PageError, Place, Wanted};

pub(crate) fn turns(
    connection: &Connection,
    home: &Home,
    wish: &ThreadTurnsListParams,
) -> Result<ThreadTurnsListResponse, PageError> {
    let direction = wish.sort_direction.unwrap_or(SortDirection::Desc);
    let wanted = Wanted::new("turns", wish.cursor.as_deref(), page::limit(wish.limit, 25, 100), direction)?;
    must_exist(connection, &wish.thread_id)?;
    let view = wish.items_view.unwrap_or(TurnItemsView::Summary);
    let (beyond, order) = wanted.sql("position", "id");
    let sql = format!("SELECT position, id, json FROM turns WHERE thread_id = ?3 AND {beyond} ORDER BY {order}");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query((wanted.value(), wanted.id(), wish.thread_id.as_str()))?;
    let Page { data, next_cursor, backwards_cursor } = wanted.fill(|| {
        let Some(row) = rows.next()? else { return Ok(None) };
        let place = Place { value: row.get(0)?, id: row.get(1)? };
        let (turn, bytes) = turn_of(row, 2)?;
        let (items, item_bytes) = items_of(connection, home, &wish.thread_id, &turn.id, view)?;
        Ok(Some((place, bytes + item_bytes, Turn { items, items_view: view, ..turn })))
    })?;
    Ok(ThreadTurnsListResponse { data, next_cursor, backwards_cursor })
}

/// All turns of a thread with as much of their items as `view` says, oldest first.
pub(crate) fn all_turns(
    connection: &Connection,
    home: &Home,
    thread_id: &str,
    view: TurnItemsView,
) -> Result<Vec<Turn>, Error> {
    let mut statement = connection.prepare_cached("SELECT json FROM turns WHERE thread_id = ?1 ORDER BY position")?;
    let mut rows = statement.query([thread_id])?;
    let mut turns = Vec::new();
    while let Some(row) = rows.next()? {
        let (turn, _) = turn_of(row, 0)?;
        let (items, _) = items_of(connection, home, thread_id, &turn.id, view)?;
        turns.push(Turn { items, items_view: view, ..turn });
    }
    Ok(turns)
}

pub(crate) fn items(
    connection: &Connection,
    home: &Home,
    wish: &ThreadItemsListParams,
) -> Result<ThreadItemsListResponse, PageError> {
    let direction = wish.sort_direction.unwrap_or(SortDirection::Asc);
    let wanted = Wanted::new("items", wish.cursor.as_deref(), page::limit(wish.limit, 25, 100), direction)?;
    must_exist(connection, &wish.thread_id)?;
    let (beyond, order) = wanted.sql("position", "id");
    let sql = items_sql(wish.turn_id.is_some(), &beyond, &order);
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query((wanted.value(), wanted.id(), wish.thread_id.as_str(), wish.turn_id.as_deref()))?;
    let Page { data, next_cursor, backwards_cursor } = wanted.fill(|| {
        let Some(row) = rows.next()? else { return Ok(None) };
        let (item, bytes) = home.read_sized::<ThreadItem>(row.get_ref(2)?)?;
        let (started_at_ms, completed_at_ms) = item.times();
        let entry = ThreadItemEntry {
            turn_id: row.get::<_, String>(3)?.into(),
            item,
            started_at_ms: Some(started_at_ms),
            completed_at_ms,
        };
        Ok(Some((Place { value: row.get(0)?, id: row.get(1)? }, bytes, entry)))
    })?;
    Ok(ThreadItemsListResponse { data, next_cursor, backwards_cursor })
}

/// Two texts, so that each has its index.
pub(crate) fn items_sql(of_turn: bool, beyond: &str, order: &str) -> String {
    let (index, those) = if of_turn { ("INDEXED BY items_by_turn", "turn_id = ?4") } else { ("", "?4 IS NULL") };
    format!(
        "SELECT position, id, json, turn_id FROM items {index} \
         WHERE thread_id = ?3 AND {those} AND {beyond} ORDER BY {order}"
    )
}

/// The newest turns of a thread with all their items, oldest first, until `bytes` of JSON are full; then, as long as they
/// fit, older ones without items.
pub(crate) fn newest_turns(
    connection: &Connection,
    home: &Home,
    thread_id: &str,
    bytes: usize,
) -> Result<Vec<Turn>, Error> {
    let sql = "SELECT json FROM turns WHERE thread_id = ?1 ORDER BY position DESC";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([thread_id])?;
    let mut turns = Vec::new();
    let mut left = bytes;
    while let Some(row) = rows.next()? {
        let (turn, size) = turn_of(row, 0)?;
        let bare = Turn { items: Vec::new(), items_view: TurnItemsView::NotLoaded, ..turn };
        let items = items_within(connection, home, thread_id, &bare.id, left.saturating_sub(size))?;
        if let Some((items, item_bytes)) = items {
            left -= size + item_bytes;
            turns.push(Turn { items, items_view: TurnItemsView::Full, ..bare });
        } else if size <= left {
            left -= size;
            turns.push(bare);
        } else {
            break;
        }
    }
    turns.reverse();
    Ok(turns)
}

/// The items of a turn with their size, if they fit. Those that are much too large are not read.
fn items_within(
    connection: &Connection,
    home: &Home,
    thread_id: &str,
    turn_id: &str,
    bytes: usize,
) -> Result<Option<(Vec<ThreadItem>, usize)>, Error> {
    let sql = "SELECT coalesce(sum(octet_length(json) + 1), 0) FROM items WHERE thread_id = ?1 AND turn_id = ?2";
    let stored: i64 = connection.prepare_cached(sql)?.query_row((thread_id, turn_id), |row| row.get(0))?;
    if usize::try_from(stored).is_ok_and(|stored| stored > bytes) {
        return Ok(None);
    }
    let (items, size) = items_of(connection, home, thread_id, turn_id, TurnItemsView::Full)?;
    let size = size + items.len();
    Ok((size <= bytes).then_some((items, size)))
}

/// Items of one turn in their order, with the size of their JSON. The summary is the user message and the last agent
/// message.
pub(crate) fn items_of(
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

fn turn_of(row: &Row<'_>, column: usize) -> Result<(Turn, usize), Error> {
    let json = row.get_ref(column)?.as_str().map_err(rusqlite::Error::from)?;
    Ok((serde_json::from_str(json)?, json.len()))
}

fn must_exist(connection: &Connection, thread_id: &str) -> Result<(), PageError> {
    let exists = connection.prepare_cached("SELECT 1 FROM threads WHERE id = ?1")?.exists([thread_id])?;
    if exists { Ok(()) } else { Err(PageError::ThreadNotFound) }
}
