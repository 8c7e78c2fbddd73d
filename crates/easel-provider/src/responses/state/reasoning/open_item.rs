//! A reasoning item that is not complete.

use easel_imagegen::port::{ModelError, ModelEvent, ReasoningEvent, ReasoningPart};

use crate::responses::provider_error;
use crate::responses::state::ResponseEvents;
use crate::responses::wire::ItemKey;

/// Parts of either kind of one item.
const MAX_PARTS: usize = 256;

#[derive(Debug)]
pub(super) struct OpenItem {
    pub(super) key: ItemKey,
    summary: Parts,
    content: Parts,
}

/// The parts so far, each with its number at the provider if the stream named it. Clients number them from 0 without
/// gaps.
#[derive(Debug, Default)]
struct Parts(Vec<(Option<u32>, String)>);

impl OpenItem {
    pub(super) fn new(key: ItemKey) -> Self {
        Self { key, summary: Parts::default(), content: Parts::default() }
    }

    /// Returns the part with this number at the provider as clients number it. Adds it if it is new.
    ///
    /// # Errors
    ///
    /// Fails if the item has too many parts.
    pub(super) fn find_or_add_part(
        &mut self,
        at_provider: ReasoningPart,
        events: &mut ResponseEvents,
    ) -> Result<ReasoningPart, ModelError> {
        let number = Some(number_of(at_provider));
        let known = self.parts(at_provider).0.iter().position(|(known, _)| *known == number);
        match known {
            Some(index) => with_index(at_provider, index),
            None => self.add_part(at_provider, number, events),
        }
    }

    /// Appends text to a part, as clients number it.
    pub(super) fn append(&mut self, part: ReasoningPart, delta: &str, events: &mut ResponseEvents) {
        let Some(text) = self.text(part).filter(|_| !delta.is_empty()) else { return };
        text.push_str(delta);
        events.push_back(to_event(&self.key, ReasoningEvent::Delta { part, delta: delta.to_owned() }).into());
    }

    /// Returns the text of a part so far, as clients number it.
    pub(super) fn text(&mut self, part: ReasoningPart) -> Option<&mut String> {
        let index = number_of(part) as usize;
        self.parts(part).0.get_mut(index).map(|(_, text)| text)
    }

    /// Returns the length of all texts so far in bytes.
    pub(super) fn text_bytes(&self) -> usize {
        self.summary.0.iter().chain(&self.content.0).map(|(_, text)| text.len()).sum()
    }

    /// Adds the parts of one kind that only the complete item has.
    ///
    /// # Errors
    ///
    /// Fails if the item has too many parts.
    pub(super) fn add_missing_parts(
        &mut self,
        kind: ReasoningPart,
        texts: &[String],
        events: &mut ResponseEvents,
    ) -> Result<(), ModelError> {
        let known = self.parts(kind).0.len();
        for text in texts.iter().skip(known) {
            let part = self.add_part(kind, None, events)?;
            self.append(part, text, events);
        }
        Ok(())
    }

    /// Returns the texts of the summary and of the reasoning itself.
    pub(super) fn into_texts(self) -> (Vec<String>, Vec<String>) {
        let texts = |parts: Parts| parts.0.into_iter().map(|(_, text)| text).collect();
        (texts(self.summary), texts(self.content))
    }

    fn add_part(
        &mut self,
        kind: ReasoningPart,
        number: Option<u32>,
        events: &mut ResponseEvents,
    ) -> Result<ReasoningPart, ModelError> {
        let parts = &mut self.parts(kind).0;
        let part = with_index(kind, parts.len())?;
        parts.push((number, String::new()));
        events.push_back(to_event(&self.key, ReasoningEvent::PartAdded(part)).into());
        Ok(part)
    }

    fn parts(&mut self, kind: ReasoningPart) -> &mut Parts {
        match kind {
            ReasoningPart::Summary(_) => &mut self.summary,
            ReasoningPart::Content(_) => &mut self.content,
        }
    }
}

/// Creates an event of the item with this key.
pub(super) fn to_event(key: &ItemKey, event: ReasoningEvent) -> ModelEvent {
    ModelEvent::Reasoning { item_id: key.id.as_str().into(), event }
}

fn number_of(part: ReasoningPart) -> u32 {
    match part {
        ReasoningPart::Summary(number) | ReasoningPart::Content(number) => number,
    }
}

/// Returns the part of the same kind with this index.
///
/// # Errors
///
/// Fails if an item has no such part, because that would be too many.
fn with_index(kind: ReasoningPart, index: usize) -> Result<ReasoningPart, ModelError> {
    let index = u32::try_from(index).ok().filter(|index| (*index as usize) < MAX_PARTS);
    let index = index.ok_or_else(|| provider_error("the provider's model sent reasoning with too many parts"))?;
    Ok(match kind {
        ReasoningPart::Summary(_) => ReasoningPart::Summary(index),
        ReasoningPart::Content(_) => ReasoningPart::Content(index),
    })
}
