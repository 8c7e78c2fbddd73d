//! The end of a turn: the reasons to stop, and the last events.

use easel_protocol::thread::ThreadStatus;
use easel_protocol::tool::ToolExposure;
use easel_protocol::turn::{CodexErrorInfo, TurnError, TurnStatus};

use super::{Effect, Purpose, ResponseState, Step, Turn};
use crate::config::CallLimits;

/// The message of a turn that closed a response before anything of an image arrived.
const LOST_IMAGE: &str = "The provider may have made and billed an image that did not arrive.";

/// Why the turn sends no more requests to the model.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum StopReason {
    Interrupted,
    Failed(TurnError),
}

impl Turn {
    /// Applies limits that have changed. A turn of a model follows them only if they are stricter: what it was offered
    /// once and lost does not come back. Each call of a host turn follows the limits of its moment.
    ///
    /// If the tool was turned off, closes a response that may make hosted images, because nothing else prevents the
    /// provider from making one.
    pub(super) fn change_limits(&mut self, step: &mut Step<'_>, limits: CallLimits) {
        let CallLimits { withdrawn, max_images } = limits;
        if self.purpose == Purpose::Host {
            (self.withdrawn, self.config.max_images) = (withdrawn, max_images);
            return;
        }
        self.config.max_images = self.config.max_images.min(max_images);
        let (Some(reason), None) = (withdrawn, self.withdrawn) else { return };
        self.withdrawn = Some(reason);
        if self.response == ResponseState::Open && self.requested_with == ToolExposure::Hosted {
            let message = "Image generation was turned off during the model's response, so the response was cancelled. \
                           Images that had arrived are kept.";
            self.fail(step, message.to_owned(), CodexErrorInfo::Other);
        }
    }

    pub(super) fn fail(&mut self, step: &mut Step<'_>, message: String, info: CodexErrorInfo) {
        let error = TurnError { message, codex_error_info: Some(info), additional_details: None };
        self.stop(step, StopReason::Failed(error));
    }

    /// Stops the turn. The first reason is the one that the client sees.
    pub(super) fn stop(&mut self, step: &mut Step<'_>, reason: StopReason) {
        if self.response == ResponseState::Open {
            let is_hosted = self.requested_with == ToolExposure::Hosted;
            self.response = if is_hosted { ResponseState::Closing } else { ResponseState::Closed };
            step.effects.push(Effect::CloseResponse);
        }
        // After a failure, running calls continue: they may be billed already, and each has its own deadline.
        if reason == StopReason::Interrupted {
            step.effects.push(Effect::CancelCalls);
        }
        self.stop_reason.get_or_insert(reason);
    }

    /// Closes a response that made more hosted images than the turn or the limits of spending allow, because it might
    /// never stop.
    pub(super) fn check_image_limit(&mut self, step: &mut Step<'_>) {
        if self.response != ResponseState::Open || self.requested_with != ToolExposure::Hosted {
            return;
        }
        let max = self.config.max_images;
        if self.calls.images() > max {
            let message = format!(
                "The model made more images than `limits.images_per_turn` allows ({max}). They are kept; the response \
                 was cancelled."
            );
            self.fail(step, message, CodexErrorInfo::Other);
        } else if let Some(reason) = &self.limit_reached {
            let message = format!(
                "A limit does not allow another image: {reason}. The images are kept; the response was cancelled."
            );
            self.fail(step, message, CodexErrorInfo::Other);
        }
    }

    pub(super) fn end(&mut self, step: &mut Step<'_>) {
        self.announce_images(step);
        let lost = self.has_lost_image.then_some(LOST_IMAGE);
        let (status, error) = match self.stop_reason.clone() {
            None => (TurnStatus::Completed, None),
            Some(StopReason::Interrupted) => {
                (TurnStatus::Interrupted, lost.map(|message| other_error(message.to_owned())))
            }
            Some(StopReason::Failed(error)) => {
                let message = [Some(&*error.message), lost].into_iter().flatten().collect::<Vec<_>>().join(" ");
                (TurnStatus::Failed, Some(TurnError { message, ..error }))
            }
        };
        if let (TurnStatus::Failed, Some(error)) = (status, &error) {
            self.emit_error(step, error.clone());
        }
        self.emit_status(step, ThreadStatus::Idle {});
        self.emit_completed(step, status, error);
        self.has_ended = true;
    }
}

fn other_error(message: String) -> TurnError {
    TurnError { message, codex_error_info: Some(CodexErrorInfo::Other), additional_details: None }
}
