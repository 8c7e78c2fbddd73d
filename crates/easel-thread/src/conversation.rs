//! What a thread remembers from turn to turn.

use std::collections::HashSet;
use std::path::PathBuf;

use easel_imagegen::port::{Origin, Provenance, Reference, StoredThread, ThreadImage};
use easel_protocol::event::TokenUsage;
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
}

impl Conversation {
    pub fn new(stored: StoredThread) -> Self {
        let ordinals = stored.images.iter().filter_map(|image| match image.origin {
            Origin::Attached { message } => Some(message + 1),
            Origin::Made => None,
        });
        Self {
            user_messages: ordinals.max().unwrap_or(0),
            history: stored.history,
            images: stored.images,
            usage: stored.usage,
            item_ids: stored.item_ids,
        }
    }

    /// An id that no item of the thread has: the wanted one, or the first free of `…-2`, `…-3` and so on, since
    /// providers repeat their ids and some give none.
    pub fn unique_id(&mut self, wanted: &str) -> String {
        let wanted = if wanted.is_empty() { "item" } else { wanted };
        let mut id = wanted.to_owned();
        for number in 2_u32.. {
            if self.item_ids.insert(id.clone()) {
                break;
            }
            id = format!("{wanted}-{number}");
        }
        id
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
                provenance: Provenance::Given,
            },
            prompt: None,
        }));
    }

    pub fn made(&mut self, records: &[ImageRecord]) {
        self.images.extend(records.iter().map(|record| ThreadImage {
            origin: Origin::Made,
            reference: Reference {
                id: Some(record.id.clone()),
                path: PathBuf::from(&record.path),
                facts: record.facts.clone(),
                provenance: Provenance::Made,
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
        let ids: Vec<String> = ["call", "call", "call-2", "call", "other", "", ""]
            .into_iter()
            .map(|wanted| conversation.unique_id(wanted))
            .collect();
        assert_eq!(ids, ["call", "call-2", "call-2-2", "call-3", "other", "item", "item-2"]);
    }
}
