//! The events that Easel uses.

use easel_imagegen::port::ReasoningPart;
use serde_json::Value;

use super::final_response::FinalResponse;
use super::item::{Item, ItemContent, ItemKey};

/// An event that Easel uses. All others are [`StreamEvent::Other`].
#[derive(Debug)]
pub(in super::super) enum StreamEvent {
    TextDelta {
        key: ItemKey,
        delta: String,
    },
    /// A part of the model's reasoning starts. Its number is the provider's.
    ReasoningPartAdded {
        key: ItemKey,
        part: ReasoningPart,
    },
    ReasoningDelta {
        key: ItemKey,
        part: ReasoningPart,
        delta: String,
    },
    /// The whole text of a part.
    ReasoningTextDone {
        key: ItemKey,
        part: ReasoningPart,
        text: String,
    },
    ItemAdded(Item),
    ItemDone(Item),
    /// The hosted tool has started an image.
    ImageStarted {
        key: ItemKey,
    },
    /// An unfinished image.
    ImagePreview {
        key: ItemKey,
        index: u32,
        /// The number of the image among those of the event.
        image: Option<usize>,
    },
    Ended(FinalResponse),
    Error(Value),
    Other,
}

impl StreamEvent {
    /// Forgets the results for which `is_usable` returns `false`.
    pub(in super::super) fn retain_results(&mut self, is_usable: impl Fn(usize) -> bool) {
        let items = match self {
            Self::ItemDone(item) => std::slice::from_mut(item),
            Self::Ended(response) => response.output.as_mut_slice(),
            Self::TextDelta { .. }
            | Self::ReasoningPartAdded { .. }
            | Self::ReasoningDelta { .. }
            | Self::ReasoningTextDone { .. }
            | Self::ItemAdded(_)
            | Self::ImageStarted { .. }
            | Self::ImagePreview { .. }
            | Self::Error(_)
            | Self::Other => return,
        };
        for item in items {
            if let ItemContent::Image(image) = &mut item.content {
                image.result = image.result.filter(|number| is_usable(*number));
            }
        }
    }
}
