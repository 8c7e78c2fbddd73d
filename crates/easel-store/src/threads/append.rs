//! Turns events into rows. Events that are not part of history are ignored.

use easel_protocol::event::Event;
use easel_protocol::input::UserInput;
use easel_protocol::item::{ThreadItem, UserMessageItem};
use easel_protocol::response_item::{MessageRole, ResponseItem};
use easel_protocol::thread::{Thread, ThreadStatus};
use easel_protocol::turn::{Turn, TurnItemsView, TurnStatus};
use rusqlite::{Transaction, params};
use serde_json::{Map, Value};

use crate::db::sql_id::SqlId;
use crate::error::Error;
use crate::home::Home;
use crate::images::attachments;
use crate::journal::hosted;
use crate::lists::usage;
use crate::threads::{item_json, pending_messages};

/// Length of a thread's preview, the beginning of its first user message, in Unicode scalar values.
const PREVIEW_CHARS: usize = 200;

/// Returns the thread whose history an event changes; `None` if the event is not part of history.
pub(crate) fn thread_id_of(event: &Event) -> Option<&str> {
    match event {
        Event::ThreadStarted(event) => Some(&event.thread.id),
        Event::ThreadNameUpdated(event) => Some(&event.thread_id),
        Event::ThreadArchived(event) => Some(&event.thread_id),
        Event::ThreadUnarchived(event) => Some(&event.thread_id),
        Event::TurnStarted(event) => Some(&event.thread_id),
        Event::TurnCompleted(event) => Some(&event.thread_id),
        Event::ItemStarted(event) => Some(&event.thread_id),
        Event::ItemCompleted(event) => Some(&event.thread_id),
        Event::RawResponseItemCompleted(event) => Some(&event.thread_id),
        Event::ThreadTokenUsageUpdated(event) => Some(&event.thread_id),
        Event::ConfigWarning(_)
        | Event::ThreadSettingsUpdated(_)
        | Event::AccountLoginCompleted(_)
        | Event::AccountUpdated(_)
        | Event::AccountRateLimitsUpdated(_)
        | Event::ToolListUpdated(_)
        | Event::ContextCompacted(_)
        | Event::ImageDeleted(_)
        | Event::ThreadStatusChanged(_)
        | Event::ThreadClosed(_)
        | Event::ThreadDeleted(_)
        | Event::ThreadReverted(_)
        | Event::AgentMessageDelta(_)
        | Event::ReasoningSummaryPartAdded(_)
        | Event::ReasoningSummaryTextDelta(_)
        | Event::ReasoningTextDelta(_)
        | Event::ImagePreview(_)
        | Event::Error(_) => None,
    }
}

/// Writes one event. `owner` is the process that runs the turn.
pub(crate) fn write_event(write: &Transaction<'_>, home: &Home, owner: &str, event: &Event) -> Result<(), Error> {
    match event {
        Event::ThreadStarted(started) => save_thread(write, &started.thread, None),
        Event::ThreadNameUpdated(renamed) => {
            let sql = "UPDATE threads SET name = ?2 WHERE id = ?1";
            write.prepare_cached(sql)?.execute((SqlId(&renamed.thread_id), &renamed.thread_name))?;
            Ok(())
        }
        Event::ThreadArchived(archived) => set_archived(write, &archived.thread_id, 1),
        Event::ThreadUnarchived(unarchived) => set_archived(write, &unarchived.thread_id, 0),
        Event::TurnStarted(started) => save_turn(write, &started.thread_id, &started.turn, owner),
        Event::TurnCompleted(completed) => {
            pending_messages::remove_of_turn(write, &completed.thread_id, &completed.turn.id)?;
            hosted::remove(write, &completed.thread_id, &completed.turn.id)?;
            save_turn(write, &completed.thread_id, &completed.turn, owner)
        }
        Event::ItemStarted(started) => save_item(write, home, &started.thread_id, &started.turn_id, &started.item),
        Event::ItemCompleted(completed) => {
            if let ThreadItem::UserMessage(message) = &completed.item {
                pending_messages::remove(write, &completed.thread_id, &message.id)?;
            }
            save_item(write, home, &completed.thread_id, &completed.turn_id, &completed.item)
        }
        Event::RawResponseItemCompleted(raw) => {
            if is_user_message(&raw.item) {
                attachments::claim_for_message(write, &raw.thread_id, &raw.item)?;
            }
            append_model_item(write, &raw.thread_id, &raw.turn_id, &raw.item)
        }
        Event::ThreadTokenUsageUpdated(updated) => {
            let usage = serde_json::to_string(&updated.token_usage)?;
            let sql = "UPDATE threads SET usage = ?2 WHERE id = ?1";
            write.prepare_cached(sql)?.execute((SqlId(&updated.thread_id), &usage))?;
            let sql = "UPDATE turns SET usage = ?3 WHERE thread_id = ?1 AND id = ?2";
            write.prepare_cached(sql)?.execute((SqlId(&updated.thread_id), SqlId(&updated.turn_id), &usage))?;
            usage::add_tokens(write, &updated.thread_id, &updated.token_usage.last)
        }
        Event::ConfigWarning(_)
        | Event::ThreadSettingsUpdated(_)
        | Event::AccountLoginCompleted(_)
        | Event::AccountUpdated(_)
        | Event::AccountRateLimitsUpdated(_)
        | Event::ToolListUpdated(_)
        | Event::ContextCompacted(_)
        | Event::ImageDeleted(_)
        | Event::ThreadStatusChanged(_)
        | Event::ThreadClosed(_)
        | Event::ThreadDeleted(_)
        | Event::ThreadReverted(_)
        | Event::AgentMessageDelta(_)
        | Event::ReasoningSummaryPartAdded(_)
        | Event::ReasoningSummaryTextDelta(_)
        | Event::ReasoningTextDelta(_)
        | Event::ImagePreview(_)
        | Event::Error(_) => Ok(()),
    }
}

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

fn set_archived(write: &Transaction<'_>, thread_id: &str, archived: u8) -> Result<(), Error> {
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

/// Drops each start of an item whose completion follows at once, so that the row is written once. Each write of a
/// long message takes about as much memory as the rest of the append.
pub(crate) fn drop_completed_starts(events: &mut Vec<Event>) {
    let mut index = 0;
    while index + 1 < events.len() {
        let is_completed = match (&events[index], &events[index + 1]) {
            (Event::ItemStarted(started), Event::ItemCompleted(completed)) => started.item.id() == completed.item.id(),
            _ => false,
        };
        if is_completed {
            events.remove(index);
        }
        index += 1;
    }
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

/// Returns whether the item is a message of the user. Only these have attachments.
pub(crate) fn is_user_message(item: &ResponseItem) -> bool {
    matches!(item, ResponseItem::Message { role: MessageRole::User, .. })
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
