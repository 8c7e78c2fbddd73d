//! Turns events into rows. Events that are not part of history are ignored.

use easel_protocol::event::Event;
use easel_protocol::item::ThreadItem;
use easel_protocol::response_item::{MessageRole, ResponseItem};
use rusqlite::Transaction;

use crate::db::sql_id::SqlId;
use crate::error::Error;
use crate::home::Home;
use crate::images::attachments;
use crate::journal::hosted;
use crate::lists::usage;
use crate::threads::{pending_messages, rows};

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
        | Event::Warning(_)
        | Event::ThreadSettingsUpdated(_)
        | Event::AccountLoginCompleted(_)
        | Event::AccountUpdated(_)
        | Event::AccountRateLimitsUpdated(_)
        | Event::ToolListUpdated(_)
        | Event::ContextCompacted(_)
        | Event::ImageDeleted(_)
        | Event::ServerRequestResolved(_)
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
        Event::ThreadStarted(started) => rows::save_thread(write, &started.thread, None),
        Event::ThreadNameUpdated(renamed) => {
            let sql = "UPDATE threads SET name = ?2 WHERE id = ?1";
            write.prepare_cached(sql)?.execute((SqlId(&renamed.thread_id), &renamed.thread_name))?;
            Ok(())
        }
        Event::ThreadArchived(archived) => rows::set_archived(write, &archived.thread_id, 1),
        Event::ThreadUnarchived(unarchived) => rows::set_archived(write, &unarchived.thread_id, 0),
        Event::TurnStarted(started) => rows::save_turn(write, &started.thread_id, &started.turn, owner),
        Event::TurnCompleted(completed) => {
            pending_messages::remove_of_turn(write, &completed.thread_id, &completed.turn.id)?;
            hosted::remove(write, &completed.thread_id, &completed.turn.id)?;
            rows::save_turn(write, &completed.thread_id, &completed.turn, owner)
        }
        Event::ItemStarted(started) => {
            rows::save_item(write, home, &started.thread_id, &started.turn_id, &started.item)
        }
        Event::ItemCompleted(completed) => {
            if let ThreadItem::UserMessage(message) = &completed.item {
                pending_messages::remove(write, &completed.thread_id, &message.id)?;
            }
            rows::save_item(write, home, &completed.thread_id, &completed.turn_id, &completed.item)
        }
        Event::RawResponseItemCompleted(raw) => {
            if is_user_message(&raw.item) {
                attachments::claim_for_message(write, &raw.thread_id, &raw.item)?;
            }
            rows::append_model_item(write, &raw.thread_id, &raw.turn_id, &raw.item)
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
        | Event::Warning(_)
        | Event::ThreadSettingsUpdated(_)
        | Event::AccountLoginCompleted(_)
        | Event::AccountUpdated(_)
        | Event::AccountRateLimitsUpdated(_)
        | Event::ToolListUpdated(_)
        | Event::ContextCompacted(_)
        | Event::ImageDeleted(_)
        | Event::ServerRequestResolved(_)
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

/// Returns whether the item is a message of the user. Only these have attachments.
pub(crate) fn is_user_message(item: &ResponseItem) -> bool {
    matches!(item, ResponseItem::Message { role: MessageRole::User, .. })
}
