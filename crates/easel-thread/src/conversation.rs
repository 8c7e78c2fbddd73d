//! What a thread remembers from turn to turn.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use easel_imagegen::port::{Origin, Provenance, Reference, StoredThread, ThreadImage};
use easel_protocol::event::TokenUsage;
use easel_protocol::id::ItemId;
use easel_protocol::record::{Attachment, ImageRecord};
use easel_protocol::response_item::ResponseItem;

/// Owned by the thread's actor; lent to the machine for the length of a step.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Conversation {
    /// As the model reads it, oldest first.
    pub history: Vec<ResponseItem>,
    /// Oldest first.
    pub images: Vec<ThreadImage>,
    pub usage: TokenUsage,
    user_messages: usize,
    item_ids: HashSet<String>,
    /// For each id that was taken already: the number to try next.
    next_numbers: HashMap<String, u32>,
}

impl Conversation {
    pub fn new(stored: StoredThread) -> Self {
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

    /// An id that no item of the thread has: the wanted one, or the first free of `…-2`, `…-3` and so on, since
    /// providers repeat their ids and some give none.
    pub fn unique_id(&mut self, wanted: &str) -> ItemId {
        let wanted = if wanted.is_empty() { "item" } else { wanted };
        if self.item_ids.insert(wanted.to_owned()) {
            return wanted.into();
        }
        let next = self.next_numbers.entry(wanted.to_owned()).or_insert(2);
        loop {
            let id = format!("{wanted}-{next}");
            *next += 1;
            if self.item_ids.insert(id.clone()) {
                return id.into();
            }
        }
    }

    /// Adds the message that starts a turn.
    pub fn open_turn(&mut self, message_id: &str, attachments: &[Attachment], input: ResponseItem) {
        self.item_ids.insert(message_id.to_owned());
        self.attach(attachments);
        self.history.push(input);
    }

    /// Takes in the images of a new user message.
    pub fn attach(&mut self, attachments: &[Attachment]) {
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

    pub fn made(&mut self, records: &[ImageRecord]) {
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
    fn a_repeated_id_gets_the_next_free_number() {
        let mut conversation = Conversation::default();
        let ids: Vec<ItemId> = ["call", "call", "call-2", "call", "other", "", ""]
            .into_iter()
            .map(|wanted| conversation.unique_id(wanted))
            .collect();
        assert_eq!(ids, ["call", "call-2", "call-2-2", "call-3", "other", "item", "item-2"]);
    }

    #[test]
    fn a_hundred_thousand_equal_ids_are_numbered_in_a_moment() {
        let mut conversation = Conversation::default();
        let last = (0..100_000).map(|_| conversation.unique_id("call")).last();
        assert_eq!(last.as_deref(), Some("call-100000"));
    }
}
