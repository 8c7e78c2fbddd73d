//! The permit of a running turn.

use std::ops::ControlFlow;
use std::sync::Arc;

use easel_protocol::id::TurnId;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::host_queue::QueuedHostCall;
use super::steering::QueuedSteer;
use super::{HostQueue, SlotState, TurnSlot};
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
    pub(crate) host_calls: Vec<QueuedHostCall>,
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
    /// no more messages and calls. If it continues, it returns the number of messages that the turn has taken and its
    /// model has not read; they count as queued.
    ///
    /// The lock makes the decision to end and the end of the queues one step: a message is either read by the turn or
    /// refused, and a call either begun or refused. `handle` only computes; it must not block and must not use the
    /// slot.
    pub(crate) fn handle_inbox<T>(&self, handle: impl FnOnce(Inbox) -> (T, ControlFlow<(), usize>)) -> T {
        let mut state = self.slot.lock();
        let Some(turn) = state.running() else { return handle(Inbox::default()).0 };
        let inbox = Inbox {
            steers: turn.steers.take(),
            host_calls: turn.host.as_mut().map(HostQueue::take).unwrap_or_default(),
            holds: std::mem::take(&mut turn.holds),
        };
        let (value, flow) = handle(inbox);
        match flow {
            ControlFlow::Continue(unread) => turn.steers.set_unread(unread),
            ControlFlow::Break(()) => turn.close_queues(),
        }
        value
    }

    /// Sets whether a call of the turn waits for an approval.
    pub(crate) fn set_waits_for_approval(&self, waits: bool) {
        if let Some(turn) = self.slot.lock().running() {
            turn.waits_for_approval = waits;
        }
    }

    /// Refuses further messages and calls.
    pub(crate) fn close_queues(&self) {
        if let Some(turn) = self.slot.lock().running() {
            turn.close_queues();
        }
    }

    /// Returns what is notified when a call joins the turn. Nothing joins a turn of a model.
    pub(crate) fn host_call_arrival(&self) -> Arc<Notify> {
        self.slot.lock().running().and_then(|turn| turn.host.as_ref()).map(HostQueue::arrival).unwrap_or_default()
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
