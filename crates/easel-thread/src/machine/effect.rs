//! The outputs of the machine.

use easel_imagegen::plan::PlannedCall;
use easel_imagegen::port::Reference;
use easel_protocol::event::Event;
use easel_protocol::id::{CallId, ItemId};
use easel_protocol::record::RequestedImage;

/// Something that the turn runner does for the machine. Effects are carried out in the order in which they are
/// returned.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    /// Write the event to history, then send it to the clients.
    Emit(Event),
    /// Request a response from the model for the conversation as it is now.
    RequestResponse,
    /// Run a call of the standalone tool. Its end comes back as [`Input::CallEnded`](super::Input::CallEnded).
    RunCall { item_id: ItemId, call: PlannedCall },
    /// Journal a call of the hosted tool. Its end comes back as [`Input::CallEnded`](super::Input::CallEnded).
    TrackHosted { item_id: ItemId, call_id: CallId, requested: RequestedImage, references: Vec<Reference> },
    /// Close the model response that is being received. If it offered the hosted tool, the images that have arrived are
    /// kept, and the end comes back as [`Input::ResponseClosed`](super::Input::ResponseClosed).
    CloseResponse,
    /// Cancel the running calls. Each still reports its end.
    CancelCalls,
    /// Let a running call ask for its approval, once the events before this are sent. Its end comes back as
    /// [`Input::ApprovalEnded`](super::Input::ApprovalEnded), unless the call ends before it.
    AskApproval { item_id: ItemId },
}

impl Effect {
    pub(crate) fn into_event(self) -> Option<Event> {
        if let Self::Emit(event) = self { Some(event) } else { None }
    }

    /// Returns the event of an `Emit`.
    pub(crate) fn as_event(&self) -> Option<&Event> {
        if let Self::Emit(event) = self { Some(event) } else { None }
    }
}
