//! Writes the JSON of a request in segments.

use bytes::Bytes;
use easel_imagegen::model_copy::ModelCopies;
use easel_imagegen::port::{ModelRequest, Reasoning, Reference};
use easel_protocol::input::ImageDetail;
use easel_protocol::model::ReasoningSummary;
use easel_protocol::response_item::{ContentItem, HANDLE_SCHEME, MessageRole, ResponseItem};
use serde::Serialize;

use super::shapes::{FunctionCall, InputImage, InputText, OutputMessage, ReasoningParams};
use crate::responses::body::{BodyError, CacheField, ConversationImage, Segment};
use crate::responses::prompt_cache::TextPosition;

/// The segments that have been written, and the JSON after them.
pub(super) struct BodyWriter<'a> {
    images: &'a [Reference],
    copies: &'a ModelCopies,
    /// The text that gets a breakpoint of the prompt cache.
    breakpoint: Option<TextPosition>,
    segments: Vec<Segment>,
    /// JSON after the last segment.
    json: Vec<u8>,
    /// Whether the next item needs a comma before it.
    needs_comma: bool,
}

impl<'a> BodyWriter<'a> {
    /// Creates a writer for `request`. `breakpoint` is the text that gets a breakpoint of the prompt cache.
    pub(super) fn new(request: &'a ModelRequest, breakpoint: Option<TextPosition>) -> Self {
        let (images, copies) = (request.images.as_slice(), &request.copies);
        Self { images, copies, breakpoint, segments: Vec::new(), json: Vec::new(), needs_comma: false }
    }

    pub(super) fn write_raw(&mut self, json: &str) {
        self.json.extend_from_slice(json.as_bytes());
    }

    pub(super) fn write_value(&mut self, value: &impl Serialize) -> Result<(), BodyError> {
        Ok(serde_json::to_writer(&mut self.json, value)?)
    }

    /// Ends the last segment, and returns all of them.
    pub(super) fn finish(mut self) -> Vec<Segment> {
        self.close();
        self.segments
    }

    /// Ends the current segment of JSON.
    fn close(&mut self) {
        if !self.json.is_empty() {
            self.segments.push(Segment::Json(Bytes::from(std::mem::take(&mut self.json))));
        }
    }

    pub(super) fn write_cache_field(&mut self, field: CacheField, json: String) {
        self.close();
        self.segments.push(Segment::CacheField(field, json.into()));
    }

    /// Writes effort and summary, if one of them is set. No summary is the default of the API.
    pub(super) fn write_reasoning_params(&mut self, reasoning: &Reasoning) -> Result<(), BodyError> {
        let summary = reasoning.summary.filter(|summary| *summary != ReasoningSummary::None);
        let params = ReasoningParams { effort: reasoning.effort.as_deref(), summary };
        if params.effort.is_some() || params.summary.is_some() {
            self.write_raw(r#","reasoning":"#);
            self.write_value(&params)?;
        }
        Ok(())
    }

    pub(super) fn write_reasoning(&mut self, json: Vec<u8>, is_item: bool) {
        self.close();
        self.segments.push(Segment::Reasoning { json: json.into(), is_item });
    }

    pub(super) fn write_item(&mut self, index: usize, item: &ResponseItem) -> Result<(), BodyError> {
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
                self.write_reasoning(json, true);
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
            // The caller leaves it out: it is rendered as a message before the request is built.
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
