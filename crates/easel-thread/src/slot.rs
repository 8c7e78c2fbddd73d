//! The turn slot of a thread: at most one turn runs at a time.

mod host_queue;
mod permit;
mod steering;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use easel_protocol::id::TurnId;
use parking_lot::{Mutex, MutexGuard};
use tokio_util::sync::CancellationToken;

use crate::turn::ResponseSent;
use host_queue::HostQueue;
pub use host_queue::{Caller, JoinError, QueuedHostCall};
pub use permit::TurnPermit;
pub use steering::SteerError;
use steering::SteerQueue;

/// The turn slot of one thread. Request handlers use it to start, interrupt and steer turns, and to wait for their end.
#[derive(Debug, Clone, Default)]
pub struct TurnSlot(Arc<Mutex<SlotState>>);

#[derive(Debug, Default)]
enum SlotState {
    #[default]
    Free,
    Running(RunningTurn),
    /// The actor has ended. No turn starts with this handle, because the thread may have another actor by now.
    Retired,
}

struct RunningTurn {
    turn_id: TurnId,
    interrupt: CancellationToken,
    /// An interrupt was accepted. It takes effect once its response is sent.
    interrupt_accepted: bool,
    /// Cancelled when the slot is free again.
    over: CancellationToken,
    steers: SteerQueue,
    /// `None` for a turn of a model.
    host: Option<HostQueue>,
    /// Whether a call of the turn waits for an approval.
    waits_for_approval: bool,
    /// Responses that must be sent before any event that the turn emits from now on.
    holds: Vec<ResponseSent>,
}

impl fmt::Debug for RunningTurn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningTurn").field("turn_id", &self.turn_id).finish_non_exhaustive()
    }
}

/// Why a turn cannot start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BeginError {
    /// Another turn, with this id, is running.
    #[error("turn {0} is running")]
    Running(TurnId),
    /// The thread's actor has ended.
    #[error("the thread's actor has ended")]
    Retired,
}

/// Why a turn is not interrupted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InterruptError {
    /// No turn is running.
    #[error("no turn is running")]
    NoTurn,
    /// Another turn, with this id, is running.
    #[error("turn {0} is running")]
    OtherTurn(TurnId),
}

/// An accepted interrupt. Dropping it interrupts the turn, so that the response to the request can be sent first.
#[derive(Debug)]
#[must_use = "dropping it interrupts the turn"]
pub struct AcceptedInterrupt(CancellationToken);

impl Drop for AcceptedInterrupt {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

impl RunningTurn {
    fn is_interrupted(&self) -> bool {
        self.interrupt_accepted || self.interrupt.is_cancelled()
    }
}

impl SlotState {
    fn running(&mut self) -> Option<&mut RunningTurn> {
        match self {
            Self::Running(turn) => Some(turn),
            Self::Free | Self::Retired => None,
        }
    }
}

impl TurnSlot {
    /// Takes the slot for a turn.
    ///
    /// # Errors
    /// Another turn has it, or the thread's actor has ended.
    pub fn begin(&self, turn_id: impl Into<TurnId>) -> Result<TurnPermit, BeginError> {
        self.occupy(turn_id.into(), None)
    }

    /// Takes the slot for a host turn, to which [`TurnSlot::join`] adds calls.
    ///
    /// # Errors
    /// As for [`TurnSlot::begin`].
    pub fn begin_host(&self, turn_id: impl Into<TurnId>) -> Result<TurnPermit, BeginError> {
        self.occupy(turn_id.into(), Some(HostQueue::default()))
    }

    fn occupy(&self, turn_id: TurnId, host: Option<HostQueue>) -> Result<TurnPermit, BeginError> {
        let mut state = self.lock();
        match &*state {
            SlotState::Free => {}
            SlotState::Running(turn) => return Err(BeginError::Running(turn.turn_id.clone())),
            SlotState::Retired => return Err(BeginError::Retired),
        }
        let interrupt = CancellationToken::new();
        *state = SlotState::Running(RunningTurn {
            turn_id: turn_id.clone(),
            interrupt: interrupt.clone(),
            interrupt_accepted: false,
            over: CancellationToken::new(),
            steers: SteerQueue::default(),
            host,
            waits_for_approval: false,
            holds: Vec::new(),
        });
        Ok(TurnPermit { slot: self.clone(), turn_id, interrupt })
    }

    /// Prevents further turns. Returns false, and does nothing, while a turn is running.
    #[must_use]
    pub(crate) fn retire(&self) -> bool {
        let mut state = self.lock();
        let is_idle = state.running().is_none();
        if is_idle {
            *state = SlotState::Retired;
        }
        is_idle
    }

    /// Returns the id of the running turn.
    pub fn running_turn(&self) -> Option<TurnId> {
        self.lock().running().map(|turn| turn.turn_id.clone())
    }

    /// Returns whether a call of the running turn waits for an approval.
    pub fn waits_for_approval(&self) -> bool {
        self.lock().running().is_some_and(|turn| turn.waits_for_approval)
    }

    /// Returns the token that interrupts the running turn.
    pub fn interrupt_token(&self) -> Option<CancellationToken> {
        self.lock().running().map(|turn| turn.interrupt.clone())
    }

    /// Accepts an interrupt of the turn `turn_id`. From now on [`TurnSlot::wait_for_interrupted`] waits for its end.
    ///
    /// # Errors
    /// The turn is not running.
    pub fn accept_interrupt(&self, turn_id: &str) -> Result<AcceptedInterrupt, InterruptError> {
        let mut state = self.lock();
        let turn = state.running().ok_or(InterruptError::NoTurn)?;
        if turn.turn_id != *turn_id {
            return Err(InterruptError::OtherTurn(turn.turn_id.clone()));
        }
        turn.interrupt_accepted = true;
        Ok(AcceptedInterrupt(turn.interrupt.clone()))
    }

    /// Interrupts the running turn and holds its events back until `response_sent` resolves. Returns false, and does
    /// nothing, if no turn is running or it is already interrupted.
    #[must_use]
    pub(crate) fn interrupt_and_hold(&self, response_sent: ResponseSent) -> bool {
        let mut state = self.lock();
        let Some(turn) = state.running().filter(|turn| !turn.is_interrupted()) else { return false };
        turn.holds.push(response_sent);
        turn.interrupt.cancel();
        true
    }

    /// Waits for the end of a turn whose interrupt was accepted. Returns at once if the running turn is not
    /// interrupted.
    pub async fn wait_for_interrupted(&self) {
        let over = self.lock().running().filter(|turn| turn.is_interrupted()).map(|turn| turn.over.clone());
        if let Some(over) = over {
            over.cancelled().await;
        }
    }

    /// Waits until no turn is running.
    pub async fn wait_until_idle(&self) {
        let over = || self.lock().running().map(|turn| turn.over.clone());
        while let Some(over) = over() {
            over.cancelled().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, SlotState> {
        self.0.lock()
    }
}
