//! A call of the image tool without a chat model, for requests with parameters: `tool/call`.

use std::error::Error;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use easel_protocol::id::ThreadId;
use easel_protocol::image::ImageReadParams;
use easel_protocol::method::{ImageRead, ToolCall};
use easel_protocol::tool::{ToolArguments, ToolCallParams, ToolCallPictures};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::outcome::Outcome;
use super::request::{Request, Source};
use super::session::DrawSession;
use crate::commands::to_utf8;

impl DrawSession<'_> {
    /// Calls the image tool. Images of the user go through `folder`, which the tool may read; messages name the user's.
    pub(super) async fn run_tool(
        &mut self,
        thread_id: ThreadId,
        request: Request,
        folder: &Path,
    ) -> Result<Outcome, Box<dyn Error>> {
        let mut copies = Copies { folder, names: Vec::new() };
        let arguments = self.arguments(&thread_id, request, &mut copies).await?;
        let mut outcome = self.call_tool(thread_id, arguments).await?;
        // The last one first, since the path of the second copy is the start of that of the eleventh.
        for (copy, name) in copies.names.iter().rev() {
            // A quoted path of Windows has two backslashes for each one.
            outcome.reword(&copy.escape_debug().to_string(), name);
            outcome.reword(copy, name);
        }
        Ok(outcome)
    }

    async fn call_tool(
        &mut self,
        thread_id: ThreadId,
        arguments: Map<String, Value>,
    ) -> Result<Outcome, Box<dyn Error>> {
        let params = ToolCallParams {
            thread_id: thread_id.clone(),
            call_id: format!("call_draw_{}", Uuid::now_v7().simple()).into(),
            namespace: None,
            tool: easel_imagegen::spec::FUNCTION.to_owned(),
            arguments: ToolArguments::Object(arguments),
            turn_id: None,
            format: None,
            pictures: Some(ToolCallPictures::None),
        };
        if self.stopping.is_cancelled() {
            return Ok(Outcome::of_stop(thread_id));
        }
        let mut outcome = Outcome::new(thread_id);
        let mut pending = self.connection.start::<ToolCall>(&params).await?;
        let (mut is_open, mut has_ended, mut is_stopping) = (true, false, false);
        let mut interrupt = None;
        loop {
            tokio::select! {
                // The events before the response first, since they say whether a turn has started.
                biased;
                message = self.messages.next() => {
                    let message = message?.ok_or("the server ended the connection")?;
                    has_ended |= self.handle(message, &mut outcome).await?;
                }
                response = &mut pending, if is_open => {
                    is_open = false;
                    match response {
                        Ok(response) => {
                            outcome.turn_id = response.turn_id;
                            let is_whole = response.error.is_none() && !response.images.is_empty();
                            outcome.was_interrupted = is_stopping && !is_whole;
                            return Ok(outcome);
                        }
                        Err(error) if !is_stopping => return Err(error.into()),
                        // The rest of the turn says what may be billed.
                        Err(_) => has_ended |= outcome.turn_id.is_empty(),
                    }
                }
                () = self.stopping.cancelled(), if !is_stopping => {
                    is_stopping = true;
                    if outcome.turn_id.is_empty() {
                        self.progress.phase("stopping");
                        pending.cancel();
                    } else {
                        interrupt = Some(self.interrupt(&outcome).await?);
                    }
                }
            }
            if has_ended && !is_open {
                outcome.was_interrupted = true;
                break;
            }
        }
        drop(interrupt);
        Ok(outcome)
    }

    /// Returns the arguments of the tool.
    async fn arguments(
        &self,
        thread_id: &ThreadId,
        request: Request,
        copies: &mut Copies<'_>,
    ) -> Result<Map<String, Value>, Box<dyn Error>> {
        let mut arguments = request.parameters;
        arguments.insert("prompt".to_owned(), request.prompt.into());
        let mut images = Vec::new();
        for source in request.images {
            images.push(self.reference(thread_id, source, copies).await?);
        }
        if !images.is_empty() {
            arguments.insert("images".to_owned(), images.into());
        } else if request.continues {
            // The images of the thread are edited, as a model would do it.
            arguments.insert("action".to_owned(), "edit".into());
        }
        if let Some(mask) = request.mask {
            let mask = self.reference(thread_id, mask, copies).await?;
            arguments.insert("mask".to_owned(), mask.into());
        }
        Ok(arguments)
    }

    /// Returns how the tool can name an image: by its handle if it belongs to the thread, else by a copy.
    async fn reference(
        &self,
        thread_id: &ThreadId,
        source: Source,
        copies: &mut Copies<'_>,
    ) -> Result<String, Box<dyn Error>> {
        let (path, name): (PathBuf, String) = match source {
            Source::File { path, name } => (path, name),
            Source::Handle(image_id) => {
                let params = ImageReadParams { image_id, offset: None, length: None, preview: None, mine: None };
                let entry = self.connection.request::<ImageRead>(&params).await?.entry;
                if entry.thread_id == *thread_id {
                    return Ok(entry.image.id.to_string());
                }
                (entry.image.path.into(), entry.image.id.to_string())
            }
        };
        let copy = copies.folder.join(format!("image-{}", copies.names.len()));
        let copied = to_utf8(&copy)?.to_owned();
        let limit = self.reference_bytes;
        let copying = tokio::task::spawn_blocking(move || copy_file(&path, &copy, limit)).await?;
        copying.map_err(|error| format!("{name} cannot be read: {error}"))?;
        copies.names.push((copied.clone(), name));
        Ok(copied)
    }
}

/// Copies of the user's images, in a folder that the tool may read.
struct Copies<'a> {
    folder: &'a Path,
    /// The path of each copy, and the name that the user knows.
    names: Vec<(String, String)>,
}

/// Copies a regular file of at most `limit` bytes.
fn copy_file(source: &Path, target: &Path, limit: u64) -> io::Result<()> {
    // A pipe has no end and a device no length, and opening a pipe waits for its writer.
    if !std::fs::metadata(source)?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let file = File::open(source)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let copied = io::copy(&mut file.take(limit.saturating_add(1)), &mut File::create_new(target)?)?;
    if copied > limit {
        return Err(io::Error::other(format!("it has more than {limit} bytes (limits.reference_bytes)")));
    }
    Ok(())
}
