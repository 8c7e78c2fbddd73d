//! The bytes of an answer as documents: the images go to disk, the rest of the JSON is small enough to be parsed whole.
//! Everything here blocks for disk.

use std::sync::Arc;

use easel_imagegen::port::{Files, Preview, PreviewSink};
use serde_json::{Value, json};

use super::receive::{Broken, Received};
use crate::inline::{self, Assembly, Dialect, Slot};
use crate::sse::{Frame, Parser};

/// One JSON text with its images. In place of each image the text holds the number of its slot.
pub(super) struct Document<W> {
    pub(super) json: Value,
    pub(super) slots: Vec<Slot<W>>,
}

impl<W> Document<W> {
    /// A document for images of whose JSON nothing can be used.
    fn of_slots(slots: Vec<Slot<W>>) -> Self {
        let images: Vec<Value> = (0..slots.len()).map(|slot| json!({"b64_json": slot})).collect();
        Self { json: json!({"data": images}), slots }
    }

    fn holds_image(&self) -> bool {
        self.slots.iter().any(is_whole) || self.json.get("url").is_some_and(Value::is_string)
    }
}

pub(super) struct Reader<F: Files> {
    form: Form,
    parser: Parser,
    document: Assembly<F>,
    files: Arc<F>,
    /// Absent when nobody asked for them.
    previews: Option<PreviewSink>,
    wanted: usize,
    /// Finished images, errors and whole answers.
    documents: Vec<Document<F::Writer>>,
    /// The last images whose event says neither that they are finished nor that they are not. They are finished if
    /// nothing else is.
    untyped: Vec<Document<F::Writer>>,
    /// A preview has arrived, so that an image without a type may be one too.
    previewed: bool,
    /// The stream said that it has ended.
    done: bool,
}

/// The format of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Events,
    /// Declared as events. Servers that cannot stream declare it too and send JSON.
    Unclear,
}

/// What an event holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A finished image, an error, or a whole answer sent as an event.
    Final,
    Preview,
    Untyped,
}

