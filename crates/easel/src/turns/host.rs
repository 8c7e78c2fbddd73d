//! Host turns: the calls of a client that runs its own model loop.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use easel_imagegen::port::Reasoning;
use easel_protocol::thread::Thread;
use easel_thread::{JoinError, QueuedHostCall, ThreadHandle, TurnContent, TurnPermit, TurnRequest, TurnSlot};
use uuid::Uuid;

use super::Turns;
use crate::approvals::ClientApprover;
use crate::connections::Client;
use crate::providers::ThreadProvider;
use crate::requests::RequestError;

/// How long a call waits for the end of a turn that takes no more calls. Other requests of the thread wait meanwhile.
const END_WAIT: Duration = Duration::from_secs(2);

/// A host turn that a call can join, or the right to start one.
pub(crate) enum HostTurn {
    Running(Arc<ThreadHandle<ThreadProvider>>),
    New(Arc<ThreadHandle<ThreadProvider>>, TurnPermit),
}

impl Turns {
    /// Returns the host turn for a call of a loaded thread: the running one, or a new one. The caller is at the head of
    /// the thread's queue.
    ///
    /// # Errors
    /// [`RequestError::TurnRunning`] if a turn of a model runs, or a host turn that takes no more calls,
    /// [`RequestError::ThreadNotLoaded`], [`RequestError::TooManyCalls`], and those of the store.
    pub(crate) async fn host_turn(&self, thread_id: &str) -> Result<HostTurn, RequestError> {
        if let Some(handle) = self.loaded.actors.get(thread_id) {
            match handle.slot.check_join() {
                Ok(()) => return Ok(HostTurn::Running(handle)),
                Err(JoinError::NoTurn) => {}
                Err(JoinError::Ending) => wait_for_end(&handle.slot).await,
                Err(JoinError::ModelTurn(turn)) => return Err(RequestError::TurnRunning(turn)),
                Err(JoinError::QueueFull) => return Err(RequestError::TooManyCalls),
            }
        }
        let turn_id = Uuid::now_v7().to_string();
        let (handle, permit) = self.loaded.actors.begin_turn(thread_id, |slot| slot.begin_host(&*turn_id)).await?;
        Ok(HostTurn::New(handle, permit))
    }

    /// Adds a call to a host turn. Returns false if the turn has ended in the meantime; `create` was not called then.
    ///
    /// # Errors
    /// [`RequestError::TooManyCalls`], and those of the store.
    pub(crate) async fn add_host_call(
        &self,
        client: &Arc<Client>,
        thread: &Thread,
        turn: HostTurn,
        create: impl FnOnce() -> QueuedHostCall + Send,
    ) -> Result<bool, RequestError> {
        let (handle, permit) = match turn {
            HostTurn::Running(handle) => return is_added(&handle.slot.join(create)),
            HostTurn::New(handle, permit) => (handle, permit),
        };
        if !is_added(&handle.slot.join(create))? {
            return Ok(false);
        }
        let roots = self.images.reference_roots(&thread.id, PathBuf::from(&thread.cwd), false).await?;
        let request = TurnRequest {
            permit,
            originator: client.name().unwrap_or_default().to_owned(),
            content: TurnContent::HostCalls,
            settings: None,
            model: thread.model.clone().unwrap_or_default(),
            reasoning: Reasoning::default(),
            closing_answer: None,
            roots,
            output_schema: None,
            cwd: thread.cwd.clone(),
            hook_runner: self.hook_runner.clone(),
            approver: Arc::new(ClientApprover::new(client)),
            // The response follows the events.
            response_sent: Box::pin(std::future::ready(())),
        };
        handle.start_turn(self.store.clone(), request).await?;
        Ok(true)
    }
}

/// Waits for the end of a turn that takes no more calls. A turn that was interrupted has none that go on. One without
/// calls has its last events to store, which is quick unless another program holds the database. One that failed may
/// have calls that run for minutes.
async fn wait_for_end(slot: &TurnSlot) {
    slot.wait_for_interrupted().await;
    // A turn that has not ended by then refuses the call.
    let _ = tokio::time::timeout(END_WAIT, slot.wait_until_idle()).await;
}

fn is_added(joined: &Result<(), JoinError>) -> Result<bool, RequestError> {
    match joined {
        Ok(()) => Ok(true),
        Err(JoinError::NoTurn | JoinError::Ending | JoinError::ModelTurn(_)) => Ok(false),
        Err(JoinError::QueueFull) => Err(RequestError::TooManyCalls),
    }
}
