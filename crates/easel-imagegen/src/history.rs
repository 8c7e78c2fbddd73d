//! The stored conversation of a thread, and how a model reads it.
//!
//! The size of a request is bounded. Only some of the newest images are sent (`window`), and every image, sent or
//! not, is described by a line of text (`render`). A conversation that has grown too long is compacted ([`compact`]): a
//! `catalogue` takes the place of its older turns.

mod catalogue;
mod compaction;
mod copies;
mod render;
mod window;

#[cfg(test)]
mod tests;

use easel_protocol::response_item::{ContentItem, MessageRole, ResponseItem};

use crate::port::ThreadImage;
pub use compaction::{Compaction, CompactionLimits, compact};
pub use copies::images_to_copy;
pub use render::{render_for_model, render_item, to_handles};
pub use window::{ImageBudget, MAX_DATA_URL_IMAGE_BYTES};

/// A conversation as it is stored: its items refer to images by their handles.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    /// Oldest first. A [`ResponseItem::ContextCompaction`] stands for older turns and is the first item.
    pub items: Vec<ResponseItem>,
    /// The images of the thread, oldest first, without those that were deleted.
    pub images: Vec<ThreadImage>,
}

impl History {
    /// Returns what the user wrote in the newest user message, one part a line.
    pub fn last_user_text(&self) -> String {
        let content = self.items.iter().rev().find_map(|item| match item {
            ResponseItem::Message { role: MessageRole::User, content } => Some(content.as_slice()),
            ResponseItem::Message { .. }
            | ResponseItem::Reasoning { .. }
            | ResponseItem::FunctionCall { .. }
            | ResponseItem::FunctionCallOutput { .. }
            | ResponseItem::ImageGenerationCall { .. }
            | ResponseItem::ContextCompaction(_) => None,
        });
        let texts = content.unwrap_or_default().iter().filter_map(|part| match part {
            ContentItem::InputText { text } => Some(&**text),
            ContentItem::OutputText { .. } | ContentItem::InputImage { .. } => None,
        });
        texts.collect::<Vec<_>>().join("\n")
    }
}

/// Returns the size of the texts of a message or an output, in bytes.
pub fn content_bytes(content: &[ContentItem]) -> usize {
    let bytes = content.iter().map(|part| match part {
        ContentItem::InputText { text } | ContentItem::OutputText { text } => text.len(),
        ContentItem::InputImage { .. } => 0,
    });
    bytes.sum()
}
