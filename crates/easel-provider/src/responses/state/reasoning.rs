//! The reasoning of one response. Each item starts once, and has one event when it is complete.

use easel_imagegen::port::{ModelError, ModelEvent, ReasoningEvent, ReasoningPart};
use easel_protocol::response_item::ResponseItem;

use super::identity::Fingerprint;
use super::{ResponseEvents, provider_error};
use crate::responses::wire::{ItemKey, ReasoningItem};

/// Bytes of all reasoning of a response, including its encrypted form.
const MAX_TEXT_BYTES: usize = 4 << 20;
/// Parts of one item.
const MAX_PARTS: usize = 256;

#[derive(Debug)]
pub(super) struct ReasoningItems {
    /// Whether later requests send the reasoning back.
    is_kept: bool,
    text_bytes: usize,
    /// Items that are not complete.
    open: Vec<OpenItem>,
    complete: Vec<Fingerprint>,
}

#[derive(Debug)]
struct OpenItem {
    key: ItemKey,
    summary: Parts,
    content: Parts,
}

/// The parts so far, each with its number at the provider. Clients number them from 0 without gaps.
#[derive(Debug, Default)]
struct Parts(Vec<(u32, String)>);

impl ReasoningItems {
    pub(super) fn new(is_kept: bool) -> Self {
        Self { is_kept, text_bytes: 0, open: Vec::new(), complete: Vec::new() }
    }

    pub(super) fn count(&self) -> usize {
        self.open.len() + self.complete.len()
    }

    /// Returns the complete items.
    pub(super) fn known(&self) -> &[Fingerprint] {
        &self.complete
    }

    pub(super) fn on_added(&mut self, key: ItemKey, events: &mut ResponseEvents) {
        self.open(key, events);
    }

    /// Adds an empty part, whose number at the provider is that of `part`.
    pub(super) fn on_part_added(
        &mut self,
        key: ItemKey,
        part: ReasoningPart,
        events: &mut ResponseEvents,
    ) -> Result<(), ModelError> {
        let item = self.open(key, events);
        item.part(part, events)?;
        Ok(())
    }

    pub(super) fn on_delta(
        &mut self,
        key: ItemKey,
        part: ReasoningPart,
        delta: &str,
        events: &mut ResponseEvents,
    ) -> Result<(), ModelError> {
        self.count_text(delta.len())?;
        let item = self.open(key, events);
        let part = item.part(part, events)?;
        item.append(part, delta, events);
        Ok(())
    }

    /// Handles the whole text of a part, which matters only if the server sent no deltas.
    pub(super) fn on_text_done(
        &mut self,
        key: ItemKey,
        part: ReasoningPart,
        text: &str,
        events: &mut ResponseEvents,
    ) -> Result<(), ModelError> {
        let item = self.open(key, events);
        let part = item.part(part, events)?;
        if item.text_mut(part).is_some_and(|so_far| so_far.is_empty()) {
            item.append(part, text, events);
            self.count_text(text.len())?;
        }
        Ok(())
    }

    /// Adds a complete item if it is new.
    pub(super) fn on_done(
        &mut self,
        key: ItemKey,
        reasoning: ReasoningItem,
        events: &mut ResponseEvents,
    ) -> Result<(), ModelError> {
        let fingerprint = Fingerprint::of_reasoning(key.clone(), &reasoning);
        if self.complete.iter().any(|known| fingerprint.repeats(known)) {
            return Ok(());
        }
        self.add(key, reasoning, events)
    }

    /// Adds an item that only the complete response contains. One without content is nothing to show.
    pub(super) fn on_output(
        &mut self,
        key: ItemKey,
        reasoning: ReasoningItem,
        events: &mut ResponseEvents,
    ) -> Result<(), ModelError> {
        let is_kept = self.is_kept && reasoning.model_item.is_some();
        if reasoning.summary.is_empty() && reasoning.content.is_empty() && !is_kept {
            return Ok(());
        }
        self.add(key, reasoning, events)
    }

    /// Completes the open items with what has arrived, because the response has ended.
    pub(super) fn close(&mut self, events: &mut ResponseEvents) {
        for OpenItem { key, summary, content } in std::mem::take(&mut self.open) {
            push_complete(&key, summary.into_texts(), content.into_texts(), None, events);
        }
    }

    /// Adds a complete item.
    ///
    /// # Errors
    ///
    /// Fails if all reasoning together is too long.
    fn add(&mut self, key: ItemKey, reasoning: ReasoningItem, events: &mut ResponseEvents) -> Result<(), ModelError> {
        let fingerprint = Fingerprint::of_reasoning(key.clone(), &reasoning);
        let ReasoningItem { summary, content, model_item } = reasoning;
        let model_item = model_item.filter(|_| self.is_kept);
        let encrypted = model_item.as_ref().map_or(0, encrypted_bytes);
        let at = self.find_open(&key);
        self.open(key, events);
        let mut item = self.open.remove(at.unwrap_or(self.open.len() - 1));
        self.complete.push(fingerprint);
        let before = item.summary.bytes() + item.content.bytes();
        item.complete(&summary, ReasoningPart::Summary, events)?;
        item.complete(&content, ReasoningPart::Content, events)?;
        let bytes = summary.iter().chain(&content).map(String::len).sum::<usize>();
        self.count_text(bytes.saturating_sub(before) + encrypted)?;
        let OpenItem { key, summary: summary_so_far, content: content_so_far } = item;
        let or = |texts: Vec<String>, so_far: Parts| if texts.is_empty() { so_far.into_texts() } else { texts };
        push_complete(&key, or(summary, summary_so_far), or(content, content_so_far), model_item, events);
        Ok(())
    }

