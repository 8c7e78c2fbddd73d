//! The end of a response that is not complete.

use easel_imagegen::port::ModelError;

use crate::http::LimitReached;
use crate::responses::provider_error;
use crate::responses::wire::InvalidEvent;

/// The reason why a response ended before it was complete.
#[derive(Debug)]
pub(in super::super) enum StreamEnd {
    /// The response was truncated or damaged on its way. Another attempt may succeed.
    Truncated(ModelError),
    /// Another attempt would fail for the same reason.
    Failed(ModelError),
    LimitReached(LimitReached),
}

impl From<LimitReached> for StreamEnd {
    fn from(reason: LimitReached) -> Self {
        Self::LimitReached(reason)
    }
}

impl From<ModelError> for StreamEnd {
    fn from(error: ModelError) -> Self {
        Self::Failed(error)
    }
}

impl From<InvalidEvent> for StreamEnd {
    fn from(invalid: InvalidEvent) -> Self {
        let error = provider_error(invalid.to_string());
        match invalid {
            InvalidEvent::NotJson => Self::Truncated(error),
            // Another response would be the same.
            InvalidEvent::NotAResponse
            | InvalidEvent::TextTooLarge
            | InvalidEvent::TooManyItems
            | InvalidEvent::NameTooLong => Self::Failed(error),
        }
    }
}
