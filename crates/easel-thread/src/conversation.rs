//! The conversation of a thread: what it keeps from turn to turn.

mod item_ids;
mod user_message;

use std::collections::HashSet;
use std::path::PathBuf;

use easel_imagegen::capability::MAX_REFERENCES;
use easel_imagegen::edit;
use easel_imagegen::history::{render_item, to_handles};
use easel_imagegen::port::{Origin, Provenance, Reference, StoredThread, ThreadImage};
use easel_protocol::event::{Event, RawResponseItemCompletedNotification, TokenUsage};
use easel_protocol::id::ItemId;
use easel_protocol::record::{Attachment, ImageRecord};
use easel_protocol::response_item::ResponseItem;

pub(crate) use item_ids::ItemIds;
pub use user_message::to_model_message;

/// The state of a thread that outlives its turns. The actor owns it and lends it to the machine for each input.
///
/// It has what the next request to the model needs. If an event needs more of the thread, the turn runner looks that up
/// in the store and adds it before the machine handles the event.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Conversation {
    /// The items that the model reads, oldest first.
    pub(crate) history: Vec<ResponseItem>,
    /// The images of `history`, and the newest generated ones, oldest first.
    pub(crate) images: Vec<ThreadImage>,
    /// Images that are not in `images` and that a call of the turn names.
    pub(crate) older_images: Vec<ThreadImage>,
    pub(crate) usage: TokenUsage,
    /// The provider's count of input tokens for the last request; `None` before the first one, and after the
    /// conversation was compacted.
    pub(crate) counted_tokens: Option<u64>,
    user_messages: usize,
    pub(crate) ids: ItemIds,
}

impl Conversation {
    pub(crate) fn new(stored: StoredThread) -> Self {
        let ordinals = stored.images.iter().filter_map(|image| match image.origin {
            Origin::Attached { message } => Some(message + 1),
            Origin::Generated => None,
        });
        // A process that died right after it compacted the conversation has not counted it again.
        let counted_tokens = match stored.history.first() {
            Some(ResponseItem::ContextCompaction(last)) if last.counted_tokens == stored.counted_tokens => None,
            Some(_) | None => stored.counted_tokens,
        };
        Self {
            counted_tokens,
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

    /// Adds images that were looked up for a call, unless the conversation has them.
    pub(crate) fn add_older_images(&mut self, images: Vec<ThreadImage>) {
        for image in images {
            if !image.reference.id.as_deref().is_some_and(|id| self.has_image(id)) {
                self.older_images.push(image);
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

    /// Forgets what was looked up for the last turn. All its items are in the store.
    pub(crate) fn begin_turn(&mut self) {
        self.ids = ItemIds::default();
        self.older_images.clear();
    }

    /// Adds the message that starts a turn.
    pub(crate) fn open_turn(&mut self, message_id: &ItemId, attachments: &[Attachment], model_item: ResponseItem) {
        self.ids.reserve(message_id);
        self.attach(attachments);
        self.history.push(model_item);
    }

    /// Replaces the items before an index by a catalogue, and forgets the images that only these showed.
    pub(crate) fn compact(&mut self, kept_from: usize, catalogue: ResponseItem) {
        self.history.splice(..kept_from, [catalogue]);
        // The count of the next response is the first for the new conversation.
        self.counted_tokens = None;
        let mut known: HashSet<&str> = self.history.iter().flat_map(to_handles).collect();
        let generated = self.images.iter().rev().filter(|image| image.origin == Origin::Generated);
        known.extend(generated.take(MAX_REFERENCES).filter_map(|image| image.reference.id.as_deref()));
        let known: HashSet<String> = known.into_iter().map(str::to_owned).collect();
        self.images.retain(|image| image.reference.id.as_deref().is_some_and(|id| known.contains(id)));
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
            edited_from: Vec::new(),
            note: None,
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
            edited_from: record.inputs.iter().filter_map(|input| input.id.clone()).collect(),
            note: record.edit.as_deref().and_then(edit::describe),
        }));
    }
}
