//! The conversation of a thread: what it keeps from turn to turn.

mod user_message;

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use easel_imagegen::history::render_item;
use easel_imagegen::port::{Origin, Provenance, Reference, StoredThread, ThreadImage};
use easel_protocol::event::{Event, RawResponseItemCompletedNotification, TokenUsage};
use easel_protocol::id::ItemId;
use easel_protocol::record::{Attachment, ImageRecord};
use easel_protocol::response_item::ResponseItem;

pub use user_message::to_model_message;

/// The state of a thread that outlives its turns. The actor owns it and lends it to the machine for each input.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Conversation {
    /// The items that the model reads, oldest first.
    pub(crate) history: Vec<ResponseItem>,
    /// The images of the thread, oldest first.
    pub(crate) images: Vec<ThreadImage>,
    pub(crate) usage: TokenUsage,
    user_messages: usize,
    item_ids: HashSet<String>,
    /// The number to try next, for each id that was in use when it was requested.
    next_numbers: HashMap<String, u32>,
}

impl Conversation {
    pub(crate) fn new(stored: StoredThread) -> Self {
        let ordinals = stored.images.iter().filter_map(|image| match image.origin {
            Origin::Attached { message } => Some(message + 1),
            Origin::Generated => None,
        });
        Self {
            user_messages: ordinals.max().unwrap_or(0),
            history: stored.history,
            images: stored.images,
            usage: stored.usage,
            item_ids: stored.item_ids,
            next_numbers: HashMap::new(),
        }
    }

    /// Reserves an id that no item of the thread has: `preferred`, or the first free one of `…-2`, `…-3` and so on.
    /// Providers repeat ids, and some send none.
    pub(crate) fn reserve_id(&mut self, preferred: &str) -> ItemId {
        let preferred = if preferred.is_empty() { "item" } else { preferred };
        if self.item_ids.insert(preferred.to_owned()) {
            return preferred.into();
        }
        let next = self.next_numbers.entry(preferred.to_owned()).or_insert(2);
        loop {
            let id = format!("{preferred}-{next}");
            *next += 1;
            if self.item_ids.insert(id.clone()) {
                return id.into();
            }
        }
    }

    /// Returns the events that clients receive for an event of the turn. An item of the conversation is sent as the
    /// model reads it, with a line after each image; all other events are sent as they are.
    pub(crate) fn to_client_events(&self, event: Event) -> Vec<Event> {
        let Event::RawResponseItemCompleted(RawResponseItemCompletedNotification { thread_id, turn_id, item }) = event
        else {
            return vec![event];
        };
        let to_event = |item| {
            let (thread_id, turn_id) = (thread_id.clone(), turn_id.clone());
            Event::RawResponseItemCompleted(RawResponseItemCompletedNotification { thread_id, turn_id, item })
        };
        render_item(&item, &self.images).into_iter().map(to_event).collect()
    }

    /// Adds the message that starts a turn.
    pub(crate) fn open_turn(&mut self, message_id: &ItemId, attachments: &[Attachment], model_item: ResponseItem) {
        self.item_ids.insert(message_id.to_string());
        self.attach(attachments);
        self.history.push(model_item);
    }

    /// Adds the images of a new user message.
    pub(crate) fn attach(&mut self, attachments: &[Attachment]) {
        let message = self.user_messages;
        self.user_messages += 1;
        self.images.extend(attachments.iter().map(|attachment| ThreadImage {
            origin: Origin::Attached { message },
            reference: Reference {
                id: Some(attachment.id.clone()),
                path: PathBuf::from(&attachment.path),
                facts: attachment.facts.clone(),
                provenance: Provenance::User,
            },
            prompt: None,
        }));
    }

    /// Adds generated images.
    pub(crate) fn add_images(&mut self, records: &[ImageRecord]) {
        self.images.extend(records.iter().map(|record| ThreadImage {
            origin: Origin::Generated,
            reference: Reference {
                id: Some(record.id.clone()),
                path: PathBuf::from(&record.path),
                facts: record.facts.clone(),
                provenance: Provenance::Generated,
            },
            prompt: Some(record.requested.prompt.clone()),
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_id_gets_next_free_number() {
        let mut conversation = Conversation::default();
        let ids: Vec<ItemId> = ["call", "call", "call-2", "call", "other", "", ""]
            .into_iter()
            .map(|preferred| conversation.reserve_id(preferred))
            .collect();
        assert_eq!(ids, ["call", "call-2", "call-2-2", "call-3", "other", "item", "item-2"]);
    }

    #[test]
    fn many_equal_ids_are_numbered_quickly() {
        let mut conversation = Conversation::default();
        let last = (0..100_000).map(|_| conversation.reserve_id("call")).last();
        assert_eq!(last.as_deref(), Some("call-100000"));
    }
}
