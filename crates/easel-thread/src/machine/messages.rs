//! User and agent messages. A turn that made an image never ends without an agent message after it.

use easel_protocol::event::{AgentMessageDeltaNotification, Event};
use easel_protocol::item::{AgentMessageItem, ThreadItem, UserMessageItem};
use easel_protocol::response_item::{ContentItem, MessageRole, ResponseItem};

use super::{SteerMessage, Step, Turn};

impl Turn {
    pub(super) fn add_user_message(&self, step: &mut Step<'_>, message: UserMessageItem, model_item: ResponseItem) {
        let message = UserMessageItem { id: step.conversation.ids.reserve(&message.id), ..message };
        let completed = UserMessageItem { completed_at_ms: Some(step.at), ..message.clone() };
        self.emit_item_started(step, ThreadItem::UserMessage(message));
        self.emit_item_completed(step, ThreadItem::UserMessage(completed));
        self.remember(step, model_item);
    }

    /// Adds the messages that the user has sent meanwhile to the conversation, and returns whether there was one. If
    /// the turn ends without another request, the next turn's model reads them.
    pub(super) fn add_steer_messages(&mut self, step: &mut Step<'_>) -> bool {
        let messages = std::mem::take(&mut self.steers);
        let any = !messages.is_empty();
        for SteerMessage { id, client_id, content, attachments, model_item } in messages {
            step.conversation.attach(&attachments);
            let (started_at_ms, completed_at_ms) = (step.at, None);
            let message = UserMessageItem { id, client_id, content, started_at_ms, completed_at_ms };
            self.add_user_message(step, message, model_item);
        }
        any
    }

    /// Adds text to the open agent message, or opens one. At most one message is open at a time, whatever item ids the
    /// deltas carry, because OpenAI-compatible servers name them differently. White space does not open a message, so
    /// no message is ever blank.
    pub(super) fn on_text_delta(&mut self, step: &mut Step<'_>, item_id: &str, delta: String) {
        if delta.is_empty() || (self.open_message.is_none() && is_blank(&delta)) {
            return;
        }
        if self.open_message.is_none() {
            self.reasoning.open_message();
            let item = AgentMessageItem {
                id: step.conversation.ids.reserve(item_id),
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

    /// Handles the full text of a message: closes the open message, or opens and closes a new one.
    pub(super) fn on_message(&mut self, step: &mut Step<'_>, item_id: &str, text: String) {
        match &mut self.open_message {
            Some(message) if !is_blank(&text) => message.text = text,
            Some(_) => {}
            None => self.on_text_delta(step, item_id, text),
        }
        self.close_message(step);
    }

    pub(super) fn close_message(&mut self, step: &mut Step<'_>) {
        let Some(message) = self.open_message.take() else { return };
        let message = AgentMessageItem { completed_at_ms: Some(step.at), ..message };
        self.emit_item_completed(step, ThreadItem::AgentMessage(message.clone()));
        for item in self.reasoning.take_of_message() {
            self.remember(step, item);
        }
        let content = vec![ContentItem::OutputText { text: message.text.as_str().into() }];
        self.remember(step, ResponseItem::Message { role: MessageRole::Assistant, content });
        self.unannounced.clear();
        self.calls.note_message();
        self.last_message = Some(message);
    }

    /// Adds an agent message that names the images about which the model said nothing. Clients that show only text
    /// would otherwise show nothing.
    pub(super) fn announce_images(&mut self, step: &mut Step<'_>) {
        let text = match std::mem::take(&mut self.unannounced).as_slice() {
            [] => return,
            [path] => format!("The image is saved at {path}."),
            paths => format!("The images are saved at {}.", paths.join(", ")),
        };
        let item_id = format!("msg_{}", self.turn_id);
        self.on_message(step, &item_id, text);
    }
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}
