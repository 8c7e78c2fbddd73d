//! Splits the bytes of a response into documents: JSON with its images on disk. All functions block on disk I/O.

use std::sync::Arc;

use easel_imagegen::port::{Files, Preview, PreviewSink};
use serde_json::{Value, json};

use super::receive::{ReceiveError, Received};
use crate::http::sse::{Frame, Parser};
use crate::http::{BodyFormat, FormatDetector};
use crate::json_images::{BodyAssembler, ImageKeys, ImagePart, stage_preview};

/// One JSON text and its images. The JSON contains the number of its part in place of each image.
pub(super) struct Document<W> {
    pub(super) json: Value,
    pub(super) parts: Vec<ImagePart<W>>,
}

impl<W> Document<W> {
    /// Creates a document for images from JSON that cannot be used.
    fn from_parts(parts: Vec<ImagePart<W>>) -> Self {
        let images: Vec<Value> = (0..parts.len()).map(|part| json!({"b64_json": part})).collect();
        Self { json: json!({"data": images}), parts }
    }

    fn has_image(&self) -> bool {
        self.parts.iter().any(ImagePart::is_complete) || self.json.get("url").is_some_and(Value::is_string)
    }
}

/// Reads the chunks of a response.
pub(super) struct Reader<F: Files> {
    format: FormatDetector,
    parser: Parser,
    document: BodyAssembler<F>,
    files: Arc<F>,
    /// Absent if the job asks for no previews.
    previews: Option<PreviewSink>,
    limit: usize,
    /// Final images, errors and complete responses.
    documents: Vec<Document<F::Writer>>,
    /// The last images whose events do not say whether they are final. They count as final if no other image does.
    untyped: Vec<Document<F::Writer>>,
    /// Whether a preview has arrived. An image without a type may then be a preview too.
    has_previews: bool,
    /// Whether an event has arrived.
    has_events: bool,
    /// Whether the stream has sent its end marker.
    has_ended: bool,
}

/// The kind of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EventKind {
    /// A final image, an error, or a complete response sent as an event.
    Final,
    Preview,
    Untyped,
}

impl EventKind {
    /// Classifies an event. Servers send the kind as the name of the event, in its JSON, or in both.
    fn classify(event: &[u8], json: &Value) -> Self {
        let kind = json.get("type").and_then(Value::as_str).unwrap_or_default();
        let names = [event, kind.as_bytes()];
        let is_array = |field: &str| json.get(field).is_some_and(Value::is_array);
        let has = |field: &str| json.get(field).is_some_and(|value| !value.is_null());
        if names.iter().any(|name| is_preview(name)) {
            Self::Preview
        } else if names.iter().any(|name| is_final(name)) || is_array("data") || has("error") {
            Self::Final
        } else if has("partial_image_index") {
            Self::Preview
        } else {
            Self::Untyped
        }
    }
}

/// Adds the name of an error event as its type, if the JSON has no type.
fn with_error_type(mut json: Value, event: &[u8]) -> Value {
    if let (Value::Object(fields), Ok(name @ "error")) = (&mut json, std::str::from_utf8(event)) {
        fields.entry("type").or_insert_with(|| name.into());
    }
    json
}

/// Returns whether an event of this name contains an unfinished image.
fn is_preview(name: &[u8]) -> bool {
    name.ends_with(b"partial_image")
}

fn is_final(name: &[u8]) -> bool {
    matches!(name, b"image_generation.completed" | b"image_edit.completed" | b"error")
}

fn complete_images<W>(documents: &[Document<W>]) -> usize {
    documents.iter().flat_map(|document| &document.parts).filter(|part| part.is_complete()).count()
}

impl<F: Files> Reader<F> {
    /// Creates a reader that keeps up to `limit` images.
    pub(super) fn new(files: Arc<F>, limit: usize, previews: Option<PreviewSink>) -> Self {
        Self {
            format: FormatDetector::default(),
            parser: Parser::default(),
            document: BodyAssembler::new(ImageKeys::Images, Arc::clone(&files), limit),
            files,
            previews,
            limit,
            documents: Vec::new(),
            untyped: Vec::new(),
            has_previews: false,
            has_events: false,
            has_ended: false,
        }
    }

    /// Returns whether the rest of a stream does not need to be read.
    pub(super) fn is_done(&self) -> bool {
        let images = || self.documents.iter().map(|document| document.parts.len()).sum::<usize>();
        self.format.format() == Some(BodyFormat::Events) && (self.has_ended || images() >= self.limit)
    }

    /// Reads the next chunk.
    ///
    /// # Errors
    ///
    /// Fails if the JSON or an image is too large, or if the body is a web page.
    pub(super) fn feed(&mut self, mut chunk: &[u8]) -> Result<(), ReceiveError> {
        match self.format.feed(&mut chunk) {
            None => Ok(()),
            Some(BodyFormat::Json) => Ok(self.document.feed(chunk)?),
            Some(BodyFormat::Events) => self.feed_events(chunk),
            Some(BodyFormat::Page) => Err(ReceiveError::InvalidJson),
        }
    }

