//! The right to run a turn: a thread runs one at a time.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use easel_protocol::id::{ItemId, TurnId};
use easel_protocol::input::UserInput;
use easel_protocol::record::Attachment;
use easel_protocol::response_item::ResponseItem;
use tokio_util::sync::CancellationToken;

use crate::telling::Answered;

mod permit;

pub(crate) use permit::Course;
pub use permit::TurnPermit;

/// Messages that a running turn holds until it reads them.
const MAX_STEERS: usize = 64;

/// What a user adds to the turn that runs.
pub struct Steer {
    pub message_id: ItemId,
    pub client_id: Option<String>,
    /// The user's pieces, with images as files of the store.
    pub content: Vec<UserInput>,
    /// The images among them, in order.
    pub attachments: Vec<Attachment>,
    /// The message as the model reads it.
    pub input: ResponseItem,
    pub answered: Answered,
}

impl fmt::Debug for Steer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Steer").field("message_id", &self.message_id).finish_non_exhaustive()
    }
}

/// Why a message was not added to a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SteerRefused {
    NoTurn,
    /// Another turn runs.
    OtherTurn(TurnId),
    /// The turn has not yet read what it was given before.
    Full,
}

/// Why no turn begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BeginRefused {
    /// This turn runs.
    Running(TurnId),
    /// The thread left memory.
    Retired,
}

/// Names the running turn of a thread to those who may refuse, interrupt or report it.
#[derive(Debug, Clone, Default)]
pub struct TurnSlot(Arc<Mutex<State>>);

#[derive(Debug, Default)]
enum State {
    #[default]
    Free,
    Taken(Active),
    /// For those who still hold it: no turn begins beside those of the thread's next actor.
    Retired,
}

struct Active {
    turn_id: TurnId,
    interrupt: CancellationToken,
    /// An interrupt was accepted and comes as soon as that is answered.
    ends_soon: bool,
    /// Cancelled when the slot is free again.
    over: CancellationToken,
    /// What the turn has yet to read; `None` once it has decided to end.
    steers: Option<Vec<Steer>>,
    /// Answers that come before anything that the turn decides from now on is told.
    holds: Vec<Answered>,
}

impl fmt::Debug for Active {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Active").field("turn_id", &self.turn_id).finish_non_exhaustive()
    }
}

/// An interrupt that was accepted. The turn is interrupted when this is dropped, so that an answer can come first.
#[derive(Debug)]
#[must_use = "dropping it interrupts the turn"]
pub struct AcceptedInterrupt(CancellationToken);

impl Drop for AcceptedInterrupt {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// Why a turn is not interrupted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InterruptRefused {
    NoTurn,
    /// Another turn runs.
    OtherTurn(TurnId),
}

impl State {
    fn active(&mut self) -> Option<&mut Active> {
        match self {
            Self::Taken(active) => Some(active),
            Self::Free | Self::Retired => None,
        }
    }
}

impl TurnSlot {
    /// Takes the slot, unless another turn has it.
    pub fn begin(&self, turn_id: &str) -> Result<TurnPermit, BeginRefused> {
        let mut state = self.state();
        match &*state {
            State::Free => {}
            State::Taken(active) => return Err(BeginRefused::Running(active.turn_id.clone())),
            State::Retired => return Err(BeginRefused::Retired),
        }
        let turn_id = TurnId::from(turn_id);
        let (interrupt, over) = (CancellationToken::new(), CancellationToken::new());
        let active = Active {
            turn_id: turn_id.clone(),
            interrupt: interrupt.clone(),
            ends_soon: false,
            over,
            steers: Some(Vec::new()),
            holds: Vec::new(),
        };
        *state = State::Taken(active);
        Ok(TurnPermit { slot: self.clone(), turn_id, interrupt })
    }

    /// Lets no turn begin from now on; false while one runs.
    pub(crate) fn retire(&self) -> bool {
        let mut state = self.state();
        let is_at_rest = state.active().is_none();
        if is_at_rest {
            *state = State::Retired;
        }
        is_at_rest
    }

    pub fn running(&self) -> Option<TurnId> {
        self.active().map(|(turn_id, _)| turn_id)
    }

    /// The running turn and what interrupts it; `None` when none runs.
    pub fn active(&self) -> Option<(TurnId, CancellationToken)> {
        self.state().active().map(|active| (active.turn_id.clone(), active.interrupt.clone()))
    }

    /// Accepts an interrupt of the turn with this id. From now on [`TurnSlot::interrupted`] waits for its end.
    pub fn accept_interrupt(&self, turn_id: &str) -> Result<AcceptedInterrupt, InterruptRefused> {
        let mut state = self.state();
        let active = state.active().ok_or(InterruptRefused::NoTurn)?;
        if active.turn_id != turn_id {
            return Err(InterruptRefused::OtherTurn(active.turn_id.clone()));
        }
        active.ends_soon = true;
        Ok(AcceptedInterrupt(active.interrupt.clone()))
    }

    /// Waits for the end of a turn whose interrupt was accepted. A turn that runs on is not waited for.
    pub async fn interrupted(&self) {
        let ends = |active: &&mut Active| active.ends_soon || active.interrupt.is_cancelled();
        let over = self.state().active().filter(ends).map(|active| active.over.clone());
        if let Some(over) = over {
            over.cancelled().await;
        }
    }

    /// Whether the turn with this id would take a message now.
    pub fn takes_steering(&self, turn_id: &str) -> Result<(), SteerRefused> {
        self.waiting_steers(turn_id, |_| ())
    }

    /// Adds a message to the turn with this id, which reads it before it ends.
    pub fn steer(&self, turn_id: &str, steer: Steer) -> Result<(), SteerRefused> {
        self.waiting_steers(turn_id, |waiting| waiting.push(steer))
    }

    fn waiting_steers(&self, turn_id: &str, add: impl FnOnce(&mut Vec<Steer>)) -> Result<(), SteerRefused> {
        let mut state = self.state();
        let active = state.active().ok_or(SteerRefused::NoTurn)?;
        let waiting = active.steers.as_mut().ok_or(SteerRefused::NoTurn)?;
        if active.turn_id != turn_id {
            return Err(SteerRefused::OtherTurn(active.turn_id.clone()));
        }
        if waiting.len() >= MAX_STEERS {
            return Err(SteerRefused::Full);
        }
        add(waiting);
        Ok(())
    }

    /// Interrupts the running turn; what it tells from then on waits until `answered` resolves. False when no turn runs, or
    /// when it ends for another interrupt.
    pub(crate) fn interrupt_silently(&self, answered: Answered) -> bool {
        let mut state = self.state();
        let Some(active) = state.active() else { return false };
        if active.ends_soon || active.interrupt.is_cancelled() {
            return false;
        }
        active.holds.push(answered);
        active.interrupt.cancel();
        true
    }

    /// Waits until no turn runs.
    pub async fn idle(&self) {
        let over = || self.state().active().map(|active| active.over.clone());
        while let Some(over) = over() {
            over.cancelled().await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
