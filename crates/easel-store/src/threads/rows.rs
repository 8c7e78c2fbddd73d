//! Writes the rows of a thread: itself, its turns, its items, and the conversation as the model reads it.

use easel_protocol::input::UserInput;
use easel_protocol::item::{ThreadItem, UserMessageItem};
use easel_protocol::response_item::ResponseItem;
use easel_protocol::thread::{Thread, ThreadStatus};
use easel_protocol::turn::{Turn, TurnItemsView, TurnStatus};
use rusqlite::{Transaction, params};
use serde_json::{Map, Value};

use crate::db::sql_id::SqlId;
use crate::error::Error;
use crate::home::Home;
use crate::threads::item_json;

/// Length of a thread's preview, the beginning of its first user message, in Unicode scalar values.
const PREVIEW_CHARS: usize = 200;

/// Inserts or updates a thread. Without `overrides` it keeps the stored ones; a preview that is set stays.
pub(crate) fn save_thread(
    write: &Transaction<'_>,
    thread: &Thread,
    overrides: Option<&Map<String, Value>>,
) -> Result<(), Error> {
    save_thread_in(write, "main", thread, overrides)
}

/// Saves a thread like [`save_thread`] in one of the databases that are attached to the connection.
pub(crate) fn save_thread_in(
    write: &Transaction<'_>,
    schema: &str,
    thread: &Thread,
    overrides: Option<&Map<String, Value>>,
) -> Result<(), Error> {
    let bare = Thread { turns: Vec::new(), status: ThreadStatus::NotLoaded {}, ..thread.clone() };
    let sql = format!(
        "INSERT INTO {schema}.threads \
         (id, json, overrides, name, preview, model_provider, cwd, ephemeral, created_at, updated_at) \
         VALUES (?1, ?2, coalesce(?3, '{{}}'), ?4, ?5, ?6, ?7, ?8, ?9, ?10) \
         ON CONFLICT (id) DO UPDATE SET json = ?2, overrides = coalesce(?3, overrides), name = ?4, \
         preview = CASE preview WHEN '' THEN ?5 ELSE preview END, model_provider = ?6, cwd = ?7, ephemeral = ?8, \
         updated_at = max(updated_at, ?10)"
    );
    write.prepare_cached(&sql)?.execute(params![
        SqlId(&thread.id),
        serde_json::to_string(&bare)?,
        overrides.map(serde_json::to_string).transpose()?,
        thread.name,
        thread.preview,
        thread.model_provider,
        thread.cwd,
        thread.ephemeral,
        thread.created_at,
        thread.updated_at,
    ])?;
    Ok(())
}

pub(super) fn set_archived(write: &Transaction<'_>, thread_id: &str, archived: u8) -> Result<(), Error> {
    write.prepare_cached("UPDATE threads SET archived = ?2 WHERE id = ?1")?.execute((thread_id, archived))?;
    Ok(())
}

/// Inserts or updates a turn without its items. `owner` is stored while the turn runs.
pub(crate) fn save_turn(write: &Transaction<'_>, thread_id: &str, turn: &Turn, owner: &str) -> Result<(), Error> {
    let bare = Turn { items: Vec::new(), items_view: TurnItemsView::NotLoaded, ..turn.clone() };
    let owner = match turn.status {
        TurnStatus::InProgress => Some(owner),
        TurnStatus::Completed | TurnStatus::Interrupted | TurnStatus::Failed => None,
    };
    let sql = "INSERT INTO turns (thread_id, position, id, owner, json) \
               VALUES (?1, (SELECT coalesce(max(position) + 1, 0) FROM turns WHERE thread_id = ?1), ?2, ?3, ?4) \
               ON CONFLICT (thread_id, id) DO UPDATE SET owner = ?3, json = ?4";
    write.prepare_cached(sql)?.execute((thread_id, SqlId(&turn.id), owner, serde_json::to_string(&bare)?))?;
    if let Some(time) = turn.completed_at.or(turn.started_at) {
        let sql = "UPDATE threads SET updated_at = max(updated_at, ?2) WHERE id = ?1";
        write.prepare_cached(sql)?.execute((thread_id, time))?;
    }
    Ok(())
}

