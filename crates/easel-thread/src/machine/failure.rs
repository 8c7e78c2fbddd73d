//! Turns that cannot continue: history cannot be written, or the turn runner panicked and the open items must end.

use easel_imagegen::port::image_error;
use easel_protocol::event::Event;
use easel_protocol::item::{ImageGenerationItem, ThreadItem};
use easel_protocol::record::{Billed, ImageError, ImageErrorKind};
use easel_protocol::thread::ThreadStatus;
use easel_protocol::turn::{CodexErrorInfo, TurnError, TurnStatus};

use super::{CallOutput, Effect, HostCall, Step, Turn, image_item};
use crate::conversation::Conversation;

impl Turn {
    /// Replaces `effects` after a failed write: starts no new work and fails the turn, but still emits the events, so
    /// that clients see every item end.
    pub(super) fn on_persist_failed(
        &mut self,
        step: &mut Step<'_>,
        mut effects: Vec<Effect>,
        message: &str,
        host_calls: Vec<HostCall>,
    ) {
        if self.has_ended {
            // The turn ends again below, now as failed.
            effects.retain(|effect| !ends_turn(effect));
        }
        let mut not_run = Vec::new();
        for effect in effects {
            match effect {
                Effect::RequestResponse => {}
                Effect::RunCall { item_id, .. } => not_run.push((item_id, Billed::No)),
                // The provider is already making the image.
                Effect::TrackHosted { item_id, .. } if self.config.capabilities.bills => {
                    not_run.push((item_id, Billed::Uncertain));
                }
                Effect::TrackHosted { item_id, .. } => not_run.push((item_id, Billed::No)),
                // A call that waits for this effect would wait for ever.
                Effect::Emit(_) | Effect::CloseResponse | Effect::CancelCalls | Effect::AskApproval { .. } => {
                    step.effects.push(effect);
                }
            }
        }
        self.fail(step, message.to_owned(), CodexErrorInfo::InternalServerError);
        for (item_id, billed) in not_run {
            let error = ImageError { billed, ..image_error(ImageErrorKind::Storage, message) };
            self.on_call_ended(step, &item_id, Err(Box::new(error)));
        }
        self.start_host_calls(step, host_calls);
    }

    /// Returns the event that completes an open image item with the outcome of its call.
    pub(crate) fn complete_image(
        &self,
        at: i64,
        mut item: Box<ImageGenerationItem>,
        outcome: Result<CallOutput, Box<ImageError>>,
    ) -> Vec<Event> {
        if let Err(error) = outcome.and_then(|output| image_item::complete(&mut item, output)) {
            image_item::fail(&mut item, *error);
        }
        self.complete_open_item(at, ThreadItem::ImageGeneration(item))
    }

    /// Returns the event that completes an open item as it is.
    pub(crate) fn complete_open_item(&self, at: i64, mut item: ThreadItem) -> Vec<Event> {
        let completed_at_ms = match &mut item {
            ThreadItem::UserMessage(item) => &mut item.completed_at_ms,
            ThreadItem::AgentMessage(item) => &mut item.completed_at_ms,
            ThreadItem::Reasoning(item) => &mut item.completed_at_ms,
            ThreadItem::ImageGeneration(item) => &mut item.completed_at_ms,
            ThreadItem::ContextCompaction(item) => &mut item.completed_at_ms,
        };
        *completed_at_ms = Some(at);
        self.collect_events(at, |turn, step| turn.emit_item_completed(step, item))
    }

    /// Returns the events that end the turn as failed. Its items must have ended.
    pub(crate) fn failure_events(&self, at: i64, message: &str) -> Vec<Event> {
        let info = Some(CodexErrorInfo::InternalServerError);
        let error = TurnError { message: message.to_owned(), codex_error_info: info, additional_details: None };
        self.collect_events(at, |turn, step| {
            turn.emit_error(step, error.clone());
            turn.emit_status(step, ThreadStatus::Idle {});
            turn.emit_completed(step, TurnStatus::Failed, Some(error));
        })
    }

    fn collect_events(&self, at: i64, emit: impl FnOnce(&Self, &mut Step<'_>)) -> Vec<Event> {
        let mut unused = Conversation::default();
        let mut step = Step::new(&mut unused, at);
        emit(self, &mut step);
        step.effects.into_iter().filter_map(Effect::into_event).collect()
    }
}

/// Returns whether the effect is one of those with which [`Turn::end`] ends a turn.
fn ends_turn(effect: &Effect) -> bool {
    matches!(effect, Effect::Emit(Event::Error(_) | Event::ThreadStatusChanged(_) | Event::TurnCompleted(_)))
}
