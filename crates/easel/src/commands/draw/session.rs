//! One connection to the server in this process: a thread, one call, and its events.

use std::error::Error;
use std::path::Path;

use easel_client::{Connection, Message, Messages, PendingRequest};
use easel_protocol::event::Event;
use easel_protocol::handshake::{ClientCapabilities, ClientInfo, ImageResult, InitializeParams};
use easel_protocol::id::ThreadId;
use easel_protocol::image::ImageReadParams;
use easel_protocol::input::UserInput;
use easel_protocol::item::ThreadItem;
use easel_protocol::method::{ImageRead, Initialize, ToolList, TurnInterrupt, TurnStart};
use easel_protocol::tool::{HeldBackReason, ToolExposure, ToolListParams};
use easel_protocol::turn::{TurnInterruptParams, TurnStartParams, TurnStatus};
use tokio_util::sync::CancellationToken;

use super::approval;
use super::outcome::Outcome;
use super::progress::Progress;
use super::request::{Request, Source};
use crate::commands::to_utf8;

/// A connection with a thread.
pub(super) struct DrawSession<'a> {
    pub(super) connection: &'a Connection,
    pub(super) messages: &'a mut Messages,
    /// Cancelled when the user stops the command.
    pub(super) stopping: &'a CancellationToken,
    pub(super) progress: &'a Progress,
    /// Maximum size of an image of the user, in bytes.
    pub(super) reference_bytes: u64,
}

