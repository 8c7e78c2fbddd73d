//! The right to run a turn, as the turn itself holds it.

use tokio_util::sync::CancellationToken;

use easel_protocol::id::TurnId;

use super::{State, Steer, TurnSlot};
use crate::telling::Answered;

/// The right itself; dropping it frees the slot.
#[derive(Debug)]
pub struct TurnPermit {
    pub(super) slot: TurnSlot,
    pub(super) turn_id: TurnId,
    pub(super) interrupt: CancellationToken,
}

impl TurnPermit {
    pub fn turn_id(&self) -> &TurnId {
        &self.turn_id
    }

    pub(crate) fn interrupt(&self) -> &CancellationToken {
        &self.interrupt
    }

    /// Lets the turn read what was added to it and decide. Nobody adds anything meanwhile, nor after it has decided to end:
    /// what was accepted is read.
    pub(crate) fn decide<T>(&self, decide: impl FnOnce(Vec<Steer>, Vec<Answered>) -> (T, Course)) -> T {
        let mut state = self.slot.state();
        let Some(active) = state.active() else { return decide(Vec::new(), Vec::new()).0 };
        let steers = active.steers.as_mut().map(std::mem::take).unwrap_or_default();
        let (decided, course) = decide(steers, std::mem::take(&mut active.holds));
        match course {
            Course::GoesOn => {}
            Course::Ends => active.steers = None,
        }
        decided
    }
}

impl TurnPermit {
    /// Accepts no more messages.
    pub(crate) fn close(&self) {
        if let Some(active) = self.slot.state().active() {
            active.steers = None;
        }
    }

    /// Ends the turn, and lets none begin with this slot.
    pub(crate) fn retire(self) {
        if let State::Taken(active) = std::mem::replace(&mut *self.slot.state(), State::Retired) {
            active.over.cancel();
        }
    }
}

/// What a turn has decided about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Course {
    GoesOn,
    Ends,
}

impl Drop for TurnPermit {
    fn drop(&mut self) {
        let mut state = self.slot.state();
        if let State::Taken(active) = &*state {
            active.over.cancel();
            *state = State::Free;
        }
    }
}
