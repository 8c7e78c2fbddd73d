//! The start of a turn. Its first rows are committed before the response to `turn/start` is sent, so that a started
//! turn survives the death of the process.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use easel_imagegen::phase;
use easel_imagegen::port::{Approver, HookRunner, Provider, Reasoning, StorageError, StorageErrorKind, Store};
use easel_protocol::event::{Event, ThreadStartedNotification};
use easel_protocol::id::ItemId;
use easel_protocol::input::UserInput;
use easel_protocol::item::UserMessageItem;
use easel_protocol::record::Attachment;
use easel_protocol::response_item::ResponseItem;
use easel_protocol::thread::Thread;
use easel_protocol::tool::ToolExposure;
use serde_json::Value;
use tracing::{Instrument, Span, field};

use super::{Command, ThreadHandle};
use crate::clock::now_ms;
use crate::conversation::to_model_message;
use crate::machine::{Effect, Turn, TurnConfig};
use crate::slot::TurnPermit;
use crate::turn::{ResponseSent, TurnSetup};

/// A request to start a turn.
pub struct TurnRequest {
    /// The thread's permit, which carries the id of the turn.
    pub permit: TurnPermit,
    /// Name of the client that starts the turn; empty if unknown.
    pub originator: String,
    /// What the turn is for.
    pub content: TurnContent,
    /// The thread with new settings, stored in the same transaction as the turn's first rows. `None` if none changes.
    pub settings: Option<Box<Thread>>,
    /// The model that the turn uses.
    pub model: String,
    /// How the model reasons, where the thread has its own settings.
    pub reasoning: Reasoning,
    /// Whether the model is asked again after its images were made. `None`: as configured.
    pub closing_answer: Option<bool>,
    /// Folders from which the model may read files.
    pub roots: Vec<PathBuf>,
    /// JSON Schema for the text of the model's last message.
    pub output_schema: Option<Value>,
    /// The working folder of the thread, which hooks read.
    pub cwd: String,
    /// Runs the hooks of the turn's calls.
    pub hook_runner: Arc<dyn HookRunner>,
    /// Asks the person who starts the turn about its calls.
    pub approver: Arc<dyn Approver>,
    /// Resolves once the response to `turn/start` is sent. The turn's events wait for it.
    pub response_sent: ResponseSent,
}

/// What a turn is for.
pub enum TurnContent {
    /// To respond to a message.
    Message(TurnMessage),
    /// To compact the conversation.
    Compaction,
    /// To run the calls of a client, see [`TurnSlot::join`](crate::TurnSlot::join). The permit is one of
    /// [`TurnSlot::begin_host`](crate::TurnSlot::begin_host).
    HostCalls,
}

/// A message of the user that starts a turn.
pub struct TurnMessage {
    /// The id of the message's item.
    pub id: ItemId,
    /// The client's own id of the message.
    pub client_id: Option<String>,
    /// The parts of the message, with images as files of the store.
    pub content: Vec<UserInput>,
    /// The images of `content`, in order.
    pub attachments: Vec<Attachment>,
}

/// Why a turn did not start. No event follows.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StartError {
    /// The first rows of the turn could not be written. Nothing of it is stored.
    #[error("the turn could not be stored")]
    Storage(#[source] StorageError),
    /// The thread's actor has ended.
    #[error("the thread's actor has ended")]
    ActorEnded,
}

/// A turn whose first rows are committed, on its way to the thread's actor.
pub(crate) struct PreparedTurn {
    pub(super) setup: TurnSetup,
    pub(super) turn: Turn,
    /// The turn's first effects. Their events are already written.
    pub(super) effects: Vec<Effect>,
    pub(super) message: Option<FirstMessage>,
    pub(super) span: Span,
    /// The phase `queue`, which ends when the actor takes the turn.
    pub(super) queue_span: Span,
}

/// The message of a turn, on its way to the conversation.
pub(super) struct FirstMessage {
    pub(super) id: ItemId,
    pub(super) attachments: Vec<Attachment>,
    /// The message as history stores it for the model.
    pub(super) model_item: ResponseItem,
}

