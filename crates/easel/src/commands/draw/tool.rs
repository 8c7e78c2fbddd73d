//! A call of the image tool without a chat model, for requests with parameters: `tool/call`.

use std::error::Error;
use std::path::{Path, PathBuf};

use easel_client::PendingRequest;
use easel_protocol::id::ThreadId;
use easel_protocol::image::ImageReadParams;
use easel_protocol::method::{ImageRead, ToolCall};
use easel_protocol::tool::{ToolArguments, ToolCallParams, ToolCallPictures};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::request::{Request, Source};
use super::session::{DrawSession, Outcome};

impl DrawSession<'_> {
    /// Calls the image tool. Images of the user go through `folder`, which the tool may read.
    pub(super) async fn run_tool(
        &mut self,
        thread_id: ThreadId,
        request: Request,
        folder: &Path,
    ) -> Result<Outcome, Box<dyn Error>> {
        let arguments = self.arguments(&thread_id, request, folder).await?;
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
        let mut outcome = Outcome { thread_id, ..Outcome::default() };
        // Dropping the request cancels it. The events of the turn then say how it ended.
        let mut pending: Option<PendingRequest<ToolCall>> = Some(self.connection.start::<ToolCall>(&params).await?);
        loop {
            let is_open = pending.is_some();
            let response = async {
                match &mut pending {
                    Some(pending) => pending.await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                message = self.messages.next() => {
                    let message = message?.ok_or("the server ended the connection")?;
                    if self.handle(message, &mut outcome).await? && !is_open {
                        // The turn has ended as usual: only its call was stopped.
                        outcome.was_interrupted = true;
                        return Ok(outcome);
                    }
                }
                response = response => {
                    let response = response?;
                    outcome.turn_id = response.turn_id;
                    outcome.images = response.images;
                    outcome.error = response.error;
                    return Ok(outcome);
                }
                () = self.stopping.cancelled(), if is_open => {
                    self.progress.phase("stopping");
                    pending = None;
                }
            }
        }
    }

    /// Returns the arguments of the tool.
    async fn arguments(
        &self,
        thread_id: &ThreadId,
        request: Request,
        folder: &Path,
    ) -> Result<Map<String, Value>, Box<dyn Error>> {
        let mut arguments = request.parameters;
        arguments.insert("prompt".to_owned(), request.prompt.into());
        let mut images = Vec::new();
        for (index, source) in request.images.into_iter().enumerate() {
            images.push(self.reference(thread_id, source, &folder.join(format!("image-{index}"))).await?);
        }
        if !images.is_empty() {
            arguments.insert("images".to_owned(), images.into());
        } else if request.continues {
            // The images of the thread are edited, as a model would do it.
            arguments.insert("action".to_owned(), "edit".into());
        }
        if let Some(mask) = request.mask {
            let mask = self.reference(thread_id, mask, &folder.join("mask")).await?;
            arguments.insert("mask".to_owned(), mask.into());
        }
        Ok(arguments)
    }

    /// Returns how the tool can name an image: by its handle if it belongs to the thread, else by a copy.
    async fn reference(&self, thread_id: &ThreadId, source: Source, copy: &Path) -> Result<String, Box<dyn Error>> {
        let path: PathBuf = match source {
            Source::File(path) => path,
            Source::Handle(image_id) => {
                let params = ImageReadParams { image_id, offset: None, length: None, preview: None, mine: None };
                let entry = self.connection.request::<ImageRead>(&params).await?.entry;
                if entry.thread_id == *thread_id {
                    return Ok(entry.image.id.to_string());
                }
                entry.image.path.into()
            }
        };
        std::fs::copy(&path, copy).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
        Ok(copy.display().to_string())
    }
}
