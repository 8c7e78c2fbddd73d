//! The items of a turn that have begun and not ended, kept apart from the machine so that they survive its failure.

use std::collections::BTreeMap;

use easel_protocol::event::Event;
use easel_protocol::id::ItemId;
use easel_protocol::item::ThreadItem;

/// By id.
#[derive(Debug, Default)]
pub(crate) struct OpenItems(BTreeMap<ItemId, ThreadItem>);

impl OpenItems {
    /// Follows an event that is told.
    pub(super) fn note(&mut self, event: &Event) {
        if let Event::ItemStarted(started) = event {
            self.0.insert(started.item.id().clone(), started.item.clone());
        } else if let Event::ItemCompleted(completed) = event {
            self.0.remove(completed.item.id());
        } else if let Event::AgentMessageDelta(delta) = event
            && let Some(ThreadItem::AgentMessage(message)) = self.0.get_mut(&delta.item_id)
        {
            message.text.push_str(&delta.delta);
        }
    }

    pub(super) fn take(&mut self, id: &str) -> Option<ThreadItem> {
        self.0.remove(id)
    }

    pub(super) fn take_all(&mut self) -> Vec<ThreadItem> {
        std::mem::take(&mut self.0).into_values().collect()
    }
}
