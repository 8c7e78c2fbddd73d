//! The model's reasoning. Each reasoning of a response has an item, which is completed exactly once.

use easel_imagegen::port::{ReasoningEvent, ReasoningPart};
use easel_protocol::event::{
    Event, ReasoningSummaryPartAddedNotification, ReasoningSummaryTextDeltaNotification, ReasoningTextDeltaNotification,
};
use easel_protocol::id::ItemId;
use easel_protocol::item::{ReasoningItem, ThreadItem};
use easel_protocol::response_item::ResponseItem;

use super::{Step, Turn};

/// The reasoning of the response that is being received.
#[derive(Debug, Default)]
pub(super) struct Reasoning {
    /// Items that are not complete, each with the id by which the model's events name it.
    open: Vec<(ItemId, ReasoningItem)>,
    /// Complete reasoning that later requests send back. It belongs before the item that the model writes next.
    kept: Vec<ResponseItem>,
    /// The same for the open message.
    of_message: Vec<ResponseItem>,
}

impl Reasoning {
    /// Returns whether an item with this id, as the model's events name it, is open.
    pub(super) fn is_open(&self, model_id: &str) -> bool {
        self.open.iter().any(|(id, _)| id == model_id)
    }

    /// Takes what belongs before the call that the model makes now.
    pub(super) fn take_kept(&mut self) -> Vec<ResponseItem> {
        std::mem::take(&mut self.kept)
    }

    /// Reserves what belongs before the message that the model begins now.
    pub(super) fn open_message(&mut self) {
        self.of_message = self.take_kept();
    }

    /// Takes what belongs before the message that ends now.
    pub(super) fn take_of_message(&mut self) -> Vec<ResponseItem> {
        std::mem::take(&mut self.of_message)
    }
}

impl Turn {
    pub(super) fn on_reasoning(&mut self, step: &mut Step<'_>, model_id: &ItemId, event: ReasoningEvent) {
        let at = self.open_reasoning(step, model_id);
        let (_, item) = &mut self.reasoning.open[at];
        match event {
            ReasoningEvent::Started => {}
            ReasoningEvent::PartAdded(part) => {
                let (parts, index) = parts_of(item, part);
                parts.resize(parts.len().max(index + 1), String::new());
                let item_id = item.id.clone();
                self.emit_part_added(step, item_id, part);
            }
            ReasoningEvent::Delta { part, delta } => {
                let (parts, index) = parts_of(item, part);
                let Some(text) = parts.get_mut(index) else { return };
                text.push_str(&delta);
                let item_id = item.id.clone();
                self.emit_reasoning_delta(step, item_id, part, delta);
            }
            ReasoningEvent::Completed { summary, content, model_item } => {
                let (_, item) = self.reasoning.open.remove(at);
                self.reasoning.kept.extend(model_item);
                let item = ReasoningItem { summary, content, completed_at_ms: Some(step.at), ..item };
                self.emit_item_completed(step, ThreadItem::Reasoning(item));
            }
        }
    }

    /// Completes the items of a response that has ended, with what has arrived. Reasoning that no item followed is not
    /// sent back: providers refuse it.
    pub(super) fn close_reasoning(&mut self, step: &mut Step<'_>) {
        let Reasoning { open, .. } = std::mem::take(&mut self.reasoning);
        for (_, item) in open {
            let item = ReasoningItem { completed_at_ms: Some(step.at), ..item };
            self.emit_item_completed(step, ThreadItem::Reasoning(item));
        }
    }

    /// Returns the index of the open item with this id, or starts one.
    fn open_reasoning(&mut self, step: &mut Step<'_>, model_id: &ItemId) -> usize {
        if let Some(at) = self.reasoning.open.iter().position(|(id, _)| id == model_id) {
            return at;
        }
        let item = ReasoningItem {
            id: step.conversation.ids.reserve(model_id),
            summary: Vec::new(),
            content: Vec::new(),
            started_at_ms: step.at,
            completed_at_ms: None,
        };
        self.emit_item_started(step, ThreadItem::Reasoning(item.clone()));
        self.reasoning.open.push((model_id.clone(), item));
        self.reasoning.open.len() - 1
    }

    /// Emits the start of a part. The Codex app-server has no event for a part of the reasoning itself.
    fn emit_part_added(&self, step: &mut Step<'_>, item_id: ItemId, part: ReasoningPart) {
        let ReasoningPart::Summary(summary_index) = part else { return };
        let (thread_id, turn_id) = (self.thread_id.clone(), self.turn_id.clone());
        let added = ReasoningSummaryPartAddedNotification { thread_id, turn_id, item_id, summary_index };
        step.emit(Event::ReasoningSummaryPartAdded(added));
    }

    fn emit_reasoning_delta(&self, step: &mut Step<'_>, item_id: ItemId, part: ReasoningPart, delta: String) {
        let (thread_id, turn_id) = (self.thread_id.clone(), self.turn_id.clone());
        step.emit(match part {
            ReasoningPart::Summary(summary_index) => {
                Event::ReasoningSummaryTextDelta(ReasoningSummaryTextDeltaNotification {
                    thread_id,
                    turn_id,
                    item_id,
                    delta,
                    summary_index,
                })
            }
            ReasoningPart::Content(content_index) => Event::ReasoningTextDelta(ReasoningTextDeltaNotification {
                thread_id,
                turn_id,
                item_id,
                delta,
                content_index,
            }),
        });
    }
}

/// Returns the list that contains a part, and the index of the part.
fn parts_of(item: &mut ReasoningItem, part: ReasoningPart) -> (&mut Vec<String>, usize) {
    match part {
        ReasoningPart::Summary(index) => (&mut item.summary, index as usize),
        ReasoningPart::Content(index) => (&mut item.content, index as usize),
    }
}
