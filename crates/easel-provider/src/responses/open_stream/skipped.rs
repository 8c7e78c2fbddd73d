//! Events of a response that cannot be used.
//!
//! The response continues after them, because an image that is paid for may follow. The response is complete only if
//! its last event repeats what they contained.

use super::StreamEnd;
use crate::responses::provider_error;
use crate::responses::wire::{FinalResponse, InvalidEvent, ItemContent, ResponseStatus, StreamEvent};

/// The events of a response that were skipped.
#[derive(Debug, Default)]
pub(super) struct SkippedEvents {
    /// The worst of them, and why it was skipped.
    worst: Option<(Loss, InvalidEvent)>,
}

/// What an event contained, as far as one can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Loss {
    /// Nothing: an event of the API is an object. Some gateways send words to keep a connection open.
    Nothing,
    /// An item or a part of one.
    Item,
    /// A function call.
    Call,
    /// Something larger than any model produces.
    OverLimit,
}

impl SkippedEvents {
    /// Adds an event of this name.
    pub(super) fn add(&mut self, name: &[u8], json: &[u8], invalid: InvalidEvent) {
        let is_object = json.trim_ascii_start().starts_with(b"{");
        let loss = match invalid {
            InvalidEvent::TextTooLarge | InvalidEvent::TooManyItems | InvalidEvent::NameTooLong => Loss::OverLimit,
            InvalidEvent::NotJson | InvalidEvent::NotAResponse => {
                if memchr::memmem::find(json, b"function_call").is_some() {
                    Loss::Call
                } else if is_object || name.starts_with(b"response.") {
                    Loss::Item
                } else {
                    Loss::Nothing
                }
            }
        };
        if self.worst.is_none_or(|(worst, _)| worst < loss) {
            self.worst = Some((loss, invalid));
        }
    }

    /// Returns why an event was skipped, if one was.
    pub(super) fn reason(&self) -> Option<InvalidEvent> {
        self.worst.map(|(_, invalid)| invalid)
    }

    /// Returns the end of a response that is complete according to `event` and lacks something.
    pub(super) fn find_loss(&self, event: &StreamEvent) -> Option<StreamEnd> {
        let StreamEvent::Ended(FinalResponse { status: ResponseStatus::Completed, output, invalid, .. }) = event else {
            return None;
        };
        let is_lost = |loss| match loss {
            Loss::Nothing => false,
            Loss::Item => output.is_empty(),
            Loss::Call => !output.iter().any(|item| matches!(item.content, ItemContent::FunctionCall { .. })),
            Loss::OverLimit => true,
        };
        match (invalid, self.worst) {
            // The response arrived whole, and another would have the same fault.
            (Some(invalid), _) => Some(StreamEnd::Failed(provider_error(invalid.to_string()))),
            (None, Some((loss, invalid))) if is_lost(loss) => Some(invalid.into()),
            (None, _) => None,
        }
    }
}
