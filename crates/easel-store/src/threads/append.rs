//! How events become rows. Events that leave no trace in history are passed over.

use easel_protocol::event::Event;
use easel_protocol::input::UserInput;
use easel_protocol::item::{ThreadItem, UserMessageItem};
use easel_protocol::response_item::{ContentItem, HANDLE_SCHEME, MessageRole, ResponseItem};
use easel_protocol::thread::{Thread, ThreadStatus};
use easel_protocol::turn::{Turn, TurnItemsView, TurnStatus};
use rusqlite::{Transaction, params};
use serde_json::{Map, Value};

use crate::error::Error;
use crate::home::Home;
use crate::images::attachments;
use crate::journal::hosted;
use crate::lists::usage;
use crate::threads::pending_messages;

/// Characters of the first user message that stand for its thread.
const PREVIEW: usize = 200;

/// The thread whose history an event changes; `None` for an event that leaves no trace.
pub(crate) fn thread_of(event: &Event) -> Option<&str> {
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
        | Event::ImageDeleted(_)
        | Event::ThreadStatusChanged(_)
        | Event::ThreadClosed(_)
        | Event::ThreadDeleted(_)
        | Event::ThreadReverted(_)
        | Event::AgentMessageDelta(_)
        | Event::ImagePreview(_)
        | Event::Error(_) => None,
    }
}

pub(crate) fn event(write: &Transaction<'_>, home: &Home, owner: &str, event: &Event) -> Result<(), Error> {
    match event {
        Event::ThreadStarted(started) => put_thread(write, &started.thread, None),
        Event::ThreadNameUpdated(renamed) => {
            let sql = "UPDATE threads SET name = ?2 WHERE id = ?1";
            write.prepare_cached(sql)?.execute((renamed.thread_id.as_str(), &renamed.thread_name))?;
            Ok(())
        }
        Event::ThreadArchived(archived) => set_archived(write, &archived.thread_id, 1),
        Event::ThreadUnarchived(unarchived) => set_archived(write, &unarchived.thread_id, 0),
        Event::TurnStarted(started) => put_turn(write, &started.thread_id, &started.turn, owner),
        Event::TurnCompleted(completed) => {
            pending_messages::clear(write, &completed.thread_id, &completed.turn.id)?;
            hosted::end(write, &completed.thread_id, &completed.turn.id)?;
            put_turn(write, &completed.thread_id, &completed.turn, owner)
        }
        Event::ItemStarted(started) => put_item(write, home, &started.thread_id, &started.turn_id, &started.item),
        Event::ItemCompleted(completed) => {
            if let ThreadItem::UserMessage(message) = &completed.item {
                pending_messages::remove(write, &completed.thread_id, &message.id)?;
            }
            put_item(write, home, &completed.thread_id, &completed.turn_id, &completed.item)
        }
        Event::RawResponseItemCompleted(raw) => {
            if is_of_user(&raw.item) {
                attachments::keep(write, &raw.thread_id, &raw.item)?;
            }
            add_model_item(write, &raw.thread_id, &raw.turn_id, &raw.item)
        }
        Event::ThreadTokenUsageUpdated(used) => {
            let usage = serde_json::to_string(&used.token_usage)?;
            let sql = "UPDATE threads SET usage = ?2 WHERE id = ?1";
            write.prepare_cached(sql)?.execute((used.thread_id.as_str(), &usage))?;
            let sql = "UPDATE turns SET usage = ?3 WHERE thread_id = ?1 AND id = ?2";
            write.prepare_cached(sql)?.execute((used.thread_id.as_str(), used.turn_id.as_str(), &usage))?;
            usage::count_tokens(write, &used.thread_id, &used.token_usage.last)
        }
        Event::ConfigWarning(_)
        | Event::ThreadSettingsUpdated(_)
        | Event::AccountLoginCompleted(_)
        | Event::AccountUpdated(_)
        | Event::AccountRateLimitsUpdated(_)
        | Event::ToolListUpdated(_)
        | Event::ImageDeleted(_)
        | Event::ThreadStatusChanged(_)
        | Event::ThreadClosed(_)
        | Event::ThreadDeleted(_)
        | Event::ThreadReverted(_)
        | Event::AgentMessageDelta(_)
        | Event::ImagePreview(_)
        | Event::Error(_) => Ok(()),
    }
}

/// Writes a thread, or what changed in it. What is not given stays: overrides, and a preview once there is one.
pub(crate) fn put_thread(
    write: &Transaction<'_>,
    thread: &Thread,
    overrides: Option<&Map<String, Value>>,
) -> Result<(), Error> {
    put_thread_in(write, "main", thread, overrides)
}

