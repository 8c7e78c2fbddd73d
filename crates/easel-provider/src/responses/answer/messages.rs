//! The messages of one answer: each is given in pieces as it comes, and once whole.

use easel_imagegen::port::{ModelError, ModelEvent};

use super::identity::Marks;
use super::{Said, broken};
use crate::responses::wire::ItemKey;

/// Bytes of all messages of an answer.
const MAX_TEXT_BYTES: usize = 4 << 20;

#[derive(Debug, Default)]
pub(super) struct Messages {
    text_bytes: usize,
    /// Messages that came in pieces and are not yet whole, with their text so far.
    open: Vec<(ItemKey, String)>,
    whole: Vec<Marks>,
}

impl Messages {
    pub(super) fn count(&self) -> usize {
        self.open.len() + self.whole.len()
    }

    /// Those that are whole.
    pub(super) fn known(&self) -> &[Marks] {
        &self.whole
    }

    /// The number of the message among those that are open. Some servers give each piece another id.
    fn open_at(&self, key: &ItemKey) -> Option<usize> {
        let same_id = self.open.iter().position(|(open, _)| open.id == key.id);
        same_id
            .or_else(|| self.open.iter().position(|(open, _)| open.position.is_some() && open.position == key.position))
    }

    pub(super) fn delta(&mut self, key: ItemKey, delta: String, said: &mut Said) -> Result<(), ModelError> {
        self.count_text(delta.len())?;
        if delta.is_empty() {
            return Ok(());
        }
        let item_id = match self.open_at(&key) {
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
        said.push_back(ModelEvent::TextDelta { item_id, delta }.into());
        Ok(())
    }

    /// A message that is whole, unless it is known.
    pub(super) fn done(&mut self, key: ItemKey, text: String, said: &mut Said) -> Result<(), ModelError> {
        let marks = Marks::of_message(key.clone(), &text);
        if self.whole.iter().any(|known| marks.repeats(known)) { Ok(()) } else { self.add(key, text, said) }
    }

    /// Closes those that never became whole: the answer has ended.
    pub(super) fn close(&mut self, said: &mut Said) {
        for (key, text) in std::mem::take(&mut self.open) {
            said.push_back(ModelEvent::Message { item_id: key.id, text }.into());
        }
    }

    /// A whole message that is not known.
    pub(super) fn add(&mut self, key: ItemKey, text: String, said: &mut Said) -> Result<(), ModelError> {
        let marks = Marks::of_message(key, &text);
        // Some servers number the pieces otherwise than the whole.
        let open = self.open_at(&marks.key).or_else(|| self.open.iter().position(|(_, so_far)| *so_far == text));
        let (item_id, so_far) = match open {
            Some(at) => {
                let (open, so_far) = self.open.remove(at);
                (open.id, so_far)
            }
            None => (marks.key.id.clone(), String::new()),
        };
        self.whole.push(marks);
        self.count_text(text.len().saturating_sub(so_far.len()))?;
        let text = if text.is_empty() { so_far } else { text };
        if !text.is_empty() {
            said.push_back(ModelEvent::Message { item_id, text }.into());
        }
        Ok(())
    }

    fn count_text(&mut self, bytes: usize) -> Result<(), ModelError> {
        self.text_bytes += bytes;
        if self.text_bytes > MAX_TEXT_BYTES {
            return Err(broken("the provider's model writes more than 4 MiB"));
        }
        Ok(())
    }
}