impl<P: Provider> ThreadHandle<P> {
    /// Writes the first rows of a turn in one transaction, then passes the turn to the actor. Finishes even if the
    /// caller goes away.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start_turn<S: Store>(self: &Arc<Self>, store: S, request: TurnRequest) -> Result<(), StartError> {
        let handle = Arc::clone(self);
        let starting = self.tasks.spawn(async move {
            let settings = request.settings.as_deref().cloned();
            let mut prepared = handle.prepare(request);
            let settings = settings.map(|thread| Event::ThreadStarted(Box::new(ThreadStartedNotification { thread })));
            let events = settings.into_iter().chain(prepared.effects.iter().filter_map(Effect::as_event).cloned());
            let history_span = tracing::debug_span!(target: phase::TARGET, parent: &prepared.span, "history");
            let appending = store.append(events.collect()).instrument(history_span);
            appending.await.map_err(StartError::Storage)?;
            prepared.queue_span = tracing::debug_span!(target: phase::TARGET, parent: &prepared.span, "queue");
            let is_sent = handle.send(Command::StartTurn(Box::new(prepared))).await;
            if is_sent { Ok(()) } else { Err(StartError::ActorEnded) }
        });
        starting.await.unwrap_or_else(|error| {
            tracing::error!(thread_id = %self.thread_id, %error, "starting a turn panicked");
            let message = "Easel failed internally while it started the turn; its log has details.";
            Err(StartError::Storage(StorageError::new(StorageErrorKind::Other, message)))
        })
    }

    /// Creates the machine of the turn, and what its runner needs.
    fn prepare(&self, request: TurnRequest) -> PreparedTurn {
        // Subscribes before it reads the configuration, so that no change is missed.
        let config_watcher = self.config.subscribe();
        let config = self.config.get();
        let decision = config.choose_tool(&*self.provider, &request.model);
        let exposure = match &request.content {
            // Each call was accepted when it joined, and is refused when it begins if the tool was turned off.
            TurnContent::HostCalls => ToolExposure::Standalone,
            TurnContent::Compaction | TurnContent::Message(_) => decision.exposure,
        };
        let turn_config = TurnConfig {
            exposure,
            capabilities: self.provider.image_info().capabilities.clone(),
            detail: config.detail,
            // A client that asks for an answer in a format waits for one.
            closing_answer: request.output_schema.is_some() || request.closing_answer.unwrap_or(config.closing_answer),
            max_images: config.max_images,
            budget: config.budget,
            context_tokens: config.context_tokens,
            hosted_withheld: decision.guard_of_hosted(),
        };
        let (thread_id, turn_id) = (self.thread_id.clone(), request.permit.turn_id().clone());
        let span = tracing::info_span!(
            target: phase::TARGET,
            "turn",
            thread_id = %thread_id,
            turn_id = %turn_id,
            provider = self.provider.info().id,
            model = request.model,
            error = field::Empty,
        );
        let mut event_delay = config.event_delay;
        let ((turn, effects), message) = match request.content {
            TurnContent::Compaction => (Turn::begin_compaction(thread_id, turn_id, turn_config, now_ms()), None),
            TurnContent::HostCalls => {
                // No response precedes the events.
                event_delay = Duration::ZERO;
                (Turn::begin_host(thread_id, turn_id, turn_config, now_ms()), None)
            }
            TurnContent::Message(TurnMessage { id, client_id, content, attachments }) => {
                let model_item = to_model_message(&content, &attachments, config.detail);
                let (started_at_ms, completed_at_ms) = (now_ms(), None);
                let item = UserMessageItem { id: id.clone(), client_id, content, started_at_ms, completed_at_ms };
                let begun = Turn::begin(thread_id, turn_id, turn_config, item, model_item.clone());
                (begun, Some(FirstMessage { id, attachments, model_item }))
            }
        };
        let reasoning = request.reasoning.or(&config.reasoning);
        let setup = TurnSetup {
            permit: request.permit,
            exposure,
            partial_images: config.partial_images(&*self.provider),
            config,
            config_watcher,
            originator: request.originator,
            model: request.model,
            reasoning,
            roots: request.roots,
            output_schema: request.output_schema,
            cwd: request.cwd,
            hook_runner: request.hook_runner,
            approver: request.approver,
            response_sent: request.response_sent,
            event_delay,
        };
        PreparedTurn { setup, turn, effects, message, span, queue_span: Span::none() }
    }
}
