//! The service of `turn/…`: starts, steers and interrupts turns.

mod host;

use std::path::PathBuf;
use std::sync::Arc;

use easel_imagegen::port::Reasoning;
use easel_protocol::event::Event;
use easel_protocol::id::{ItemId, ThreadId, TurnId};
use easel_protocol::input::UserInput;
use easel_protocol::item::UserMessageItem;
use easel_protocol::turn::{Turn, TurnItemsView, TurnStatus};
use easel_store::{EaselStore, PendingMessage};
use easel_thread::{
    AcceptedInterrupt, ResponseSent, SteerMessage, TurnContent, TurnMessage, TurnRequest, now_ms, to_model_message,
};
use serde_json::Value;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::approvals::ClientApprover;
use crate::connections::Client;
use crate::hooks::ProgramHooks;
use crate::images::Images;
use crate::requests::RequestError;
use crate::threads::{LoadedThreads, SettingsUpdate, Threads, require_thread};

/// The service of `turn/…`.
pub(crate) struct Turns {
    pub(crate) store: EaselStore,
    pub(crate) loaded: Arc<LoadedThreads>,
    pub(crate) threads: Arc<Threads>,
    pub(crate) images: Arc<Images>,
    pub(crate) hook_runner: Arc<ProgramHooks>,
}

/// A turn to start. Everything but the images is validated.
pub(crate) struct NewTurn {
    pub(crate) thread_id: ThreadId,
    pub(crate) input: Vec<UserInput>,
    /// The client's own id of the message.
    pub(crate) client_id: Option<String>,
    /// Settings that the thread keeps from this turn on.
    pub(crate) settings: SettingsUpdate,
    pub(crate) output_schema: Option<Value>,
    /// Whether the model is asked again after its images were made. `None`: as configured.
    pub(crate) closing_answer: Option<bool>,
}

/// A turn that was started. Its events wait until [`StartedTurn::response_signal`] is dropped or used.
pub(crate) struct StartedTurn {
    pub(crate) turn: Turn,
    /// The event about settings that changed; it precedes those of the turn.
    pub(crate) settings_event: Option<Event>,
    pub(crate) response_signal: ResponseSignal,
}

/// Signals a turn that the response to a request is queued, so that the turn's events may follow. A dropped signal
/// means that there is no response to wait for.
pub(crate) struct ResponseSignal(oneshot::Sender<()>);

impl ResponseSignal {
    /// Creates a signal and the future that resolves when it is sent or dropped.
    fn new() -> (Self, ResponseSent) {
        let (sender, receiver) = oneshot::channel();
        let response_sent = async move {
            // An error means that the sender was dropped.
            let _ = receiver.await;
        };
        (Self(sender), Box::pin(response_sent))
    }

    /// Sends the signal.
    pub(crate) fn send(self) {
        // A turn that has ended does not wait.
        let _ = self.0.send(());
    }
}

impl Turns {
    /// Starts a turn. Returns once the message and the turn are committed: a process that is killed then loses neither.
    ///
    /// # Errors
    /// [`RequestError::ThreadNotFound`], [`RequestError::ThreadNotLoaded`], [`RequestError::TurnRunning`],
    /// [`RequestError::BadField`] for an invalid image, [`RequestError::Cancelled`], and those of the store.
    pub(crate) async fn start(
        &self,
        client: &Arc<Client>,
        cancellation: &CancellationToken,
        new_turn: NewTurn,
    ) -> Result<StartedTurn, RequestError> {
        let NewTurn { thread_id, input, client_id, settings, output_schema, closing_answer } = new_turn;
        let stored = require_thread(&self.store, &thread_id).await?;
        let turn_id = Uuid::now_v7().to_string();
        let (handle, permit) = self.loaded.actors.begin_turn(&thread_id, |slot| slot.begin(&turn_id)).await?;
        // The steps that can refuse the turn come first: the thread's settings change only if the turn starts.
        let attachments = self.images.store_attachments(&thread_id, input).await?;
        let names_folder = settings.cwd.is_some();
        let (thread, settings_event) = self.threads.apply_settings(&stored, settings).await?;
        // Nothing has been sent to a provider yet, so a cancelled request costs nothing.
        if cancellation.is_cancelled() {
            return Err(RequestError::Cancelled);
        }
        let roots = self.images.reference_roots(&thread_id, PathBuf::from(&thread.cwd), names_folder).await?;
        let (response_signal, response_sent) = ResponseSignal::new();
        let request = TurnRequest {
            permit,
            originator: client.name().unwrap_or_default().to_owned(),
            content: TurnContent::Message(TurnMessage {
                id: Uuid::now_v7().to_string().into(),
                client_id,
                content: attachments.content().to_vec(),
                attachments: attachments.images().to_vec(),
            }),
            settings: settings_event.is_some().then(|| Box::new(thread.clone())),
            model: thread.model.unwrap_or_default(),
            reasoning: Reasoning { effort: thread.reasoning_effort, summary: thread.reasoning_summary },
            closing_answer,
            roots,
            output_schema,
            cwd: thread.cwd,
            hook_runner: self.hook_runner.clone(),
            approver: Arc::new(ClientApprover::new(client)),
            response_sent,
        };
        handle.start_turn(self.store.clone(), request).await?;
        attachments.accept();
        if names_folder && let Err(error) = self.store.mark_folder_named(&thread_id).await {
            // The turn already runs, and a folder that counts as not named only makes the thread stricter.
            tracing::warn!(%thread_id, %error, "cannot store that a client named the thread's folder");
        }
        Ok(StartedTurn { turn: new_turn_in_progress(turn_id.into()), settings_event, response_signal })
    }

