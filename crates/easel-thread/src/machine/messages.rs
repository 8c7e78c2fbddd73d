//! User messages as they come. Agent messages: opened by their first words, closed by their last, and never missing after an image.

use easel_protocol::event::{AgentMessageDeltaNotification, Event};
use easel_protocol::item::{AgentMessageItem, ThreadItem, UserMessageItem};
use easel_protocol::response_item::{ContentItem, MessageRole, ResponseItem};

use super::{Steered, Step, Turn};

impl Turn {
    pub(super) fn user_message(&self, step: &mut Step<'_>, message: UserMessageItem, input: ResponseItem) {
        let message = UserMessageItem { id: step.conversation.unique_id(&message.id), ..message };
        let completed = UserMessageItem { completed_at_ms: Some(step.at), ..message.clone() };
        self.emit_item_started(step, ThreadItem::UserMessage(message));
        self.emit_item_completed(step, ThreadItem::UserMessage(completed));
        self.remember(step, input);
    }

    /// Gives the model what the user has added meanwhile; true when there was something. A turn that ends keeps it for the
    /// next one to read.
    pub(super) fn read_steered(&mut self, step: &mut Step<'_>) -> bool {
        let steered = std::mem::take(&mut self.steered);
        let any = !steered.is_empty();
        for Steered { id, client_id, content, attachments, input } in steered {
            step.conversation.attach(&attachments);
            let (started_at_ms, completed_at_ms) = (step.at, None);
            let message = UserMessageItem { id, client_id, content, started_at_ms, completed_at_ms };
            self.user_message(step, message, input);
        }
        any
    }

    /// One message is open at a time, whatever ids its pieces carry: compatible servers name them differently. White
    /// space opens none, so that no message is ever blank.
    pub(super) fn text_delta(&mut self, step: &mut Step<'_>, item_id: &str, delta: String) {
        if delta.is_empty() || (self.open_message.is_none() && is_blank(&delta)) {
            return;
        }
        if self.open_message.is_none() {
            let item = AgentMessageItem {
                id: step.conversation.unique_id(item_id),
                text: String::new(),
                phase: None,
                started_at_ms: step.at,
                completed_at_ms: None,
            };
            self.emit_item_started(step, ThreadItem::AgentMessage(item.clone()));
            self.open_message = Some(item);
        }
        let Some(message) = &mut self.open_message else { return };
        message.text.push_str(&delta);
        step.emit(Event::AgentMessageDelta(AgentMessageDeltaNotification {
            thread_id: self.thread_id.clone(),
            turn_id: self.turn_id.clone(),
            item_id: message.id.clone(),
            delta,
        }));
    }

    /// A whole message: closes the one whose deltas came before it, or opens and closes one of its own.
    pub(super) fn message(&mut self, step: &mut Step<'_>, item_id: &str, text: String) {
        match &mut self.open_message {
            Some(message) if !is_blank(&text) => message.text = text,
            Some(_) => {}
            None => self.text_delta(step, item_id, text),
        }
        self.close_message(step);
    }

    pub(super) fn close_message(&mut self, step: &mut Step<'_>) {
        let Some(message) = self.open_message.take() else { return };
        let message = AgentMessageItem { completed_at_ms: Some(step.at), ..message };
        self.emit_item_completed(step, ThreadItem::AgentMessage(message.clone()));
        let content = vec![ContentItem::OutputText { text: message.text.as_str().into() }];
        self.remember(step, ResponseItem::Message { role: MessageRole::Assistant, content });
        self.unmentioned.clear();
        self.last_message = Some(message);
    }

    /// A turn that made an image ends with a message: clients that show text alone see nothing else.
    pub(super) fn mention_images(&mut self, step: &mut Step<'_>) {
        let text = match std::mem::take(&mut self.unmentioned).as_slice() {
            [] => return,
            [path] => format!("The image is saved at {path}."),
            paths => format!("The images are saved at {}.", paths.join(", ")),
        };
        let id = format!("msg_{}", self.turn_id);
        self.message(step, &id, text);
    }
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}
