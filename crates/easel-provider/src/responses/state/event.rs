//! The events of a response, which refer to images by number.

use std::collections::VecDeque;

use easel_imagegen::port::ModelEvent;
use easel_protocol::record::{AppliedImage, ImageError};

/// Events for the caller, in order.
pub(in super::super) type ResponseEvents = VecDeque<ResponseEvent>;

/// A model event that refers to its image by number.
#[derive(Debug)]
pub(in super::super) enum ResponseEvent {
    /// An event without an image.
    Model(ModelEvent),
    HostedPreview {
        /// The id of the hosted call.
        id: String,
        index: u32,
        image: usize,
    },
    HostedEnded {
        /// The id of the hosted call.
        id: String,
        outcome: Result<HostedImage, ImageError>,
    },
}

/// A complete image of the hosted tool.
#[derive(Debug)]
pub(in super::super) struct HostedImage {
    /// The number of the image among those of the event.
    pub(in super::super) image: usize,
    pub(in super::super) revised_prompt: Option<String>,
    pub(in super::super) applied: AppliedImage,
    pub(in super::super) request_id: Option<String>,
    pub(in super::super) generation_id: Option<String>,
}

impl From<ModelEvent> for ResponseEvent {
    fn from(event: ModelEvent) -> Self {
        Self::Model(event)
    }
}