impl Kind {
    /// Servers name the kind in the event, in its JSON, or in both.
    fn of(event: &[u8], json: &Value) -> Self {
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

/// The event with its name as its type, if it has no type of its own.
fn named(mut json: Value, event: &[u8]) -> Value {
    if let (Value::Object(fields), Ok(name @ "error")) = (&mut json, std::str::from_utf8(event)) {
        fields.entry("type").or_insert_with(|| name.into());
    }
    json
}

/// Whether an event of this name shows an image that is not finished.
fn is_preview(name: &[u8]) -> bool {
    name.ends_with(b"partial_image")
}

fn is_final(name: &[u8]) -> bool {
    matches!(name, b"image_generation.completed" | b"image_edit.completed" | b"error")
}

fn is_whole<W>(slot: &Slot<W>) -> bool {
    matches!(slot, Slot::Whole(_))
}

fn whole_images<W>(documents: &[Document<W>]) -> usize {
    documents.iter().flat_map(|document| &document.slots).filter(|slot| is_whole(slot)).count()
}

impl<F: Files> Reader<F> {
    /// Keeps up to `wanted` images. `events` says that the body is declared as an event stream.
    pub(super) fn new(files: Arc<F>, wanted: usize, previews: Option<PreviewSink>, events: bool) -> Self {
        Self {
            form: if events { Form::Unclear } else { Form::Json },
            parser: Parser::new(),
            document: Assembly::new(Dialect::Images, Arc::clone(&files), wanted),
            files,
            previews,
            wanted,
            documents: Vec::new(),
            untyped: Vec::new(),
            previewed: false,
            done: false,
        }
    }

    /// Whether the rest of a stream can be left unread.
    pub(super) fn has_all(&self) -> bool {
        let slots = || self.documents.iter().map(|document| document.slots.len()).sum::<usize>();
        self.form == Form::Events && (self.done || slots() >= self.wanted)
    }

    pub(super) fn feed(&mut self, chunk: &[u8]) -> Result<(), Broken> {
        if self.form == Form::Unclear {
            self.form = match chunk.iter().find(|byte| !byte.is_ascii_whitespace()) {
                None => return Ok(()),
                Some(b'{' | b'[') => Form::Json,
                Some(_) => Form::Events,
            };
        }
        match self.form {
            Form::Json | Form::Unclear => Ok(self.document.feed(chunk)?),
            Form::Events => {
                let mut parser = std::mem::replace(&mut self.parser, Parser::new());
                let fed = parser.read(chunk, &mut |frame| self.frame(&frame));
                self.parser = parser;
                fed
            }
        }
    }

    /// The documents of an answer that `arrived` to its end or not. Images that arrived whole are paid for and are among
    /// them, whatever came after; only what the answer would have said of them may be missing.
    pub(super) fn end(mut self, arrived: Result<(), Broken>) -> Received<F::Writer> {
        let ended = if self.form == Form::Events { self.end_last_event() } else { self.end_json() };
        Received { broken: arrived.and(ended).err(), documents: self.into_documents() }
    }

    fn end_json(&mut self) -> Result<(), Broken> {
        let (rest, slots) = self.document.take();
        let json = serde_json::from_slice(&rest);
        if let Ok(json) = json {
            self.documents.push(Document { json, slots });
            return Ok(());
        }
        if slots.iter().any(is_whole) {
            self.documents.push(Document::of_slots(slots));
        }
        Err(Broken::NotJson)
    }

    /// Servers need not send the empty line after the last event.
    fn end_last_event(&mut self) -> Result<(), Broken> {
        let mut parser = std::mem::replace(&mut self.parser, Parser::new());
        parser.finish(&mut |frame| self.frame(&frame))
    }

    fn into_documents(mut self) -> Vec<Document<F::Writer>> {
        if !self.documents.iter().any(Document::holds_image) {
            // First, so that an error which follows them is not taken for the whole answer.
            self.untyped.append(&mut self.documents);
            return self.untyped;
        }
        self.documents
    }

    fn frame(&mut self, frame: &Frame<'_>) -> Result<(), Broken> {
        match *frame {
            Frame::Data { event, part } => {
                let wanted = self.wanted.saturating_sub(whole_images(&self.documents));
                let shown = usize::from(self.previews.is_some());
                self.document.want(if is_preview(event) { shown } else { wanted });
                Ok(self.document.feed(part)?)
            }
            Frame::End { event } => {
                let (rest, slots) = self.document.take();
                match serde_json::from_slice(&rest) {
                    Ok(json) => self.event(event, named(json, event), slots),
                    Err(_) => self.broken_event(event, &rest, slots),
                }
                Ok(())
            }
        }
    }

    fn event(&mut self, event: &[u8], json: Value, slots: Vec<Slot<F::Writer>>) {
        let document = Document { json, slots };
        match Kind::of(event, &document.json) {
            Kind::Final => self.documents.push(document),
            Kind::Preview => {
                self.previewed = true;
                self.show(&document.json, document.slots);
            }
            Kind::Untyped if document.holds_image() => {
                self.untyped.push(document);
                if self.untyped.len() > self.wanted {
                    self.untyped.remove(0);
                }
            }
            Kind::Untyped => {}
        }
    }

    /// Keeps the whole images of an event whose JSON is cut or wrong, unless one may be a preview.
    fn broken_event(&mut self, event: &[u8], rest: &[u8], slots: Vec<Slot<F::Writer>>) {
        self.done |= rest.trim_ascii() == b"[DONE]";
        let says = |name: &[u8]| event == name || memchr::memmem::find(rest, name).is_some();
        let is_final = says(b"image_generation.completed") || says(b"image_edit.completed");
        let may_be_preview = self.previews.is_some() || self.previewed || says(b"partial_image");
        if slots.iter().any(is_whole) && !is_preview(event) && (is_final || !may_be_preview) {
            self.documents.push(Document::of_slots(slots));
        }
    }

    /// Shows a preview. One that is no image is skipped: the image itself may be well.
    fn show(&self, json: &Value, slots: Vec<Slot<F::Writer>>) {
        let Some(previews) = &self.previews else { return };
        let index = json.get("partial_image_index").and_then(Value::as_u64);
        let index = index.and_then(|index| u32::try_from(index).ok()).unwrap_or(0);
        match inline::preview(&*self.files, slots.into_iter().next()) {
            Ok(staged) => previews(Preview { index, staged }),
            Err(error) => tracing::debug!(%error, "a preview is skipped"),
        }
    }
}
