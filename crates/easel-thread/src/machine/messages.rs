//! Agent messages: opened by their first text, closed by their last, and never missing after an image.

use easel_protocol::event::{AgentMessageDeltaNotification, Event};
use easel_protocol::item::{AgentMessageItem, ThreadItem};
use easel_protocol::response_item::{ContentItem, MessageRole, ResponseItem};

use super::{Effect, Turn};
use crate::conversation::Conversation;

impl Turn {
    pub(super) fn text_delta(
        &mut self,
        conversation: &mut Conversation,
        at: i64,
        item_id: &str,
        delta: String,
        effects: &mut Vec<Effect>,
    ) {
        if delta.is_empty() {
            return;
        }
        if self.open_message.is_none() {
            let item = AgentMessageItem {
                id: conversation.unique_id(item_id),
                text: String::new(),
                phase: None,
                started_at_ms: at,
                completed_at_ms: None,
            };
            effects.push(self.item_started(ThreadItem::AgentMessage(item.clone()), at));
            self.open_message = Some(item);
        }
        let Some(message) = &mut self.open_message else { return };
        message.text.push_str(&delta);
        effects.push(Effect::Emit(Event::AgentMessageDelta(AgentMessageDeltaNotification {
            thread_id: self.thread_id.clone(),
            turn_id: self.turn_id.clone(),
            item_id: message.id.clone(),
            delta,
        })));
    }

    /// A whole message: closes the one whose deltas came before it, or opens and closes one of its own.
    pub(super) fn message(
        &mut self,
        conversation: &mut Conversation,
        at: i64,
        item_id: &str,
        text: String,
        effects: &mut Vec<Effect>,
    ) {
        match &mut self.open_message {
            Some(message) if !text.is_empty() => message.text = text,
            Some(_) => {}
            None => self.text_delta(conversation, at, item_id, text, effects),
        }
        self.close_message(conversation, at, effects);
    }

    pub(super) fn close_message(&mut self, conversation: &mut Conversation, at: i64, effects: &mut Vec<Effect>) {
        let Some(message) = self.open_message.take() else { return };
        let message = AgentMessageItem { completed_at_ms: Some(at), ..message };
        effects.push(self.item_completed(ThreadItem::AgentMessage(message.clone()), at));
        let content = vec![ContentItem::OutputText { text: message.text.clone() }];
        self.remember(ResponseItem::Message { role: MessageRole::Assistant, content }, conversation, effects);
        if !message.text.trim().is_empty() {
            self.unmentioned = None;
        }
        self.last_message = Some(message);
    }

    /// A turn that made an image ends with a message: clients that show text alone see nothing else.
    pub(super) fn mention_images(&mut self, conversation: &mut Conversation, at: i64, effects: &mut Vec<Effect>) {
        let Some(path) = self.unmentioned.take() else { return };
        let id = format!("msg_{}", self.turn_id);
        self.message(conversation, at, &id, format!("The image is saved at {path}."), effects);
    }
}