    fn feed_events(&mut self, mut chunk: &[u8]) -> Result<(), ReceiveError> {
        while let Some(frame) = self.parser.next(&mut chunk) {
            match frame {
                Frame::Data(part) => {
                    let limit = self.limit.saturating_sub(complete_images(&self.documents));
                    let previews = usize::from(self.previews.is_some());
                    self.document.set_limit(if is_preview(self.parser.event()) { previews } else { limit });
                    self.document.feed(part)?;
                }
                Frame::End => {
                    self.end_event();
                    // What follows counts as little as in a chunk of its own.
                    if self.is_done() {
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// Returns the documents of a response that ended with `result`.
    ///
    /// Images that arrived completely are paid for, so they are kept whatever happened after them. Only their metadata
    /// may be missing.
    pub(super) fn finish(mut self, result: Result<(), ReceiveError>) -> Received<F::Writer> {
        let end = match self.format.format() {
            Some(BodyFormat::Events) => self.end_events(),
            Some(BodyFormat::Json) => self.end_json(),
            Some(BodyFormat::Page) | None => Err(ReceiveError::InvalidJson),
        };
        Received { error: result.and(end).err(), documents: self.into_documents() }
    }

    fn end_events(&mut self) -> Result<(), ReceiveError> {
        // Some servers omit the empty line after the last event.
        self.feed_events(b"\n\n")?;
        // A text without any event is not an event stream.
        if self.has_events { Ok(()) } else { Err(ReceiveError::InvalidJson) }
    }

    fn end_json(&mut self) -> Result<(), ReceiveError> {
        let (rest, parts) = self.document.take();
        let json = serde_json::from_slice(&rest);
        if let Ok(json) = json {
            self.documents.push(Document { json, parts });
            return Ok(());
        }
        if parts.iter().any(ImagePart::is_complete) {
            self.documents.push(Document::from_parts(parts));
        }
        Err(ReceiveError::InvalidJson)
    }

    fn into_documents(mut self) -> Vec<Document<F::Writer>> {
        if !self.documents.iter().any(Document::has_image) {
            // The untyped images come first, so that a later error does not replace them.
            self.untyped.append(&mut self.documents);
            return self.untyped;
        }
        self.documents
    }

    fn end_event(&mut self) {
        self.has_events = true;
        let event = self.parser.event().to_vec();
        let (rest, parts) = self.document.take();
        match serde_json::from_slice(&rest) {
            Ok(json) => self.on_event(&event, with_error_type(json, &event), parts),
            Err(_) => self.on_invalid_event(&event, &rest, parts),
        }
    }

    fn on_event(&mut self, event: &[u8], json: Value, parts: Vec<ImagePart<F::Writer>>) {
        let document = Document { json, parts };
        match EventKind::classify(event, &document.json) {
            EventKind::Final => self.documents.push(document),
            EventKind::Preview => {
                self.has_previews = true;
                self.show_preview(&document.json, document.parts);
            }
            EventKind::Untyped if document.has_image() => {
                self.untyped.push(document);
                if self.untyped.len() > self.limit {
                    self.untyped.remove(0);
                }
            }
            EventKind::Untyped => {}
        }
    }

    /// Keeps the complete images of an event whose JSON is truncated or invalid, unless one may be a preview.
    fn on_invalid_event(&mut self, event: &[u8], rest: &[u8], parts: Vec<ImagePart<F::Writer>>) {
        self.has_ended |= rest.trim_ascii() == b"[DONE]";
        let has_name = |name: &[u8]| event == name || memchr::memmem::find(rest, name).is_some();
        let is_final = has_name(b"image_generation.completed") || has_name(b"image_edit.completed");
        let may_be_preview = self.previews.is_some() || self.has_previews || has_name(b"partial_image");
        if parts.iter().any(ImagePart::is_complete) && !is_preview(event) && (is_final || !may_be_preview) {
            self.documents.push(Document::from_parts(parts));
        }
    }

    /// Shows a preview. Skips one that is not an image, because the final image may still be valid.
    fn show_preview(&self, json: &Value, parts: Vec<ImagePart<F::Writer>>) {
        let Some(previews) = &self.previews else { return };
        let index = json.get("partial_image_index").and_then(Value::as_u64);
        let index = index.and_then(|index| u32::try_from(index).ok()).unwrap_or(0);
        match stage_preview(&*self.files, parts.into_iter().next()) {
            Ok(staged) => previews(Preview { index, staged }),
            Err(error) => tracing::debug!(%error, "a preview is skipped"),
        }
    }
}