/// The same in a database of the connection that need not be its first.
pub(crate) fn put_thread_in(
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
        thread.id.as_str(),
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

/// Writes a turn without its items; `owner` is who runs it, as long as it runs.
pub(crate) fn put_turn(write: &Transaction<'_>, thread_id: &str, turn: &Turn, owner: &str) -> Result<(), Error> {
    let bare = Turn { items: Vec::new(), items_view: TurnItemsView::NotLoaded, ..turn.clone() };
    let owner = match turn.status {
        TurnStatus::InProgress => Some(owner),
        TurnStatus::Completed | TurnStatus::Interrupted | TurnStatus::Failed => None,
    };
    let sql = "INSERT INTO turns (thread_id, position, id, owner, json) \
               VALUES (?1, (SELECT coalesce(max(position) + 1, 0) FROM turns WHERE thread_id = ?1), ?2, ?3, ?4) \
               ON CONFLICT (thread_id, id) DO UPDATE SET owner = ?3, json = ?4";
    write.prepare_cached(sql)?.execute((thread_id, turn.id.as_str(), owner, serde_json::to_string(&bare)?))?;
    if let Some(moment) = turn.completed_at.or(turn.started_at) {
        let sql = "UPDATE threads SET updated_at = max(updated_at, ?2) WHERE id = ?1";
        write.prepare_cached(sql)?.execute((thread_id, moment))?;
    }
    Ok(())
}

/// Removes the beginnings of items whose end comes right behind: a row is written once, which for a long message is as much
/// memory as all the rest.
pub(crate) fn drop_beginnings(events: &mut Vec<Event>) {
    let mut index = 0;
    while index + 1 < events.len() {
        let is_over = match (&events[index], &events[index + 1]) {
            (Event::ItemStarted(started), Event::ItemCompleted(completed)) => started.item.id() == completed.item.id(),
            _ => false,
        };
        if is_over {
            events.remove(index);
        }
        index += 1;
    }
}

/// Writes an item at its place, which is where it first appeared.
pub(crate) fn put_item(
    write: &Transaction<'_>,
    home: &Home,
    thread_id: &str,
    turn_id: &str,
    item: &ThreadItem,
) -> Result<(), Error> {
    let sql = "INSERT INTO items (thread_id, position, id, turn_id, kind, json) \
               VALUES (?1, (SELECT coalesce(max(position) + 1, 0) FROM items WHERE thread_id = ?1), ?2, ?3, ?4, ?5) \
               ON CONFLICT (thread_id, id) DO UPDATE SET json = ?5";
    let json = item_json(home, item)?;
    write.prepare_cached(sql)?.execute((thread_id, item.id().as_str(), turn_id, kind(item), json))?;
    if let ThreadItem::UserMessage(message) = item {
        let sql = "UPDATE threads SET preview = ?2 WHERE id = ?1 AND preview = ''";
        write.prepare_cached(sql)?.execute((thread_id, preview(message)))?;
    }
    Ok(())
}

/// Appends to the conversation as the model reads it.
pub(crate) fn add_model_item(
    write: &Transaction<'_>,
    thread_id: &str,
    turn_id: &str,
    item: &ResponseItem,
) -> Result<(), Error> {
    let sql = "INSERT INTO model_items (thread_id, position, turn_id, json) \
               VALUES (?1, (SELECT coalesce(max(position) + 1, 0) FROM model_items WHERE thread_id = ?1), ?2, ?3)";
    write.prepare_cached(sql)?.execute((thread_id, turn_id, model_item_json(item)?))?;
    Ok(())
}

/// Whether the item is a message of the user, who alone attaches images.
pub(crate) fn is_of_user(item: &ResponseItem) -> bool {
    matches!(item, ResponseItem::Message { role: MessageRole::User, .. })
}

pub(crate) fn item_json(home: &Home, item: &ThreadItem) -> Result<String, Error> {
    home.to_json(item_without_bytes(item))
}

pub(crate) fn model_item_json(item: &ResponseItem) -> Result<String, Error> {
    Ok(serde_json::to_string(&model_item_without_bytes(item))?)
}

/// The `kind` column of an item.
fn kind(item: &ThreadItem) -> &'static str {
    match item {
        ThreadItem::UserMessage(_) => "userMessage",
        ThreadItem::AgentMessage(_) => "agentMessage",
        ThreadItem::Reasoning(_) => "reasoning",
        ThreadItem::ImageGeneration(_) => "imageGeneration",
    }
}

fn preview(message: &UserMessageItem) -> String {
    let text = message.content.iter().find_map(|input| match input {
        UserInput::Text { text, .. } => Some(&**text),
        UserInput::Image { .. }
        | UserInput::LocalImage { .. }
        | UserInput::Skill { .. }
        | UserInput::Mention { .. } => None,
    });
    text.unwrap_or_default().chars().take(PREVIEW).collect()
}

/// An event may carry base64 for a client that asked for it; history must not.
fn item_without_bytes(item: &ThreadItem) -> ThreadItem {
    let mut item = item.clone();
    match &mut item {
        ThreadItem::ImageGeneration(image) => image.result.clear(),
        ThreadItem::UserMessage(message) => {
            for input in &mut message.content {
                if let UserInput::Image { url, .. } = input {
                    cut_data_url(url);
                }
            }
        }
        ThreadItem::AgentMessage(_) | ThreadItem::Reasoning(_) => {}
    }
    item
}

fn model_item_without_bytes(item: &ResponseItem) -> ResponseItem {
    let mut item = item.clone();
    match &mut item {
        ResponseItem::Message { content, .. } | ResponseItem::FunctionCallOutput { output: content, .. } => {
            for piece in content {
                if let ContentItem::InputImage { image_url, .. } = piece {
                    cut_data_url(image_url);
                }
            }
        }
        ResponseItem::ImageGenerationCall { result, .. } if !result.starts_with(HANDLE_SCHEME) => result.clear(),
        ResponseItem::ImageGenerationCall { .. } | ResponseItem::FunctionCall { .. } => {}
    }
    item
}

fn cut_data_url(url: &mut String) {
    if url.starts_with("data:") {
        url.truncate(url.find(',').map_or("data:".len(), |comma| comma + 1));
    }
}
