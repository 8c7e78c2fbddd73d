//! The JSON of a request around its images.

use bytes::Bytes;
use easel_imagegen::model_copy::ModelCopies;
use easel_imagegen::port::{ModelRequest, Reasoning, Reference};
use easel_protocol::input::ImageDetail;
use easel_protocol::model::ReasoningSummary;
use easel_protocol::response_item::{ContentItem, HANDLE_SCHEME, MessageRole, ResponseItem};
use serde::Serialize;

use super::{BodyError, CacheField, CacheFields, ConversationImage, Segment};
use crate::responses::prompt_cache::{TextPosition, find_breakpoint};

/// Returns the segments of the body of `request`, with or without the reasoning that was kept for the provider.
///
/// # Errors
///
/// Fails if the conversation names an unknown image.
pub(super) fn build_segments(
    request: &ModelRequest,
    cache_fields: CacheFields,
    keep_reasoning: bool,
) -> Result<Vec<Segment>, BodyError> {
    let input = select_items(&request.input, keep_reasoning);
    let breakpoint = if cache_fields.breakpoint { find_breakpoint(input.iter().copied()) } else { None };
    let (images, copies) = (&request.images, &request.copies);
    let mut writer =
        BodyWriter { images, copies, breakpoint, segments: Vec::new(), json: Vec::new(), needs_comma: false };
    writer.write_raw(r#"{"model":"#);
    writer.write_value(&request.model)?;
    writer.write_raw(r#","instructions":"#);
    writer.write_value(&request.instructions)?;
    // The provider must not store the conversation.
    writer.write_raw(r#","stream":true,"store":false"#);
    if cache_fields.key {
        let key = serde_json::to_string(&request.thread_id)?;
        writer.write_cache_field(CacheField::Key, format!(r#","prompt_cache_key":{key}"#));
    }
    writer.write_reasoning_params(&request.reasoning)?;
    if keep_reasoning {
        writer.push_reasoning(br#","include":["reasoning.encrypted_content"]"#.to_vec(), false);
    }
    if !request.tools.is_empty() {
        writer.write_raw(r#","tool_choice":"auto","parallel_tool_calls":true,"tools":"#);
        writer.write_value(&request.tools)?;
    }
    if let Some(schema) = &request.output_schema {
        writer.write_raw(r#","text":{"format":{"type":"json_schema","name":"output","strict":true,"schema":"#);
        writer.write_value(schema)?;
        writer.write_raw("}}");
    }
    writer.write_raw(r#","input":["#);
    for (index, item) in input.into_iter().enumerate() {
        writer.write_item(index, item)?;
    }
    writer.write_raw("]}");
    writer.close();
    Ok(writer.segments)
}

/// Returns the items that are sent.
///
/// An image without a result was never generated, and the API has no item for that. Reasoning is sent only before an
/// item of the model, without which the API refuses it; the image after it may have become a line of text.
fn select_items(input: &[ResponseItem], keep_reasoning: bool) -> Vec<&ResponseItem> {
    let mut is_followed = false;
    let mut items: Vec<&ResponseItem> = Vec::with_capacity(input.len());
    for item in input.iter().rev().filter(|item| !is_empty(item)) {
        if let ResponseItem::Reasoning { .. } = item {
            items.extend((keep_reasoning && is_followed).then_some(item));
        } else {
            is_followed = is_of_model(item);
            items.push(item);
        }
    }
    items.reverse();
    items
}

/// Whether the model wrote the item.
fn is_of_model(item: &ResponseItem) -> bool {
    match item {
        ResponseItem::Message { role, .. } => *role == MessageRole::Assistant,
        ResponseItem::Reasoning { .. }
        | ResponseItem::FunctionCall { .. }
        | ResponseItem::ImageGenerationCall { .. } => true,
        ResponseItem::FunctionCallOutput { .. } | ResponseItem::ContextCompaction(_) => false,
    }
}

fn is_empty(item: &ResponseItem) -> bool {
    match item {
        ResponseItem::ImageGenerationCall { result, .. } => result.is_empty(),
        // Rendered as a message before the request is built.
        ResponseItem::ContextCompaction(_) => true,
        ResponseItem::Message { .. }
        | ResponseItem::Reasoning { .. }
        | ResponseItem::FunctionCall { .. }
        | ResponseItem::FunctionCallOutput { .. } => false,
    }
}

struct BodyWriter<'a> {
    images: &'a [Reference],
    copies: &'a ModelCopies,
    /// The text that gets a breakpoint of the prompt cache.
    breakpoint: Option<TextPosition>,
    segments: Vec<Segment>,
    /// JSON after the last segment.
    json: Vec<u8>,
    /// Whether a comma stands before the next item.
    needs_comma: bool,
}

/// The parameter `reasoning`.
#[derive(Serialize)]
struct ReasoningParams<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    effort: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<ReasoningSummary>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "function_call")]
struct FunctionCall<'a> {
    call_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    name: &'a str,
    arguments: &'a str,
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "input_text")]
struct InputText<'a> {
    text: &'a str,
}

/// An image whose URL is not a handle of the thread.
#[derive(Serialize)]
#[serde(tag = "type", rename = "input_image")]
struct InputImage<'a> {
    image_url: &'a str,
    detail: ImageDetail,
}

/// A message of the model. The API requires an id in its own format, but does not look it up, because it stores
/// nothing.
#[derive(Serialize)]
#[serde(tag = "type", rename = "message")]
struct OutputMessage<'a> {
    id: String,
    role: &'a str,
    status: &'a str,
    content: Vec<OutputText<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "type", rename = "output_text")]
