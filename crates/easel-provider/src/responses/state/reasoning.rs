//! The reasoning of one response. Each item starts once, and has one event when it is complete.

mod open_item;

use easel_imagegen::port::{ModelError, ReasoningEvent, ReasoningPart};
use easel_protocol::response_item::ResponseItem;

use self::open_item::{OpenItem, to_event};
use super::identity::Fingerprint;
use super::{ResponseEvents, provider_error};
use crate::responses::wire::{ItemKey, ReasoningItem};

/// Bytes of all reasoning of a response, including its encrypted form.
const MAX_TEXT_BYTES: usize = 4 << 20;

#[derive(Debug)]
pub(super) struct ReasoningItems {
    /// Whether later requests send the reasoning back.
    is_kept: bool,
    text_bytes: usize,
    /// Items that are not complete.
    open: Vec<OpenItem>,
    complete: Vec<Fingerprint>,
}

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
        self.find_or_open(key, events);
    }

    /// Adds an empty part, whose number at the provider is that of `part`.
    pub(super) fn on_part_added(
        &mut self,
        key: ItemKey,
        part: ReasoningPart,
        events: &mut ResponseEvents,
    ) -> Result<(), ModelError> {
        let item = self.find_or_open(key, events);
        item.find_or_add_part(part, events)?;
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
        let item = self.find_or_open(key, events);
        let part = item.find_or_add_part(part, events)?;
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
        let item = self.find_or_open(key, events);
        let part = item.find_or_add_part(part, events)?;
        if item.text(part).is_some_and(|so_far| so_far.is_empty()) {
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

    /// Adds an item that only the complete response contains. Ignores one without content, because clients would see it
    /// after the answer.
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
        for item in std::mem::take(&mut self.open) {
            let key = item.key.clone();
            push_complete(&key, item.into_texts(), None, events);
        }
    }

    /// Adds a complete item.
    ///
    /// # Errors
    ///
    /// Fails if all reasoning together is too long, or has too many parts.
    fn add(&mut self, key: ItemKey, reasoning: ReasoningItem, events: &mut ResponseEvents) -> Result<(), ModelError> {
        let fingerprint = Fingerprint::of_reasoning(key.clone(), &reasoning);
        let ReasoningItem { summary, content, model_item } = reasoning;
        let model_item = model_item.filter(|_| self.is_kept);
        let encrypted = model_item.as_ref().map_or(0, encrypted_bytes);
        let at = self.find_open(&key);
        self.find_or_open(key, events);
        let mut item = self.open.remove(at.unwrap_or(self.open.len() - 1));
        self.complete.push(fingerprint);
        let bytes = summary.iter().chain(&content).map(String::len).sum::<usize>();
        self.count_text(bytes.saturating_sub(item.text_bytes()) + encrypted)?;
        item.add_missing_parts(ReasoningPart::Summary(0), &summary, events)?;
        item.add_missing_parts(ReasoningPart::Content(0), &content, events)?;
        let key = item.key.clone();
        let (streamed_summary, streamed_content) = item.into_texts();
        let summary = if summary.is_empty() { streamed_summary } else { summary };
        let content = if content.is_empty() { streamed_content } else { content };
        push_complete(&key, (summary, content), model_item, events);
        Ok(())
    }

    /// Returns the index of an open item. Some servers give each event another id.
    fn find_open(&self, key: &ItemKey) -> Option<usize> {
        let by_id = self.open.iter().position(|open| open.key.id == key.id);
        let has_position = |open: &OpenItem| open.key.position.is_some() && open.key.position == key.position;
        by_id.or_else(|| self.open.iter().position(has_position))
    }

    /// Returns the open item with this key, or starts one.
    fn find_or_open(&mut self, key: ItemKey, events: &mut ResponseEvents) -> &mut OpenItem {
        let at = self.find_open(&key).unwrap_or_else(|| {
            events.push_back(to_event(&key, ReasoningEvent::Started).into());
            self.open.push(OpenItem::new(key));
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

fn push_complete(
    key: &ItemKey,
    (summary, content): (Vec<String>, Vec<String>),
    model_item: Option<ResponseItem>,
    events: &mut ResponseEvents,
) {
    events.push_back(to_event(key, ReasoningEvent::Completed { summary, content, model_item }).into());
}

fn encrypted_bytes(item: &ResponseItem) -> usize {
    match item {
        ResponseItem::Reasoning { encrypted_content, .. } => encrypted_content.as_str().len(),
        ResponseItem::Message { .. }
        | ResponseItem::FunctionCall { .. }
        | ResponseItem::FunctionCallOutput { .. }
        | ResponseItem::ImageGenerationCall { .. }
        | ResponseItem::ContextCompaction(_) => 0,
    }
}
