//! The JSON of a request, written around the pictures.

use bytes::Bytes;
use easel_imagegen::port::{ModelRequest, Reference};
use easel_protocol::input::ImageDetail;
use easel_protocol::response_item::{ContentItem, HANDLE_SCHEME, MessageRole, ResponseItem};
use serde::Serialize;

use super::{Picture, Piece};

pub(super) fn pieces(request: &ModelRequest) -> Result<Vec<Piece>, String> {
    let mut draft = PlannedCall { images: &request.images, pieces: Vec::new(), json: Vec::new() };
    draft.raw(r#"{"model":"#);
    draft.value(&request.model)?;
    draft.raw(r#","instructions":"#);
    draft.value(&request.instructions)?;
    // Nothing of the conversation stays at the provider.
    draft.raw(r#","stream":true,"store":false"#);
    if !request.tools.is_empty() {
        draft.raw(r#","tool_choice":"auto","parallel_tool_calls":true,"tools":"#);
        draft.value(&request.tools)?;
    }
    if let Some(schema) = &request.output_schema {
        draft.raw(r#","text":{"format":{"type":"json_schema","name":"output","strict":true,"schema":"#);
        draft.value(schema)?;
        draft.raw("}}");
    }
    draft.raw(r#","input":["#);
    // An image without a result never came to be, and there is no way to say so.
    let input = request.input.iter().filter(|item| !is_empty(item));
    for (index, item) in input.enumerate() {
        if index > 0 {
            draft.raw(",");
        }
        draft.item(index, item)?;
    }
    draft.raw("]}");
    draft.close();
    Ok(draft.pieces)
}

fn is_empty(item: &ResponseItem) -> bool {
    match item {
        ResponseItem::ImageGenerationCall { result, .. } => result.is_empty(),
        ResponseItem::Message { .. } | ResponseItem::FunctionCall { .. } | ResponseItem::FunctionCallOutput { .. } => {
            false
        }
    }
}

struct PlannedCall<'a> {
    images: &'a [Reference],
    pieces: Vec<Piece>,
    /// What was written since the last picture.
    json: Vec<u8>,
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

/// A picture at any other URL than the thread's own.
#[derive(Serialize)]
#[serde(tag = "type", rename = "input_image")]
struct InputImage<'a> {
    image_url: &'a str,
    detail: ImageDetail,
}

/// What the model said. The API wants an id of its own form; nothing of it is looked up, as nothing is stored there.
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
        let texts = content.iter().filter_map(|piece| match piece {
            ContentItem::InputText { text } | ContentItem::OutputText { text } => {
                Some(OutputText { text, annotations: [], logprobs: [] })
            }
            // A model says no pictures.
            ContentItem::InputImage { .. } => None,
        });
        Self { id: format!("msg_{index}"), role: "assistant", status: "completed", content: texts.collect() }
    }
}

impl PlannedCall<'_> {
    fn raw(&mut self, json: &str) {
        self.json.extend_from_slice(json.as_bytes());
    }

    fn value(&mut self, value: &impl Serialize) -> Result<(), String> {
        serde_json::to_writer(&mut self.json, value).map_err(|error| unwritable(&error))
    }

    fn close(&mut self) {
        if !self.json.is_empty() {
            self.pieces.push(Piece::Json(Bytes::from(std::mem::take(&mut self.json))));
        }
    }

    fn item(&mut self, index: usize, item: &ResponseItem) -> Result<(), String> {
        match item {
            ResponseItem::Message { role: MessageRole::Assistant, content } => {
                return self.value(&OutputMessage::new(index, content));
            }
            ResponseItem::Message { role, content } => {
                self.raw(r#"{"type":"message","role":"#);
                self.value(role)?;
                self.raw(r#","content":"#);
                self.content(index, content)
            }
            ResponseItem::FunctionCall { call_id, namespace, name, arguments } => {
                let namespace = namespace.as_deref();
                return self.value(&FunctionCall { call_id, namespace, name, arguments });
            }
            ResponseItem::FunctionCallOutput { call_id, output } => {
                self.raw(r#"{"type":"function_call_output","call_id":"#);
                self.value(call_id)?;
                self.raw(r#","output":"#);
                self.content(index, output)
            }
            // The API takes no `revised_prompt` back.
            ResponseItem::ImageGenerationCall { id, status, revised_prompt: _, result } => {
                let (id, status) = (json(id)?, json(status)?);
                let before = format!(r#"{{"type":"image_generation_call","id":{id},"status":{status},"result":"#);
                match self.image(result)? {
                    None => {
                        self.raw(&before);
                        self.value(result)?;
                        self.raw("}");
                    }
                    Some(image) => {
                        self.close();
                        let (before, after) = (before + "\"", b"\"}".to_vec());
                        let picture = Picture::new(image, index, None, before.into_bytes(), after);
                        self.pieces.push(Piece::Picture(picture));
                    }
                }
                return Ok(());
            }
        }?;
        self.raw("}");
        Ok(())
    }

    fn content(&mut self, item: usize, content: &[ContentItem]) -> Result<(), String> {
        self.raw("[");
        for (part, piece) in content.iter().enumerate() {
            if part > 0 {
                self.raw(",");
            }
            match piece {
                ContentItem::InputText { text } | ContentItem::OutputText { text } => {
                    self.value(&InputText { text })?;
                }
                ContentItem::InputImage { image_url, detail } => {
                    // The API's own default, which some servers want to be told.
                    let detail = detail.unwrap_or(ImageDetail::Auto);
                    match self.image(image_url)? {
                        None => self.value(&InputImage { image_url, detail })?,
                        Some(image) => self.picture(image, item, part, detail)?,
                    }
                }
            }
        }
        self.raw("]");
        Ok(())
    }

    fn picture(&mut self, image: Reference, item: usize, part: usize, detail: ImageDetail) -> Result<(), String> {
        let media_type = image.facts.media_type.as_str();
        let before = format!(r#"{{"type":"input_image","image_url":"data:{media_type};base64,"#);
        let after = format!(r#"","detail":{}}}"#, json(&detail)?);
        self.close();
        let picture = Picture::new(image, item, Some(part), before.into_bytes(), after.into_bytes());
        self.pieces.push(Piece::Picture(picture));
        Ok(())
    }

    /// The picture of the thread that a URL names, unless it is another URL.
    fn image(&self, url: &str) -> Result<Option<Reference>, String> {
        let Some(handle) = url.strip_prefix(HANDLE_SCHEME) else { return Ok(None) };
        let image = self.images.iter().find(|image| image.id.as_deref() == Some(handle));
        let image = image.ok_or_else(|| format!("the image {handle} of the conversation is not there"))?;
        Ok(Some(image.clone()))
    }
}

fn json(value: &impl Serialize) -> Result<String, String> {
    serde_json::to_string(value).map_err(|error| unwritable(&error))
}

fn unwritable(error: &serde_json::Error) -> String {
    format!("the request cannot be written: {error}")
}
