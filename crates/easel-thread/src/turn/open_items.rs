//! The open items of a turn, tracked outside the machine so that they survive its panic.

use std::collections::BTreeMap;

use easel_protocol::event::Event;
use easel_protocol::id::ItemId;
use easel_protocol::item::ThreadItem;

/// The items that have started and not ended.
#[derive(Debug, Default)]
pub(super) struct OpenItems(BTreeMap<ItemId, ThreadItem>);

impl OpenItems {
    /// Applies an event of the turn.
    pub(super) fn update(&mut self, event: &Event) {
        if let Event::ItemStarted(started) = event {
            self.0.insert(started.item.id().clone(), started.item.clone());
        } else if let Event::ItemCompleted(completed) = event {
            self.0.remove(completed.item.id());
        } else if let Event::AgentMessageDelta(delta) = event
            && let Some(ThreadItem::AgentMessage(message)) = self.0.get_mut(&delta.item_id)
        {
            message.text.push_str(&delta.delta);
        } else if let Event::ReasoningSummaryTextDelta(delta) = event
            && let Some(ThreadItem::Reasoning(reasoning)) = self.0.get_mut(&delta.item_id)
        {
            append(&mut reasoning.summary, delta.summary_index, &delta.delta);
        } else if let Event::ReasoningTextDelta(delta) = event
            && let Some(ThreadItem::Reasoning(reasoning)) = self.0.get_mut(&delta.item_id)
        {
            append(&mut reasoning.content, delta.content_index, &delta.delta);
        }
    }

    pub(super) fn take(&mut self, id: &ItemId) -> Option<ThreadItem> {
        self.0.remove(id)
    }

    pub(super) fn take_all(&mut self) -> Vec<ThreadItem> {
        std::mem::take(&mut self.0).into_values().collect()
    }
}

/// Appends text to a part of a list, whose parts arrive in order.
fn append(parts: &mut Vec<String>, index: u32, text: &str) {
    match parts.get_mut(index as usize) {
        Some(part) => part.push_str(text),
        None => parts.push(text.to_owned()),
    }
}
