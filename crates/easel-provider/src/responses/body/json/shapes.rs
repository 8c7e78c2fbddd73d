//! The parts of a request that differ from those of a stored conversation.

use easel_protocol::input::ImageDetail;
use easel_protocol::model::ReasoningSummary;
use easel_protocol::response_item::ContentItem;
use serde::Serialize;

/// The parameter `reasoning`.
#[derive(Serialize)]
pub(super) struct ReasoningParams<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) effort: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) summary: Option<ReasoningSummary>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "function_call")]
pub(super) struct FunctionCall<'a> {
    pub(super) call_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) namespace: Option<&'a str>,
    pub(super) name: &'a str,
    pub(super) arguments: &'a str,
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "input_text")]
pub(super) struct InputText<'a> {
    pub(super) text: &'a str,
}

/// An image whose URL is not a handle of the thread.
#[derive(Serialize)]
#[serde(tag = "type", rename = "input_image")]
pub(super) struct InputImage<'a> {
    pub(super) image_url: &'a str,
    pub(super) detail: ImageDetail,
}

/// A message of the model. The API requires an id in its own format, but does not look it up, because it stores
/// nothing.
#[derive(Serialize)]
#[serde(tag = "type", rename = "message")]
pub(super) struct OutputMessage<'a> {
    pub(super) id: String,
    pub(super) role: &'a str,
    pub(super) status: &'a str,
    pub(super) content: Vec<OutputText<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "output_text")]
pub(super) struct OutputText<'a> {
    pub(super) text: &'a str,
    pub(super) annotations: [(); 0],
    pub(super) logprobs: [(); 0],
}

impl<'a> OutputMessage<'a> {
    /// Creates the message of the item at `index`.
    pub(super) fn new(index: usize, content: &'a [ContentItem]) -> Self {
        let texts = content.iter().filter_map(|part| match part {
            ContentItem::InputText { text } | ContentItem::OutputText { text } => {
                Some(OutputText { text, annotations: [], logprobs: [] })
            }
            // A message of the model has no images.
            ContentItem::InputImage { .. } => None,
        });
        Self { id: format!("msg_{index}"), role: "assistant", status: "completed", content: texts.collect() }
    }
}