    /// Returns the index of an open item. Some servers give each event another id.
    fn find_open(&self, key: &ItemKey) -> Option<usize> {
        let by_id = self.open.iter().position(|open| open.key.id == key.id);
        let has_position = |open: &OpenItem| open.key.position.is_some() && open.key.position == key.position;
        by_id.or_else(|| self.open.iter().position(has_position))
    }

    /// Returns an open item, which it starts if there is none.
    fn open(&mut self, key: ItemKey, events: &mut ResponseEvents) -> &mut OpenItem {
        let at = self.find_open(&key).unwrap_or_else(|| {
            events.push_back(event(&key, ReasoningEvent::Started).into());
            self.open.push(OpenItem { key, summary: Parts::default(), content: Parts::default() });
            self.open.len() - 1
        });
        &mut self.open[at]
    }

    fn count_text(&mut self, bytes: usize) -> Result<(), ModelError> {
        self.text_bytes += bytes;
        if self.text_bytes > MAX_TEXT_BYTES {
            return Err(provider_error("the provider's model sent more than 4 MiB of reasoning"));
        }
        Ok(())
    }
}

impl OpenItem {
    /// Returns the part as clients number it, which it adds if it is new.
    ///
    /// # Errors
    ///
    /// Fails if the item has too many parts.
    fn part(&mut self, at_provider: ReasoningPart, events: &mut ResponseEvents) -> Result<ReasoningPart, ModelError> {
        let (parts, number, to_part): (_, _, fn(u32) -> ReasoningPart) = match at_provider {
            ReasoningPart::Summary(number) => (&mut self.summary, number, ReasoningPart::Summary),
            ReasoningPart::Content(number) => (&mut self.content, number, ReasoningPart::Content),
        };
        let known = parts.0.iter().position(|(known, _)| *known == number);
        let index = known.unwrap_or(parts.0.len());
        let part = u32::try_from(index).ok().filter(|_| index < MAX_PARTS).map(to_part);
        let part = part.ok_or_else(|| provider_error("the provider's model sent reasoning with too many parts"))?;
        if known.is_none() {
            parts.0.push((number, String::new()));
            events.push_back(event(&self.key, ReasoningEvent::PartAdded(part)).into());
        }
        Ok(part)
    }

    /// Appends text to a part, as clients number it.
    fn append(&mut self, part: ReasoningPart, delta: &str, events: &mut ResponseEvents) {
        let Some(text) = self.text_mut(part).filter(|_| !delta.is_empty()) else { return };
        text.push_str(delta);
        events.push_back(event(&self.key, ReasoningEvent::Delta { part, delta: delta.to_owned() }).into());
    }

    fn text_mut(&mut self, part: ReasoningPart) -> Option<&mut String> {
        let (parts, index) = match part {
            ReasoningPart::Summary(index) => (&mut self.summary, index),
            ReasoningPart::Content(index) => (&mut self.content, index),
        };
        parts.0.get_mut(index as usize).map(|(_, text)| text)
    }

    /// Adds the parts that the complete item has and the stream had not.
    fn complete(
        &mut self,
        texts: &[String],
        to_part: fn(u32) -> ReasoningPart,
        events: &mut ResponseEvents,
    ) -> Result<(), ModelError> {
        let known = match to_part(0) {
            ReasoningPart::Summary(_) => self.summary.0.len(),
            ReasoningPart::Content(_) => self.content.0.len(),
        };
        // Counted down from the largest number, which no streamed part has.
        for (number, text) in (0..=u32::MAX).rev().zip(texts.iter().skip(known)) {
            let part = self.part(to_part(number), events)?;
            self.append(part, text, events);
        }
        Ok(())
    }
}

impl Parts {
    fn bytes(&self) -> usize {
        self.0.iter().map(|(_, text)| text.len()).sum()
    }

    fn into_texts(self) -> Vec<String> {
        self.0.into_iter().map(|(_, text)| text).collect()
    }
}

fn event(key: &ItemKey, event: ReasoningEvent) -> ModelEvent {
    ModelEvent::Reasoning { item_id: key.id.as_str().into(), event }
}

fn push_complete(
    key: &ItemKey,
    summary: Vec<String>,
    content: Vec<String>,
    model_item: Option<ResponseItem>,
    events: &mut ResponseEvents,
) {
    events.push_back(event(key, ReasoningEvent::Completed { summary, content, model_item }).into());
}

fn encrypted_bytes(item: &ResponseItem) -> usize {
    match item {
        ResponseItem::Reasoning { encrypted_content, .. } => encrypted_content.as_str().len(),
        ResponseItem::Message { .. }
        | ResponseItem::FunctionCall { .. }
        | ResponseItem::FunctionCallOutput { .. }
        | ResponseItem::ImageGenerationCall { .. } => 0,
    }
}
