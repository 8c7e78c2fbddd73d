//! The body of an answer, read as it arrives: images to disk, the rest of the JSON for the parser.

use std::sync::Arc;

use easel_imagegen::port::{Files, Preview, Previews};
use reqwest::Response;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use super::events::{Frame, Lines};
use crate::inline::{self, Assembly, Dialect, Slot, Unfit};

/// One JSON text with its images, whose values in it are numbers of slots.
pub(super) struct Document<W> {
    pub(super) json: Value,
    pub(super) slots: Vec<Slot<W>>,
}

/// Why an answer could not be read to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error("the connection broke: {0}")]
    Cut(String),
    #[error("the provider's answer is no JSON")]
    NotJson,
    #[error(transparent)]
    Unfit(#[from] Unfit),
    #[error("reading the answer stopped")]
    Stopped,
}

/// Reads an answer with up to `wanted` images: one document from JSON, or one for each event that ends an image. What an
/// image looks like before goes to `previews`.
pub(super) async fn receive<F: Files>(
    mut response: Response,
    files: Arc<F>,
    wanted: usize,
    previews: Option<Previews<F::Staged>>,
) -> Result<Vec<Document<F::Writer>>, Broken> {
    let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let events =
        content_type.is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/event-stream"));
    let mut reader = Reader {
        form: if events { Form::Unclear } else { Form::Json },
        lines: Lines::default(),
        document: Assembly::new(Dialect::Images, Arc::clone(&files), wanted),
        files,
        previews,
        preview: false,
        wanted,
        documents: Vec::new(),
    };
    let arrived = loop {
        if reader.has_all() {
            break Ok(());
        }
        match response.chunk().await {
            Ok(Some(chunk)) => {
                let fed;
                (reader, fed) = blocking(move || {
                    let fed = reader.feed(&chunk);
                    (reader, fed)
                })
                .await?;
                if fed.is_err() {
                    break fed;
                }
            }
            Ok(None) => break Ok(()),
            Err(error) => break Err(Broken::Cut(crate::failure::cause(&error))),
        }
    };
    blocking(move || match arrived {
        Ok(()) => reader.finish(),
        Err(broken) => {
            let (_, slots) = reader.document.take();
            reader.salvage(slots).ok_or(broken)
        }
    })
    .await?
}

/// Runs what may wait for the disk beside the runtime.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Broken> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Broken::Stopped)
}

struct Reader<F: Files> {
    form: Form,
    lines: Lines,
    document: Assembly<F>,
    files: Arc<F>,
    /// Absent when nobody asked for them.
    previews: Option<Previews<F::Staged>>,
    /// The event says by its name that its image is not the final one.
    preview: bool,
    wanted: usize,
    documents: Vec<Document<F::Writer>>,
}

/// What the body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Events,
    /// Said to be events, but servers that cannot stream say so and send JSON all the same.
    Unclear,
}

impl<F: Files> Reader<F> {
    fn has_all(&self) -> bool {
        self.form == Form::Events
            && self.documents.iter().map(|document| document.slots.len()).sum::<usize>() >= self.wanted
    }

    fn feed(&mut self, chunk: &[u8]) -> Result<(), Broken> {
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
                let mut lines = std::mem::take(&mut self.lines);
                let fed = lines.feed(chunk, &mut |frame| self.frame(&frame));
                self.lines = lines;
                fed
            }
        }
    }

    fn finish(mut self) -> Result<Vec<Document<F::Writer>>, Broken> {
        match self.form {
            Form::Json | Form::Unclear => {
                let (rest, slots) = self.document.take();
                let Ok(json) = serde_json::from_slice(&rest) else {
                    return self.salvage(slots).ok_or(Broken::NotJson);
                };
                Ok(vec![Document { json, slots }])
            }
            Form::Events => {
                let mut lines = std::mem::take(&mut self.lines);
                lines.finish(&mut |frame| self.frame(&frame))?;
                Ok(self.documents)
            }
        }
    }

    /// The images that were whole when the answer broke: they are paid, and only what is said of them is missing.
    fn salvage(mut self, slots: Vec<Slot<F::Writer>>) -> Option<Vec<Document<F::Writer>>> {
        if self.form == Form::Json && slots.iter().any(|slot| matches!(slot, Slot::Whole(_))) {
            let images: Vec<Value> = (0..slots.len()).map(|slot| json!({"b64_json": slot})).collect();
            self.documents.push(Document { json: json!({"data": images}), slots });
        }
        (!self.documents.is_empty()).then_some(self.documents)
    }

    /// A preview that is none is passed over: the image itself may be well.
    fn show(&self, json: &Value, slots: Vec<Slot<F::Writer>>) {
        let Some(previews) = &self.previews else { return };
        let index = json.get("partial_image_index").and_then(Value::as_u64);
        let index = index.and_then(|index| u32::try_from(index).ok()).unwrap_or(0);
        match inline::preview(&*self.files, slots.into_iter().next()) {
            Ok(staged) => previews(Preview { index, staged }),
            Err(error) => tracing::debug!(%error, "a preview is passed over"),
        }
    }

    fn frame(&mut self, frame: &Frame<'_>) -> Result<(), Broken> {
        match frame {
            Frame::Name(name) => {
                self.preview = name.ends_with(b"partial_image");
                Ok(())
            }
            Frame::Data(data) => {
                let kept: usize = self.documents.iter().map(|document| document.slots.len()).sum();
                let wanted = self.wanted.saturating_sub(kept);
                self.document.want(if self.preview { usize::from(self.previews.is_some()) } else { wanted });
                Ok(self.document.feed(data)?)
            }
            Frame::End => {
                let preview = std::mem::take(&mut self.preview);
                let (rest, slots) = self.document.take();
                // What is no JSON is `[DONE]` or of no use.
                let Ok(json) = serde_json::from_slice(&rest) else { return Ok(()) };
                if is_final(&json) {
                    self.documents.push(Document { json, slots });
                } else if preview || is_preview(&json) {
                    self.show(&json, slots);
                }
                Ok(())
            }
        }
    }
}

/// Whether an event shows an image that is not finished.
fn is_preview(json: &Value) -> bool {
    let kind = json.get("type").and_then(Value::as_str).unwrap_or_default();
    matches!(kind, "image_generation.partial_image" | "image_edit.partial_image")
}

/// Whether an event ends an image, or all: an error, or a whole answer sent as an event.
fn is_final(json: &Value) -> bool {
    let kind = json.get("type").and_then(Value::as_str).unwrap_or_default();
    matches!(kind, "image_generation.completed" | "image_edit.completed" | "error")
        || json.get("data").is_some_and(Value::is_array)
        || json.get("error").is_some_and(|error| !error.is_null())
}
