//! Messages that a user adds to a running turn: kept from before their request is answered until they are history.

use easel_imagegen::history::render_item;
use easel_imagegen::port::ThreadImage;
use easel_protocol::event::{
    Event, ItemCompletedNotification, ItemStartedNotification, RawResponseItemCompletedNotification,
};
use easel_protocol::id::{ThreadId, TurnId};
use easel_protocol::item::{ThreadItem, UserMessageItem};
use easel_protocol::response_item::ResponseItem;
use rusqlite::Transaction;

use crate::db::connection::now_ms;
use crate::error::Error;
use crate::home::Home;
use crate::threads::{append, history};

/// A message that waits for the model of a running turn to read it.
#[derive(Debug, Clone, PartialEq)]
pub struct PendingMessage {
    pub thread_id: String,
    pub turn_id: String,
    pub item: UserMessageItem,
    /// The message as the model reads it.
    pub input: ResponseItem,
}

/// Keeps a message. The turn must be in history.
pub(crate) fn put(write: &Transaction<'_>, home: &Home, message: PendingMessage) -> Result<(), Error> {
    let PendingMessage { thread_id, turn_id, item, input } = message;
    let sql = "INSERT INTO steers (thread_id, turn_id, id, position, item, input) VALUES (?1, ?2, ?3, \
               (SELECT coalesce(max(position) + 1, 0) FROM steers WHERE thread_id = ?1 AND turn_id = ?2), ?4, ?5)";
    let id = item.id.clone();
    let (item, input) = (append::item_json(home, &ThreadItem::UserMessage(item))?, append::model_item_json(&input)?);
    write.prepare_cached(sql)?.execute((thread_id.as_str(), turn_id.as_str(), id.as_str(), item, input))?;
    Ok(())
}

/// Forgets a message that has entered history, or that its turn did not accept.
pub(crate) fn remove(write: &Transaction<'_>, thread_id: &str, id: &str) -> Result<(), Error> {
    write.prepare_cached("DELETE FROM steers WHERE thread_id = ?1 AND id = ?2")?.execute((thread_id, id))?;
    Ok(())
}

/// Forgets what a turn that has ended did not accept.
pub(crate) fn clear(write: &Transaction<'_>, thread_id: &str, turn_id: &str) -> Result<(), Error> {
    write.prepare_cached("DELETE FROM steers WHERE thread_id = ?1 AND turn_id = ?2")?.execute((thread_id, turn_id))?;
    Ok(())
}

/// Moves the messages of a turn that its model will not read any more to the end of the turn's history, in order. Returns
/// the events that a client has not seen, as clients read them.
pub(crate) fn adopt(write: &Transaction<'_>, home: &Home, thread_id: &str, turn_id: &str) -> Result<Vec<Event>, Error> {
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
        // None of these names an owner.
        append::event(write, home, "", event)?;
    }
    let images = history::images(write, home, thread_id)?;
    Ok(events.into_iter().flat_map(|event| to_client_events(event, &images)).collect())
}

/// Returns an event as clients read it: an item of the conversation with a line after each image.
fn to_client_events(event: Event, images: &[ThreadImage]) -> Vec<Event> {
    let Event::RawResponseItemCompleted(raw) = event else { return vec![event] };
    let to_event = |item| Event::RawResponseItemCompleted(RawResponseItemCompletedNotification { item, ..raw.clone() });
    render_item(&raw.item, images).into_iter().map(to_event).collect()
}