    /// Starts a turn that compacts the conversation of a thread, without a request to the model. Returns once the turn
    /// is committed.
    ///
    /// # Errors
    /// [`RequestError::ThreadNotFound`], [`RequestError::ThreadNotLoaded`], [`RequestError::TurnRunning`],
    /// [`RequestError::Cancelled`], and those of the store.
    pub(crate) async fn compact(
        &self,
        client: &Arc<Client>,
        cancellation: &CancellationToken,
        thread_id: &str,
    ) -> Result<ResponseSignal, RequestError> {
        let thread = require_thread(&self.store, thread_id).await?;
        let turn_id = Uuid::now_v7().to_string();
        let (handle, permit) = self.loaded.actors.begin_turn(thread_id, |slot| slot.begin(&turn_id)).await?;
        if cancellation.is_cancelled() {
            return Err(RequestError::Cancelled);
        }
        // Only a message that the user adds to the turn makes a request to the model.
        let roots = self.images.reference_roots(thread_id, PathBuf::from(&thread.cwd), false).await?;
        let (response_signal, response_sent) = ResponseSignal::new();
        let request = TurnRequest {
            permit,
            originator: client.name().unwrap_or_default().to_owned(),
            content: TurnContent::Compaction,
            settings: None,
            model: thread.model.unwrap_or_default(),
            reasoning: Reasoning { effort: thread.reasoning_effort, summary: thread.reasoning_summary },
            closing_answer: None,
            roots,
            output_schema: None,
            cwd: thread.cwd,
            hook_runner: self.hook_runner.clone(),
            approver: Arc::new(ClientApprover::new(client)),
            response_sent,
        };
        handle.start_turn(self.store.clone(), request).await?;
        Ok(response_signal)
    }

    /// Adds a message to the running turn. The model reads it with the turn's next request; if the turn would have
    /// ended, it makes one more. Returns once the message is committed.
    ///
    /// # Errors
    /// [`RequestError::NoTurnToSteer`], [`RequestError::OtherTurn`], [`RequestError::BadField`] for an invalid image or
    /// if too many messages wait, and those of the store.
    pub(crate) async fn steer(
        &self,
        thread_id: &str,
        turn_id: &str,
        input: Vec<UserInput>,
        client_id: Option<String>,
    ) -> Result<ResponseSignal, RequestError> {
        let Some(handle) = self.loaded.actors.get(thread_id) else {
            return Err(self.loaded.leases.explain_not_loaded(thread_id, RequestError::NoTurnToSteer).await);
        };
        // Checked before images are copied. The turn may still end during the copy.
        handle.slot.check_steering(turn_id).map_err(|error| RequestError::steer(error, turn_id))?;
        let attachments = self.images.store_attachments(thread_id, input).await?;
        let (content, images) = (attachments.content().to_vec(), attachments.images().to_vec());
        let model_item = to_model_message(&content, &images, handle.config.get().detail);
        let (id, started_at_ms) = (ItemId::from(Uuid::now_v7().to_string()), now_ms());
        let item = UserMessageItem {
            id: id.clone(),
            client_id: client_id.clone(),
            content: content.clone(),
            started_at_ms,
            completed_at_ms: None,
        };
        // Committed before the turn gets it: an accepted message survives a crash even if the model has not read it.
        let pending =
            PendingMessage { thread_id: thread_id.into(), turn_id: turn_id.into(), item, input: model_item.clone() };
        self.store.save_pending_message(pending).await?;
        let (response_signal, response_sent) = ResponseSignal::new();
        let message = SteerMessage { id: id.clone(), client_id, content, attachments: images, model_item };
        if let Err(error) = handle.slot.steer(turn_id, message, response_sent) {
            // The turn has begun to end since the check.
            self.store.remove_pending_message(thread_id, &id).await?;
            return Err(RequestError::steer(error, turn_id));
        }
        attachments.accept();
        Ok(response_signal)
    }

    /// Accepts an interrupt of the running turn. It takes effect when the returned value is dropped.
    ///
    /// # Errors
    /// [`RequestError::NoActiveTurn`], [`RequestError::OtherTurn`], [`RequestError::ThreadNotFound`],
    /// [`RequestError::ThreadInUse`].
    pub(crate) async fn interrupt(&self, thread_id: &str, turn_id: TurnId) -> Result<AcceptedInterrupt, RequestError> {
        let Some(handle) = self.loaded.actors.get(thread_id) else {
            return Err(self.loaded.leases.explain_not_loaded(thread_id, RequestError::NoActiveTurn).await);
        };
        handle.slot.accept_interrupt(&turn_id).map_err(|error| RequestError::interrupt(error, turn_id))
    }
}

fn new_turn_in_progress(id: TurnId) -> Turn {
    Turn {
        root_turn_id: id.clone(),
        id,
        items: Vec::new(),
        items_view: TurnItemsView::NotLoaded,
        status: TurnStatus::InProgress,
        error: None,
        started_at: None,
        completed_at: None,
        duration_ms: None,
    }
}