struct OutputText<'a> {
    text: &'a str,
    annotations: [(); 0],
    logprobs: [(); 0],
}

impl<'a> OutputMessage<'a> {
    fn new(index: usize, content: &'a [ContentItem]) -> Self {
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

impl BodyWriter<'_> {
    fn write_raw(&mut self, json: &str) {
        self.json.extend_from_slice(json.as_bytes());
    }

    fn write_value(&mut self, value: &impl Serialize) -> Result<(), BodyError> {
        Ok(serde_json::to_writer(&mut self.json, value)?)
    }

    /// Ends the current segment of JSON.
    fn close(&mut self) {
        if !self.json.is_empty() {
            self.segments.push(Segment::Json(Bytes::from(std::mem::take(&mut self.json))));
        }
    }

    fn write_cache_field(&mut self, field: CacheField, json: String) {
        self.close();
        self.segments.push(Segment::CacheField(field, json.into()));
    }

    /// Writes effort and summary, if one of them is set. No summary is the default of the API.
    fn write_reasoning_params(&mut self, reasoning: &Reasoning) -> Result<(), BodyError> {
        let summary = reasoning.summary.filter(|summary| *summary != ReasoningSummary::None);
        let params = ReasoningParams { effort: reasoning.effort.as_deref(), summary };
        if params.effort.is_some() || params.summary.is_some() {
            self.write_raw(r#","reasoning":"#);
            self.write_value(&params)?;
        }
        Ok(())
    }

    fn push_reasoning(&mut self, json: Vec<u8>, is_item: bool) {
        self.close();
        self.segments.push(Segment::Reasoning { json: json.into(), is_item });
    }

    fn write_item(&mut self, index: usize, item: &ResponseItem) -> Result<(), BodyError> {
        if std::mem::replace(&mut self.needs_comma, true) {
            self.write_raw(",");
        }
        match item {
            ResponseItem::Message { role: MessageRole::Assistant, content } => {
                return self.write_value(&OutputMessage::new(index, content));
            }
            ResponseItem::Message { role, content } => {
                self.write_raw(r#"{"type":"message","role":"#);
                self.write_value(role)?;
                self.write_raw(r#","content":"#);
                self.write_content(index, content)
            }
            // Another item always follows.
            ResponseItem::Reasoning { .. } => {
                let mut json = serde_json::to_vec(item)?;
                json.push(b',');
                self.push_reasoning(json, true);
                self.needs_comma = false;
                return Ok(());
            }
            ResponseItem::FunctionCall { call_id, namespace, name, arguments } => {
                let namespace = namespace.as_deref();
                return self.write_value(&FunctionCall { call_id, namespace, name, arguments });
            }
            ResponseItem::FunctionCallOutput { call_id, output } => {
                self.write_raw(r#"{"type":"function_call_output","call_id":"#);
                self.write_value(call_id)?;
                self.write_raw(r#","output":"#);
                self.write_content(index, output)
            }
            // The API does not accept `revised_prompt` in a request.
            ResponseItem::ImageGenerationCall { id, status, revised_prompt: _, result } => {
                let (id, status) = (serde_json::to_string(id)?, serde_json::to_string(status)?);
                let before = format!(r#"{{"type":"image_generation_call","id":{id},"status":{status},"result":"#);
                match self.find_image(result)? {
                    None => {
                        self.write_raw(&before);
                        self.write_value(result)?;
                        self.write_raw("}");
                    }
                    Some(image) => {
                        self.close();
                        let (before, after) = (before + "\"", "\"}".to_owned());
                        // The image of a hosted call is the one that the provider drew.
                        let image = ConversationImage::new(image, None, index, None, before, after);
                        self.segments.push(Segment::Image(image));
                    }
                }
                return Ok(());
            }
            // Not part of the input, see `is_empty`.
            ResponseItem::ContextCompaction(_) => return Ok(()),
        }?;
        self.write_raw("}");
        Ok(())
    }

    fn write_content(&mut self, item: usize, content: &[ContentItem]) -> Result<(), BodyError> {
        self.write_raw("[");
        for (part, content) in content.iter().enumerate() {
            if part > 0 {
                self.write_raw(",");
            }
            match content {
                ContentItem::InputText { text } | ContentItem::OutputText { text } => {
                    self.write_value(&InputText { text })?;
                    if self.breakpoint == Some(TextPosition { item, part }) {
                        self.add_breakpoint();
                    }
                }
                ContentItem::InputImage { image_url, detail } => {
                    // The default of the API, which some servers require explicitly.
                    let detail = detail.unwrap_or(ImageDetail::Auto);
                    match self.find_image(image_url)? {
                        None => self.write_value(&InputImage { image_url, detail })?,
                        Some(image) => self.write_input_image(image, item, part, detail)?,
                    }
                }
            }
        }
        self.write_raw("]");
        Ok(())
    }

    /// Adds a breakpoint to the text that was just written.
    fn add_breakpoint(&mut self) {
        // The end of the object.
        self.json.pop();
        let json = r#","prompt_cache_breakpoint":{"mode":"explicit"}"#;
        self.write_cache_field(CacheField::Breakpoint, json.to_owned());
        self.write_raw("}");
    }

    fn write_input_image(
        &mut self,
        image: Reference,
        item: usize,
        part: usize,
        detail: ImageDetail,
    ) -> Result<(), BodyError> {
        let before = r#"{"type":"input_image","image_url":""#.to_owned();
        let after = format!(r#"","detail":{}}}"#, serde_json::to_string(&detail)?);
        let copy = image.id.as_ref().and_then(|id| self.copies.get(id)).cloned();
        self.close();
        let image = ConversationImage::new(image, copy, item, Some(part), before, after);
        self.segments.push(Segment::Image(image));
        Ok(())
    }

    /// Returns the image of the thread whose handle is in `url`. Returns `None` for a URL without a handle.
    fn find_image(&self, url: &str) -> Result<Option<Reference>, BodyError> {
        let Some(handle) = url.strip_prefix(HANDLE_SCHEME) else { return Ok(None) };
        let image = self.images.iter().find(|image| image.id.as_deref() == Some(handle));
        let image = image.ok_or_else(|| BodyError::UnknownImage(handle.to_owned()))?;
        Ok(Some(image.clone()))
    }
}
