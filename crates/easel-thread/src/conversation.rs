//! The conversation of a thread: what it keeps from turn to turn.

mod item_ids;
mod user_message;

use std::path::PathBuf;

use easel_imagegen::history::render_item;
use easel_imagegen::port::{Origin, Provenance, Reference, StoredThread, ThreadImage};
use easel_protocol::event::{Event, RawResponseItemCompletedNotification, TokenUsage};
use easel_protocol::id::ItemId;
use easel_protocol::record::{Attachment, ImageRecord};
use easel_protocol::response_item::ResponseItem;

pub(crate) use item_ids::ItemIds;
pub use user_message::to_model_message;

/// The state of a thread that outlives its turns. The actor owns it and lends it to the machine for each input.
///
/// It has what the next request to the model needs. Of everything else in the thread it knows what the turn runner has
/// looked up in the store for the event that the machine handles next.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Conversation {
    /// The items that the model reads, oldest first.
    pub(crate) history: Vec<ResponseItem>,
    /// The images of `history`, and the newest generated ones, oldest first.
    pub(crate) images: Vec<ThreadImage>,
    /// Images that are not in `images` and that a call of the turn names.
    pub(crate) older_images: Vec<ThreadImage>,
    pub(crate) usage: TokenUsage,
    user_messages: usize,
    pub(crate) ids: ItemIds,
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
            older_images: Vec::new(),
            usage: stored.usage,
            ids: ItemIds::default(),
        }
    }

    /// Returns whether the conversation has the image with this handle or path.
    pub(crate) fn has_image(&self, name: &str) -> bool {
        let mut known = self.images.iter().chain(&self.older_images).map(|image| &image.reference);
        known.any(|reference| reference.id.as_deref() == Some(name) || reference.path.as_os_str() == name)
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
        // All items of earlier turns are in the store.
        self.ids = ItemIds::default();
        self.older_images.clear();
        self.ids.reserve(message_id);
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
