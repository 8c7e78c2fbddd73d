//! One connection to the server in this process: a thread, one call, and its events.

use std::error::Error;
use std::path::PathBuf;

use easel_client::{Connection, Message, Messages};
use easel_protocol::event::Event;
use easel_protocol::handshake::{ClientCapabilities, ClientInfo, ImageResult, InitializeParams};
use easel_protocol::id::{ThreadId, TurnId};
use easel_protocol::image::ImageReadParams;
use easel_protocol::input::UserInput;
use easel_protocol::item::{ImageGenerationItem, ThreadItem};
use easel_protocol::method::{ImageRead, Initialize, ThreadList, ThreadResume, ThreadStart, TurnInterrupt, TurnStart};
use easel_protocol::record::{ImageError, ImageRecord};
use easel_protocol::thread::{CwdFilter, ThreadListParams, ThreadResumeParams, ThreadSortKey, ThreadStartParams};
use easel_protocol::turn::{TurnInterruptParams, TurnStartParams, TurnStatus};
use tokio_util::sync::CancellationToken;

use super::approval;
use super::progress::Progress;
use super::request::{Request, Source};
use crate::commands::UsageError;

/// What came of a request.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) thread_id: ThreadId,
    pub(super) turn_id: TurnId,
    pub(super) images: Vec<ImageRecord>,
    /// The last words of the model.
    pub(super) message: Option<String>,
    /// The last failure of an image.
    pub(super) error: Option<ImageError>,
    /// Why the turn ended early.
    pub(super) reason: Option<String>,
    pub(super) was_interrupted: bool,
}

/// A connection with a thread.
pub(super) struct DrawSession<'a> {
    pub(super) connection: &'a Connection,
    pub(super) messages: &'a mut Messages,
    /// Cancelled when the user stops the command.
    pub(super) stopping: &'a CancellationToken,
    pub(super) progress: &'a Progress,
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

    /// Starts a thread in the folder, or continues its newest one, with `provider` instead of its own.
    pub(super) async fn open_thread(
        &self,
        cwd: String,
        continues: bool,
        provider: Option<String>,
    ) -> Result<ThreadId, Box<dyn Error>> {
        if !continues {
            let params = ThreadStartParams { cwd: Some(cwd), model_provider: provider, ..ThreadStartParams::default() };
            return Ok(self.connection.request::<ThreadStart>(&params).await?.thread.id);
        }
        let params = ThreadListParams {
            cwd: Some(CwdFilter::One(cwd)),
            sort_key: Some(ThreadSortKey::UpdatedAt),
            limit: Some(1),
            ..ThreadListParams::default()
        };
        let newest = self.connection.request::<ThreadList>(&params).await?.data.into_iter().next();
        let thread = newest.ok_or_else(|| UsageError("there is no thread of this folder to continue".to_owned()))?;
        let params = ThreadResumeParams {
            thread_id: thread.id,
            cwd: None,
            model: None,
            model_provider: provider,
            config: None,
            base_instructions: None,
            developer_instructions: None,
            exclude_turns: Some(true),
            experimental_raw_events: None,
        };
        Ok(self.connection.request::<ThreadResume>(&params).await?.settings.thread.id)
    }

    /// Runs a turn of the model with the prompt and the images.
    pub(super) async fn run_turn(&mut self, thread_id: ThreadId, request: Request) -> Result<Outcome, Box<dyn Error>> {
        let mut input = vec![UserInput::Text { text: request.prompt.into(), text_elements: Vec::new() }];
        for source in request.images {
            let path = self.path_of(source).await?.display().to_string();
            input.push(UserInput::LocalImage { path, detail: None });
        }
        self.progress.phase("asking the model");
        let params = TurnStartParams { thread_id: thread_id.clone(), input, ..TurnStartParams::default() };
        let turn_id = self.connection.request::<TurnStart>(&params).await?.turn.id;
        let mut outcome = Outcome { thread_id, turn_id, ..Outcome::default() };
        let mut is_stopping = false;
        loop {
            tokio::select! {
                message = self.messages.next() => {
                    let message = message?.ok_or("the server ended the connection")?;
                    if self.handle(message, &mut outcome).await? {
                        return Ok(outcome);
                    }
                }
                () = self.stopping.cancelled(), if !is_stopping => {
                    is_stopping = true;
                    self.progress.phase("stopping");
                    let (thread_id, turn_id) = (outcome.thread_id.clone(), outcome.turn_id.clone());
                    self.connection.request::<TurnInterrupt>(&TurnInterruptParams { thread_id, turn_id }).await?;
                }
            }
        }
    }

    /// Returns the path of an image that the user names.
    async fn path_of(&self, source: Source) -> Result<PathBuf, Box<dyn Error>> {
        match source {
            Source::File(path) => Ok(path),
            Source::Handle(image_id) => {
                let params = ImageReadParams { image_id, offset: None, length: None, preview: None, mine: None };
                Ok(self.connection.request::<ImageRead>(&params).await?.entry.image.path.into())
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
        } else if let Event::TurnStarted(started) = event {
            outcome.turn_id = started.turn.id;
        } else if let Event::ItemStarted(started) = event {
            if let ThreadItem::ImageGeneration(_) = started.item {
                self.progress.phase("drawing");
            }
        } else if let Event::ImagePreview(preview) = event {
            self.progress.preview(preview.path.as_ref(), preview.index);
        } else if let Event::ItemCompleted(done) = event {
            match done.item {
                ThreadItem::ImageGeneration(item) => self.take_images(*item, outcome),
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

    fn take_images(&self, item: ImageGenerationItem, outcome: &mut Outcome) {
        self.progress.phase(if item.images.is_empty() { "the image failed" } else { "finishing" });
        outcome.images.extend(item.images);
        if item.error.is_some() {
            outcome.error = item.error;
        }
    }
}
