//! The permit of a running turn.

use std::ops::ControlFlow;

use easel_protocol::id::TurnId;
use tokio_util::sync::CancellationToken;

use super::steering::QueuedSteer;
use super::{SlotState, TurnSlot};
use crate::turn::ResponseSent;

/// The right to run a turn in a thread. Dropping it frees the slot.
#[derive(Debug)]
pub struct TurnPermit {
    pub(super) slot: TurnSlot,
    pub(super) turn_id: TurnId,
    pub(super) interrupt: CancellationToken,
}

/// What request handlers have left for a running turn since it last handled an input.
#[derive(Default)]
pub(crate) struct Inbox {
    pub(crate) steers: Vec<QueuedSteer>,
    /// Responses that must be sent before further events.
    pub(crate) holds: Vec<ResponseSent>,
}

impl TurnPermit {
    /// Returns the id of the turn.
    pub fn turn_id(&self) -> &TurnId {
        &self.turn_id
    }

    pub(crate) fn interrupt(&self) -> &CancellationToken {
        &self.interrupt
    }

    /// Empties the inbox and runs `handle` on it, with the slot locked. If `handle` breaks, the turn ends and accepts
    /// no more messages.
    ///
    /// The lock makes the decision to end and the end of steering one step: a message is either read by the turn or
    /// refused. `handle` only computes; it must not block and must not use the slot.
    pub(crate) fn handle_inbox<T>(&self, handle: impl FnOnce(Inbox) -> (T, ControlFlow<()>)) -> T {
        let mut state = self.slot.lock();
        let Some(turn) = state.running() else { return handle(Inbox::default()).0 };
        let (value, flow) = handle(Inbox { steers: turn.steers.take(), holds: std::mem::take(&mut turn.holds) });
        if flow.is_break() {
            turn.steers.close();
        }
        value
    }

    /// Sets whether a call of the turn waits for an approval.
    pub(crate) fn set_waits_for_approval(&self, waits: bool) {
        if let Some(turn) = self.slot.lock().running() {
            turn.waits_for_approval = waits;
        }
    }

    /// Refuses further messages.
    pub(crate) fn close_steering(&self) {
        if let Some(turn) = self.slot.lock().running() {
            turn.steers.close();
        }
    }

    /// Ends the turn and prevents further turns with this slot.
    pub(crate) fn retire(self) {
        if let SlotState::Running(turn) = std::mem::replace(&mut *self.slot.lock(), SlotState::Retired) {
            turn.over.cancel();
        }
    }
}

impl Drop for TurnPermit {
    fn drop(&mut self) {
        let mut state = self.slot.lock();
        if let SlotState::Running(turn) = &*state {
            turn.over.cancel();
            *state = SlotState::Free;
        }
    }
}
