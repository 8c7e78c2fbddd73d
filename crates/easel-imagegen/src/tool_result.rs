//! The result of a client's tool call, in the forms in which model APIs read it.
//!
//! The pictures come in encoded: this module decides which of them a result shows, and what surrounds them.

mod choice;
mod mcp;
#[cfg(test)]
pub(crate) mod tests;
mod texts;

use std::sync::Arc;

use easel_protocol::id::CallId;
use easel_protocol::input::ImageDetail;
use easel_protocol::record::{ImageError, ImageRecord, MediaType};
use easel_protocol::response_item::ContentItem;
use easel_protocol::tool::{
    AnthropicContent, AnthropicImageSource, AnthropicToolResult, DynamicToolCallOutputContentItem, ResponsesToolResult,
    ToolCallFormat, ToolCallResult,
};

pub use choice::{PREVIEW_BYTES, PREVIEW_EDGE, Picture, choose_pictures};

/// A picture, ready to be put into a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedPicture {
    /// The format.
    pub media_type: MediaType,
    /// The bytes in base64.
    pub base64: String,
    /// Whether it is a smaller copy of the file.
    pub is_preview: bool,
}

/// What a call returned.
#[derive(Debug)]
pub struct ToolOutput<'a> {
    /// The id that the client gave to the call.
    pub call_id: &'a CallId,
    /// The images.
    pub images: &'a [ImageRecord],
    /// The pictures of the images, in the same order; `None` for an image that is not shown.
    pub pictures: Vec<Option<EncodedPicture>>,
    /// Why the call made no image, or fewer than requested.
    pub error: Option<&'a ImageError>,
    /// Whether an earlier request made the call.
    pub replayed: bool,
    /// The resolution at which the model sees the pictures.
    pub detail: ImageDetail,
}

/// The two places of a response that have a result.
pub type Formatted = (Option<ToolCallResult>, Option<Vec<DynamicToolCallOutputContentItem>>);

/// A part of a result.
enum Part {
    Picture(EncodedPicture),
    Text(Arc<str>),
}

/// Returns the result in a format: in its own place, or for the Codex app-server as the content of the response.
pub fn format(result: ToolOutput<'_>, format: ToolCallFormat) -> Formatted {
    let (call_id, detail) = (result.call_id.clone(), result.detail);
    let is_error = result.images.is_empty();
    match format {
        ToolCallFormat::Responses => {
            let output = result.into_parts().map(|part| to_responses(part, detail)).collect();
            let output = ResponsesToolResult::FunctionCallOutput { call_id, output };
            (Some(ToolCallResult::Responses(output)), None)
        }
        ToolCallFormat::Anthropic => {
            let content = result.into_parts().map(to_anthropic).collect();
            let output = AnthropicToolResult::ToolResult { tool_use_id: call_id, is_error, content };
            (Some(ToolCallResult::Anthropic(output)), None)
        }
        ToolCallFormat::Mcp => (Some(ToolCallResult::Mcp(mcp::format(result))), None),
        ToolCallFormat::Codex => (None, Some(result.into_parts().map(to_codex).collect())),
    }
}

impl ToolOutput<'_> {
    /// Returns each picture and its text, then what is missing.
    fn into_parts(self) -> impl Iterator<Item = Part> {
        let Self { images, pictures, error, .. } = self;
        let shown = images.iter().zip(pictures).flat_map(|(record, picture)| {
            let text = texts::describe_image(record, picture.as_ref());
            picture.map(Part::Picture).into_iter().chain([Part::Text(text.into())])
        });
        shown.chain(texts::describe_error(images, error).map(Part::Text))
    }
}

fn data_url(picture: &EncodedPicture) -> String {
    format!("data:{};base64,{}", picture.media_type.as_str(), picture.base64)
}

fn to_responses(part: Part, detail: ImageDetail) -> ContentItem {
    match part {
        Part::Picture(picture) => ContentItem::InputImage { image_url: data_url(&picture), detail: Some(detail) },
        Part::Text(text) => ContentItem::InputText { text },
    }
}

fn to_anthropic(part: Part) -> AnthropicContent {
    match part {
        Part::Picture(EncodedPicture { media_type, base64, .. }) => {
            AnthropicContent::Image { source: AnthropicImageSource::Base64 { media_type, data: base64 } }
        }
        Part::Text(text) => AnthropicContent::Text { text },
    }
}

fn to_codex(part: Part) -> DynamicToolCallOutputContentItem {
    match part {
        Part::Picture(picture) => DynamicToolCallOutputContentItem::InputImage { image_url: data_url(&picture) },
        Part::Text(text) => DynamicToolCallOutputContentItem::InputText { text },
    }
}