/// Inserts an item at the end of its thread, or updates it at its position.
pub(crate) fn save_item(
    write: &Transaction<'_>,
    home: &Home,
    thread_id: &str,
    turn_id: &str,
    item: &ThreadItem,
) -> Result<(), Error> {
    let sql = "INSERT INTO items (thread_id, position, id, turn_id, kind, json) \
               VALUES (?1, (SELECT coalesce(max(position) + 1, 0) FROM items WHERE thread_id = ?1), ?2, ?3, ?4, ?5) \
               ON CONFLICT (thread_id, id) DO UPDATE SET json = ?5";
    let json = item_json::item_to_json(home, item)?;
    write.prepare_cached(sql)?.execute((thread_id, SqlId(item.id()), turn_id, kind(item), json))?;
    if let ThreadItem::UserMessage(message) = item {
        let sql = "UPDATE threads SET preview = ?2 WHERE id = ?1 AND preview = ''";
        write.prepare_cached(sql)?.execute((thread_id, preview(message)))?;
    }
    Ok(())
}

/// Appends an item to the conversation as the model reads it.
pub(crate) fn append_model_item(
    write: &Transaction<'_>,
    thread_id: &str,
    turn_id: &str,
    item: &ResponseItem,
) -> Result<(), Error> {
    let keeps_from = match item {
        ResponseItem::ContextCompaction(catalogue) => Some(find_kept_position(write, thread_id, catalogue.kept_items)?),
        ResponseItem::Message { .. }
        | ResponseItem::Reasoning { .. }
        | ResponseItem::FunctionCall { .. }
        | ResponseItem::FunctionCallOutput { .. }
        | ResponseItem::ImageGenerationCall { .. } => None,
    };
    let sql = "INSERT INTO model_items (thread_id, position, turn_id, json, keeps_from) VALUES \
               (?1, (SELECT coalesce(max(position) + 1, 0) FROM model_items WHERE thread_id = ?1), ?2, ?3, ?4)";
    let json = item_json::model_item_to_json(item)?;
    write.prepare_cached(sql)?.execute((thread_id, turn_id, json, keeps_from))?;
    Ok(())
}

/// Returns the position of the oldest of the newest `count` items of a conversation, without catalogues.
fn find_kept_position(write: &Transaction<'_>, thread_id: &str, count: u64) -> Result<i64, Error> {
    let sql = "SELECT coalesce(min(position), (SELECT coalesce(max(position) + 1, 0) FROM model_items WHERE thread_id = ?1)) \
               FROM (SELECT position FROM model_items WHERE thread_id = ?1 AND keeps_from IS NULL \
                     ORDER BY position DESC LIMIT ?2)";
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    Ok(write.prepare_cached(sql)?.query_row((thread_id, count), |row| row.get(0))?)
}

/// Returns the text of the column `kind`.
fn kind(item: &ThreadItem) -> &'static str {
    match item {
        ThreadItem::UserMessage(_) => "userMessage",
        ThreadItem::AgentMessage(_) => "agentMessage",
        ThreadItem::Reasoning(_) => "reasoning",
        ThreadItem::ImageGeneration(_) => "imageGeneration",
        ThreadItem::ContextCompaction(_) => "contextCompaction",
    }
}

/// Returns the preview that a first message gives its thread.
fn preview(message: &UserMessageItem) -> String {
    let text = message.content.iter().find_map(|input| match input {
        UserInput::Text { text, .. } => Some(&**text),
        UserInput::Image { .. }
        | UserInput::LocalImage { .. }
        | UserInput::Skill { .. }
        | UserInput::Mention { .. } => None,
    });
    text.unwrap_or_default().chars().take(PREVIEW_CHARS).collect()
}
