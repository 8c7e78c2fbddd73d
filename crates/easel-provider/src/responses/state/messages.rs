//! The messages of one response. Each has deltas while it arrives, and one event when it is complete.

use easel_imagegen::port::{ModelError, ModelEvent};

use super::identity::Fingerprint;
use super::{ResponseEvents, provider_error};
use crate::responses::wire::ItemKey;

/// Bytes of all messages of a response.
const MAX_TEXT_BYTES: usize = 4 << 20;

#[derive(Debug, Default)]
pub(super) struct Messages {
    text_bytes: usize,
    /// Messages with deltas that are not complete, and their text so far.
    open: Vec<(ItemKey, String)>,
    complete: Vec<Fingerprint>,
}

impl Messages {
    pub(super) fn count(&self) -> usize {
        self.open.len() + self.complete.len()
    }

    /// Returns the complete messages.
    pub(super) fn known(&self) -> &[Fingerprint] {
        &self.complete
    }

    /// Returns the index of an open message. Some servers give each delta another id.
    fn find_open(&self, key: &ItemKey) -> Option<usize> {
        let by_id = self.open.iter().position(|(open, _)| open.id == key.id);
        by_id
            .or_else(|| self.open.iter().position(|(open, _)| open.position.is_some() && open.position == key.position))
    }

    pub(super) fn on_delta(
        &mut self,
        key: ItemKey,
        delta: String,
        events: &mut ResponseEvents,
    ) -> Result<(), ModelError> {
        self.count_text(delta.len())?;
        if delta.is_empty() {
            return Ok(());
        }
        let item_id = match self.find_open(&key) {
            Some(at) => {
                let (open, text) = &mut self.open[at];
                text.push_str(&delta);
                open.id.clone()
            }
            None => {
                let id = key.id.clone();
                self.open.push((key, delta.clone()));
                id
            }
        };
        events.push_back(ModelEvent::TextDelta { item_id: item_id.into(), delta }.into());
        Ok(())
    }

    /// Adds a complete message if it is new.
    pub(super) fn on_done(
        &mut self,
        key: ItemKey,
        text: String,
        events: &mut ResponseEvents,
    ) -> Result<(), ModelError> {
        let fingerprint = Fingerprint::of_message(key.clone(), &text);
        if self.complete.iter().any(|known| fingerprint.repeats(known)) {
            return Ok(());
        }
        self.add(key, text, events)
    }

    /// Completes the open messages, because the response has ended.
    pub(super) fn close(&mut self, events: &mut ResponseEvents) {
        for (key, text) in std::mem::take(&mut self.open) {
            events.push_back(ModelEvent::Message { item_id: key.id.into(), text }.into());
        }
    }

    /// Adds a complete message that is new.
    ///
    /// # Errors
    ///
    /// Fails if all messages together are too long.
    pub(super) fn add(&mut self, key: ItemKey, text: String, events: &mut ResponseEvents) -> Result<(), ModelError> {
        let fingerprint = Fingerprint::of_message(key, &text);
        // Some servers number the deltas differently from the complete message.
        let open = self.find_open(&fingerprint.key);
        let open = open.or_else(|| self.open.iter().position(|(_, so_far)| *so_far == text));
        let (item_id, so_far) = match open {
            Some(at) => {
                let (open, so_far) = self.open.remove(at);
                (open.id, so_far)
            }
            None => (fingerprint.key.id.clone(), String::new()),
        };
        self.complete.push(fingerprint);
        self.count_text(text.len().saturating_sub(so_far.len()))?;
        let text = if text.is_empty() { so_far } else { text };
        if !text.is_empty() {
            events.push_back(ModelEvent::Message { item_id: item_id.into(), text }.into());
        }
        Ok(())
    }

    fn count_text(&mut self, bytes: usize) -> Result<(), ModelError> {
        self.text_bytes += bytes;
        if self.text_bytes > MAX_TEXT_BYTES {
            return Err(provider_error("the provider's model wrote more than 4 MiB of text"));
        }
        Ok(())
    }
}