impl DrawSession<'_> {
    /// Opens the connection. `answers_approvals` says that the user can be asked.
    pub(super) async fn initialize(&self, answers_approvals: bool) -> Result<(), Box<dyn Error>> {
        let client_info = ClientInfo {
            name: "easel_draw".to_owned(),
            title: Some("Easel draw".to_owned()),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let capabilities = ClientCapabilities {
            request_permissions_approval: Some(answers_approvals),
            image_result: Some(ImageResult::None),
            ..ClientCapabilities::default()
        };
        let params = InitializeParams { client_info, capabilities: Some(capabilities) };
        self.connection.request::<Initialize>(&params).await?;
        Ok(())
    }

    /// Runs the request in a new thread, or in the one that it continues. A new thread that nothing was recorded in is
    /// deleted. `folder` is for the images of a call without a model.
    pub(super) async fn run(&mut self, request: Request, folder: Option<&Path>) -> Result<Outcome, Box<dyn Error>> {
        let is_new = !request.continues;
        let thread_id = self.open_thread(&request).await?;
        let mut result = match folder {
            Some(folder) => self.run_tool(thread_id.clone(), request, folder).await,
            None => self.run_turn(thread_id.clone(), request).await,
        };
        let has_begun = result.as_ref().is_ok_and(|outcome| !outcome.turn_id.is_empty());
        if is_new
            && !has_begun
            && self.delete_if_empty(thread_id).await
            && let Ok(outcome) = &mut result
        {
            outcome.thread_id = ThreadId::default();
        }
        result
    }

    /// Runs a turn of the model with the prompt and the images.
    async fn run_turn(&mut self, thread_id: ThreadId, request: Request) -> Result<Outcome, Box<dyn Error>> {
        let mut input = vec![UserInput::Text { text: request.prompt.into(), text_elements: Vec::new() }];
        for source in request.images {
            let path = self.path_of(source).await?;
            input.push(UserInput::LocalImage { path, detail: None });
        }
        if let Some(reason) = self.refusal(&thread_id).await? {
            return Ok(Outcome::of_refusal(thread_id, reason));
        }
        if self.stopping.is_cancelled() {
            return Ok(Outcome::of_stop(thread_id));
        }
        self.progress.phase("asking the model");
        let params = TurnStartParams { thread_id: thread_id.clone(), input, ..TurnStartParams::default() };
        let turn_id = self.connection.request::<TurnStart>(&params).await?.turn.id;
        let mut outcome = Outcome::new(thread_id);
        outcome.turn_id = turn_id;
        // Its response is not awaited: the end of the turn follows in any case, also if the turn ended before it.
        let mut interrupt = None;
        loop {
            tokio::select! {
                message = self.messages.next() => {
                    let message = message?.ok_or("the server ended the connection")?;
                    if self.handle(message, &mut outcome).await? {
                        return Ok(outcome);
                    }
                }
                () = self.stopping.cancelled(), if interrupt.is_none() => {
                    interrupt = Some(self.interrupt(&outcome).await?);
                }
            }
        }
    }

    /// Returns why no turn is started: because it would use the image tool of the provider, which is not what running
    /// this command chooses, or because the kill switch is on, and the turn would be billed without an image. Other
    /// problems are for the turn to say.
    async fn refusal(&self, thread_id: &ThreadId) -> Result<Option<String>, Box<dyn Error>> {
        let params = ToolListParams { thread_id: Some(thread_id.clone()) };
        let tools = self.connection.request::<ToolList>(&params).await?;
        let own = tools.data.into_iter().find(|tool| tool.kind == ToolExposure::Standalone);
        let reasons = own.map(|tool| tool.reasons).unwrap_or_default();
        let is_off = reasons.iter().any(|held_back| held_back.reason == HeldBackReason::ImageGenerationOff);
        let refusal = match tools.exposure {
            ToolExposure::Hosted => "no image was made. `easel draw` does not use the image tool of the provider.",
            ToolExposure::None if is_off => "no image was made.",
            ToolExposure::None | ToolExposure::Standalone => return Ok(None),
        };
        let sentences = [refusal.to_owned()].into_iter().chain(reasons.into_iter().map(|reason| reason.message));
        Ok(Some(sentences.collect::<Vec<_>>().join(" ")))
    }

    /// Asks the server to end the turn. Keep the result until the turn has ended: its drop cancels the request.
    pub(super) async fn interrupt(&self, outcome: &Outcome) -> Result<PendingRequest<TurnInterrupt>, Box<dyn Error>> {
        self.progress.phase("stopping");
        let (thread_id, turn_id) = (outcome.thread_id.clone(), outcome.turn_id.clone());
        Ok(self.connection.start::<TurnInterrupt>(&TurnInterruptParams { thread_id, turn_id }).await?)
    }

    /// Returns the path of an image that the user names.
    async fn path_of(&self, source: Source) -> Result<String, Box<dyn Error>> {
        match source {
            Source::File { path, .. } => Ok(to_utf8(&path)?.to_owned()),
            Source::Handle(image_id) => {
                let params = ImageReadParams { image_id, offset: None, length: None, preview: None, mine: None };
                Ok(self.connection.request::<ImageRead>(&params).await?.entry.image.path)
            }
        }
    }

    /// Handles a message of the server. Returns whether the turn has ended.
    pub(super) async fn handle(&self, message: Message, outcome: &mut Outcome) -> Result<bool, Box<dyn Error>> {
        let event = match message {
            Message::Request(request) => {
                approval::answer(request, self.progress, self.stopping).await?;
                return Ok(false);
            }
            Message::Event(event) => *event,
        };
        if let Event::ConfigWarning(warning) = event {
            self.progress.note(&warning.summary);
        } else if let Event::Warning(warning) = event {
            self.progress.note(&warning.message);
        } else if let Event::TurnStarted(started) = event {
            outcome.turn_id = started.turn.id;
        } else if let Event::ItemStarted(started) = event {
            if let ThreadItem::ImageGeneration(item) = started.item {
                self.progress.phase("drawing");
                outcome.start_call(item.id);
            }
        } else if let Event::ImagePreview(preview) = event {
            self.progress.preview(preview.path.as_ref(), preview.index);
        } else if let Event::ItemCompleted(done) = event {
            match done.item {
                ThreadItem::ImageGeneration(item) => {
                    self.progress.phase(if item.images.is_empty() { "the image failed" } else { "finishing" });
                    outcome.end_call(*item);
                }
                ThreadItem::AgentMessage(message) => outcome.message = Some(message.text),
                ThreadItem::UserMessage(_) | ThreadItem::Reasoning(_) | ThreadItem::ContextCompaction(_) => {}
            }
        } else if let Event::TurnCompleted(done) = event {
            outcome.was_interrupted = done.turn.status == TurnStatus::Interrupted;
            outcome.reason = done.turn.error.map(|error| error.message);
            return Ok(true);
        }
        Ok(false)
    }
}
