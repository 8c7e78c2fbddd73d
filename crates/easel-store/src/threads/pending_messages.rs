//! Messages that a user adds to a running turn (`turn/steer`). They are stored before the request is answered, and
//! deleted when they enter history.

use easel_imagegen::history::render_item;
use easel_protocol::event::{
    Event, ItemCompletedNotification, ItemStartedNotification, RawResponseItemCompletedNotification,
};
use easel_protocol::id::{ThreadId, TurnId};
use easel_protocol::item::{ThreadItem, UserMessageItem};
use easel_protocol::response_item::ResponseItem;
use rusqlite::Transaction;

use crate::db::now_ms;
use crate::db::sql_id::SqlId;
use crate::error::Error;
use crate::home::Home;
use crate::images::attachments;
use crate::threads::history::images;
use crate::threads::{append, item_json};

/// A message that the model of a running turn has not read yet.
#[derive(Debug, Clone, PartialEq)]
pub struct PendingMessage {
    /// The thread of the turn.
    pub thread_id: ThreadId,
    /// The turn that the message was added to.
    pub turn_id: TurnId,
    /// The message as clients see it.
    pub item: UserMessageItem,
    /// The message as the model reads it.
    pub input: ResponseItem,
}

/// Stores a message. Its turn must be in history.
pub(crate) fn save(write: &Transaction<'_>, home: &Home, message: PendingMessage) -> Result<(), Error> {
    let PendingMessage { thread_id, turn_id, item, input } = message;
    let sql = "INSERT INTO steers (thread_id, turn_id, id, position, item, input) VALUES (?1, ?2, ?3, \
               (SELECT coalesce(max(position) + 1, 0) FROM steers WHERE thread_id = ?1 AND turn_id = ?2), ?4, ?5)";
    let id = item.id.clone();
    let (item, input) =
        (item_json::item_to_json(home, &ThreadItem::UserMessage(item))?, item_json::model_item_to_json(&input)?);
    write.prepare_cached(sql)?.execute((SqlId(&thread_id), SqlId(&turn_id), SqlId(&id), item, input))?;
    Ok(())
}

/// Deletes a message that has entered history or that its turn did not accept.
pub(crate) fn remove(write: &Transaction<'_>, thread_id: &str, id: &str) -> Result<(), Error> {
    write.prepare_cached("DELETE FROM steers WHERE thread_id = ?1 AND id = ?2")?.execute((thread_id, id))?;
    Ok(())
}

/// Deletes the messages that an ended turn did not accept.
pub(crate) fn remove_of_turn(write: &Transaction<'_>, thread_id: &str, turn_id: &str) -> Result<(), Error> {
    write.prepare_cached("DELETE FROM steers WHERE thread_id = ?1 AND turn_id = ?2")?.execute((thread_id, turn_id))?;
    Ok(())
}

/// Moves the pending messages of a turn to the end of its history, because its model will not read them anymore.
/// Returns the events that clients have not seen.
pub(crate) fn move_to_history(
    write: &Transaction<'_>,
    home: &Home,
    thread_id: &str,
    turn_id: &str,
) -> Result<Vec<Event>, Error> {
    let sql = "SELECT item, input FROM steers WHERE thread_id = ?1 AND turn_id = ?2 ORDER BY position";
    let rows = write
        .prepare_cached(sql)?
        .query_map((thread_id, turn_id), |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<Vec<(String, String)>, _>>()?;
    let mut events = Vec::new();
    for (item, input) in rows {
        let mut item: ThreadItem = home.read_json(&item)?;
        let (thread, turn) = (|| ThreadId::from(thread_id), || TurnId::from(turn_id));
        let (started_at_ms, completed_at_ms) = (item.times().0, now_ms());
        let started =
            ItemStartedNotification { thread_id: thread(), turn_id: turn(), item: item.clone(), started_at_ms };
        events.push(Event::ItemStarted(started));
        if let ThreadItem::UserMessage(message) = &mut item {
            message.completed_at_ms = Some(completed_at_ms);
        }
        let completed = ItemCompletedNotification { thread_id: thread(), turn_id: turn(), item, completed_at_ms };
        events.push(Event::ItemCompleted(completed));
        let item = serde_json::from_str(&input)?;
        let raw = RawResponseItemCompletedNotification { thread_id: thread(), turn_id: turn(), item };
        events.push(Event::RawResponseItemCompleted(raw));
    }
    for event in &events {
        // Only the events of turns store an owner.
        append::write_event(write, home, "", event)?;
    }
    let mut client_events = Vec::new();
    for event in events {
        client_events.extend(to_client_events(write, home, event)?);
    }
    Ok(client_events)
}

/// Returns an event as clients read it: an item of the conversation with a text line after each image.
fn to_client_events(write: &Transaction<'_>, home: &Home, event: Event) -> Result<Vec<Event>, Error> {
    let Event::RawResponseItemCompleted(raw) = event else { return Ok(vec![event]) };
    let handles: Vec<String> = attachments::shown_handles(&raw.item).map(str::to_owned).collect();
    let images = images::find_named(write, home, &raw.thread_id, &handles)?;
    let to_event = |item| Event::RawResponseItemCompleted(RawResponseItemCompletedNotification { item, ..raw.clone() });
    Ok(render_item(&raw.item, &images).into_iter().map(to_event).collect())
}
