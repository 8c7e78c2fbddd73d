//! Calls of a client on their way to the host turn that runs them.

use std::sync::Arc;

use easel_imagegen::port::Approver;
use easel_protocol::event::ItemCompletedNotification;
use easel_protocol::id::TurnId;
use tokio::sync::{Notify, oneshot};
use tokio_util::sync::CancellationToken;

use super::{RunningTurn, TurnSlot};
use crate::machine::HostCall;

/// Maximum number of calls that wait for a host turn to begin them.
const MAX_QUEUED: usize = 64;

/// Why a call does not join the running turn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// No turn is running.
    #[error("no turn is running")]
    NoTurn,
    /// The running turn is about to end, or has failed while other calls of it run.
    #[error("the turn is about to end")]
    Ending,
    /// The running turn, with this id, is that of a model.
    #[error("turn {0} is running")]
    ModelTurn(TurnId),
    /// The turn has not begun the calls before.
    #[error("too many calls are queued for the turn")]
    QueueFull,
}

/// Who makes a call. The calls of a host turn may come from several connections.
#[derive(Debug)]
pub struct Caller {
    /// Name of the client; empty if unknown.
    pub originator: String,
    /// Asks for the approval of the call.
    pub approver: Arc<dyn Approver>,
    /// Cancels this call and no other one.
    pub cancel: CancellationToken,
}

/// A call on its way to its turn.
#[derive(Debug)]
pub struct QueuedHostCall {
    /// The call.
    pub call: HostCall,
    /// Who makes it.
    pub caller: Caller,
    /// Gets the completed item once its event is sent. Dropped if the turn panicked.
    pub completed: oneshot::Sender<ItemCompletedNotification>,
}

/// The calls that a host turn has not begun yet; `None` once the turn has decided to end.
pub(super) struct HostQueue {
    calls: Option<Vec<QueuedHostCall>>,
    arrival: Arc<Notify>,
}

impl Default for HostQueue {
    fn default() -> Self {
        Self { calls: Some(Vec::new()), arrival: Arc::default() }
    }
}

impl HostQueue {
    pub(super) fn take(&mut self) -> Vec<QueuedHostCall> {
        self.calls.as_mut().map(std::mem::take).unwrap_or_default()
    }

    pub(super) fn close(&mut self) {
        self.calls = None;
    }

    /// Returns what is notified when a call has joined.
    pub(super) fn arrival(&self) -> Arc<Notify> {
        Arc::clone(&self.arrival)
    }
}

impl RunningTurn {
    /// Refuses further messages and calls.
    pub(super) fn close_queues(&mut self) {
        self.steers.close();
        if let Some(host) = &mut self.host {
            host.close();
        }
    }
}

impl TurnSlot {
    /// Checks whether the running turn would take a call now.
    ///
    /// # Errors
    /// See [`JoinError`].
    pub fn check_join(&self) -> Result<(), JoinError> {
        self.with_host_queue(|_| ())
    }

    /// Adds a call to the running host turn. `create` is called if the turn takes it.
    ///
    /// # Errors
    /// See [`JoinError`]. Nothing was added.
    pub fn join(&self, create: impl FnOnce() -> QueuedHostCall) -> Result<(), JoinError> {
        self.with_host_queue(|queue| queue.push(create()))
    }

    fn with_host_queue(&self, use_queue: impl FnOnce(&mut Vec<QueuedHostCall>)) -> Result<(), JoinError> {
        let mut state = self.lock();
        let turn = state.running().ok_or(JoinError::NoTurn)?;
        if turn.is_interrupted() {
            return Err(JoinError::Ending);
        }
        let host = turn.host.as_mut().ok_or_else(|| JoinError::ModelTurn(turn.turn_id.clone()))?;
        let calls = host.calls.as_mut().ok_or(JoinError::Ending)?;
        if calls.len() >= MAX_QUEUED {
            return Err(JoinError::QueueFull);
        }
        use_queue(calls);
        // A turn that finds nothing new waits again.
        host.arrival.notify_one();
        Ok(())
    }
}
