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
        }
    }

    pub(super) fn take(&mut self, id: &ItemId) -> Option<ThreadItem> {
        self.0.remove(id)
    }

    pub(super) fn take_all(&mut self) -> Vec<ThreadItem> {
        std::mem::take(&mut self.0).into_values().collect()
    }
}
