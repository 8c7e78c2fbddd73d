//! Turns that cannot go on: history did not take their events, or their own logic failed and what has begun ends from
//! outside.

use easel_imagegen::port::image_error;
use easel_protocol::event::Event;
use easel_protocol::item::{ImageGenerationItem, ThreadItem};
use easel_protocol::record::{Billed, ImageError, ImageErrorKind};
use easel_protocol::thread::ThreadStatus;
use easel_protocol::turn::{CodexErrorInfo, TurnError, TurnStatus};

use super::calls::{complete, fail};
use super::{Effect, Outcome, Step, Turn};
use crate::conversation::Conversation;

impl Turn {
    /// What to do in place of `effects`, whose events history did not take: nothing new is begun, and the turn ends as
    /// failed. The events are told all the same, so that the client sees an end of everything that it saw begin.
    pub fn unwritten(
        &mut self,
        conversation: &mut Conversation,
        at: i64,
        mut effects: Vec<Effect>,
        message: &str,
    ) -> Vec<Effect> {
        if self.ended {
            // The turn ends once more below, as what it has become.
            effects.retain(|effect| !is_end(effect));
        }
        let mut step = Step::new(conversation, at);
        let mut refused = Vec::new();
        for effect in effects {
            match effect {
                Effect::AskModel => {}
                Effect::RunCall(draft) => refused.push((draft.call_id.into(), Billed::No)),
                // The provider is at work already.
                Effect::TrackHosted { item_id, .. } if self.rules.capabilities.bills => {
                    refused.push((item_id, Billed::Uncertain));
                }
                Effect::TrackHosted { item_id, .. } => refused.push((item_id, Billed::No)),
                Effect::Emit(_) | Effect::CloseAnswer | Effect::CancelCalls => step.effects.push(effect),
            }
        }
        self.fail(&mut step, message.to_owned(), CodexErrorInfo::InternalServerError);
        for (item_id, billed) in refused {
            let error = ImageError { billed, ..image_error(ImageErrorKind::Storage, message) };
            self.call_ended(&mut step, &item_id, Err(Box::new(error)));
        }
        self.advance(&mut step);
        step.effects
    }

    /// Returns the event that ends an open image item as its call ended.
    pub(crate) fn ended_image(
        &self,
        at: i64,
        mut item: Box<ImageGenerationItem>,
        outcome: Result<Outcome, Box<ImageError>>,
    ) -> Vec<Event> {
        if let Err(error) = outcome.and_then(|outcome| complete(&mut item, outcome)) {
            fail(&mut item, *error);
        }
        self.ended_item(at, ThreadItem::ImageGeneration(item))
    }

    /// Returns the event that ends an open item as it is.
    pub(crate) fn ended_item(&self, at: i64, mut item: ThreadItem) -> Vec<Event> {
        let completed_at_ms = match &mut item {
            ThreadItem::UserMessage(item) => &mut item.completed_at_ms,
            ThreadItem::AgentMessage(item) => &mut item.completed_at_ms,
            ThreadItem::Reasoning(item) => &mut item.completed_at_ms,
            ThreadItem::ImageGeneration(item) => &mut item.completed_at_ms,
        };
        *completed_at_ms = Some(at);
        self.events(at, |turn, step| turn.emit_item_completed(step, item))
    }

    /// Returns the events that end the turn as failed. Its items must have ended.
    pub(crate) fn failure(&self, at: i64, message: &str) -> Vec<Event> {
        let info = Some(CodexErrorInfo::InternalServerError);
        let error = TurnError { message: message.to_owned(), codex_error_info: info, additional_details: None };
        self.events(at, |turn, step| {
            turn.emit_error(step, error.clone());
            turn.emit_status(step, ThreadStatus::Idle {});
            turn.emit_completed(step, TurnStatus::Failed, Some(error));
        })
    }

    fn events(&self, at: i64, emit: impl FnOnce(&Self, &mut Step<'_>)) -> Vec<Event> {
        let mut unused = Conversation::default();
        let mut step = Step::new(&mut unused, at);
        emit(self, &mut step);
        step.effects.into_iter().filter_map(Effect::into_event).collect()
    }
}

/// Whether this is one of the events that [`Turn::end`] closes a turn with.
fn is_end(effect: &Effect) -> bool {
    matches!(effect, Effect::Emit(Event::Error(_) | Event::ThreadStatusChanged(_) | Event::TurnCompleted(_)))
}
