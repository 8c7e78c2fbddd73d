//! One session: its thread, the prompt that runs, and what the user has chosen.

use std::path::PathBuf;
use std::sync::Arc;

use easel_client::ServerRequest;
use easel_protocol::approval::PermissionsRequestApprovalParams;
use easel_protocol::event::Event;
use easel_protocol::id::{ItemId, ThreadId, TurnId};
use easel_protocol::turn::Turn;
use easel_rpc::{ErrorObjectOwned, invalid_request, resource_not_found};
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::choices::Choices;

/// Maximum number of events of a session that wait to be translated. The server waits when there are more.
const MAX_EVENTS: usize = 64;

/// Maximum number of ended turns that wait for the prompt's handler. There is one for each prompt.
const MAX_ENDS: usize = 4;

/// A session.
pub(crate) struct Session {
    pub(crate) id: ThreadId,
    pub(crate) opened: Mutex<Opened>,
    pub(crate) choices: Mutex<Choices>,
    prompt: Mutex<Option<ActivePrompt>>,
    /// One permit: a session has one prompt at a time.
    permits: Arc<Semaphore>,
    events: mpsc::Sender<SessionEvent>,
    /// Cancelled when the session is closed.
    pub(crate) closed: CancellationToken,
}

/// What the app-server has returned when the session was last opened.
#[derive(Debug, Clone)]
pub(crate) struct Opened {
    pub(crate) cwd: PathBuf,
    pub(crate) model: String,
}

/// Something that the app-server sent about a session, or the user's answer to its question.
pub(crate) enum SessionEvent {
    Event(Box<Event>),
    Approval(ServerRequest, Box<PermissionsRequestApprovalParams>),
    Decision { item_id: ItemId, allowed: bool },
}

/// The prompt that runs.
struct ActivePrompt {
    cancelled: CancellationToken,
    ends: mpsc::Sender<Turn>,
}

/// How a turn ended.
pub(crate) type PromptEnd = Turn;

/// The right to run a prompt in a session. The next prompt can start when it is dropped.
pub(crate) struct PromptPermit {
    pub(crate) session: Arc<Session>,
    /// Cancelled when the client cancels the prompt.
    pub(crate) cancelled: CancellationToken,
    ends: mpsc::Receiver<Turn>,
    _permit: OwnedSemaphorePermit,
}

impl Session {
    pub(crate) fn new(id: ThreadId, opened: Opened) -> (Self, mpsc::Receiver<SessionEvent>) {
        let (events, receiver) = mpsc::channel(MAX_EVENTS);
        let session = Self {
            id,
            opened: Mutex::new(opened),
            choices: Mutex::default(),
            prompt: Mutex::default(),
            permits: Arc::new(Semaphore::new(1)),
            events,
            closed: CancellationToken::new(),
        };
        (session, receiver)
    }

    /// Passes on an event, and waits while too many wait to be translated.
    pub(crate) async fn push(&self, event: SessionEvent) {
        tokio::select! {
            _ = self.events.send(event) => {}
            () = self.closed.cancelled() => {}
        }
    }

    /// Starts a prompt.
    ///
    /// # Errors
    /// If another one runs, or the session is closed.
    pub(crate) fn start_prompt(self: &Arc<Self>) -> Result<PromptPermit, ErrorObjectOwned> {
        let permit = Arc::clone(&self.permits).try_acquire_owned().map_err(|_| {
            invalid_request("a prompt is still running in this session; cancel it or wait for its response")
        })?;
        // The permit of a prompt that was stopped is free once the session is closed.
        if self.closed.is_cancelled() {
            return Err(not_open(self.id.as_str()));
        }
        let (sender, ends) = mpsc::channel(MAX_ENDS);
        let cancelled = CancellationToken::new();
        *self.prompt.lock() = Some(ActivePrompt { cancelled: cancelled.clone(), ends: sender });
        Ok(PromptPermit { session: Arc::clone(self), cancelled, ends, _permit: permit })
    }

    /// Cancels the prompt that runs and waits for its end. No prompt starts while the returned permit is held.
    ///
    /// # Errors
    /// If the session is closed.
    pub(crate) async fn stop(&self) -> Result<OwnedSemaphorePermit, ErrorObjectOwned> {
        // The wait for the permit begins before the cancellation, so that no prompt starts between them.
        let permit = Arc::clone(&self.permits).acquire_owned();
        let (permit, ()) = tokio::join!(permit, async { self.cancel() });
        match permit {
            Ok(permit) if !self.closed.is_cancelled() => Ok(permit),
            Ok(_) | Err(_) => Err(not_open(self.id.as_str())),
        }
    }

    /// Cancels the prompt that runs, if there is one.
    pub(crate) fn cancel(&self) {
        if let Some(prompt) = &*self.prompt.lock() {
            prompt.cancelled.cancel();
        }
    }

    /// Passes the end of a turn to the handler of its prompt.
    pub(crate) fn end_turn(&self, turn: PromptEnd) {
        if let Some(prompt) = &*self.prompt.lock() {
            // It is full only of turns that nobody waits for.
            let _ = prompt.ends.try_send(turn);
        }
    }
}

impl PromptPermit {
    /// Waits for the end of a turn. `None` if the session is closed.
    pub(crate) async fn turn_end(&mut self, id: &TurnId) -> Option<PromptEnd> {
        loop {
            let turn = tokio::select! {
                turn = self.ends.recv() => turn?,
                () = self.session.closed.cancelled() => return None,
            };
            if turn.id == *id {
                return Some(turn);
            }
        }
    }
}

/// Returns the error for a session that is not open.
pub(super) fn not_open(id: &str) -> ErrorObjectOwned {
    resource_not_found(&format!("session {id} is not open"))
}

impl Drop for PromptPermit {
    fn drop(&mut self) {
        *self.session.prompt.lock() = None;
    }
}
