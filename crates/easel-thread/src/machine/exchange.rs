//! What goes into the machine and what comes out of it.

use std::path::PathBuf;

use easel_imagegen::plan::PlannedCall;
use easel_imagegen::port::{FunctionCall, ModelError, Reference};
use easel_protocol::event::{Event, TokenUsage};
use easel_protocol::id::ItemId;
use easel_protocol::input::UserInput;
use easel_protocol::record::{Attachment, ImageError, ImageFacts, ImageRecord, RequestedImage};
use easel_protocol::response_item::ResponseItem;
use easel_protocol::tool::HeldBackReason;

/// What happened.
#[derive(Debug, Clone)]
pub enum Input {
    TextDelta {
        item_id: String,
        delta: String,
    },
    Message {
        item_id: String,
        text: String,
    },
    FunctionCall(FunctionCall),
    HostedStarted {
        call_id: String,
        requested: RequestedImage,
        references: Vec<Reference>,
    },
    AnswerCompleted {
        usage: TokenUsage,
    },
    AnswerFailed(ModelError),
    /// A call shows what it is making.
    Previewed {
        item_id: ItemId,
        shown: Shown,
    },
    CallEnded {
        item_id: ItemId,
        outcome: Result<Outcome, Box<ImageError>>,
    },
    /// The user added a message; it is read before the model is asked again, or the turn ends.
    Steered(Box<Steered>),
    /// The rules became stricter: the turn's tool is not offered any more, or it may make fewer images.
    Tightened {
        withdrawn: Option<HeldBackReason>,
        max_images: u32,
    },
    Interrupt,
}

/// A message that a user adds to a turn.
#[derive(Debug, Clone, PartialEq)]
pub struct Steered {
    pub id: ItemId,
    pub client_id: Option<String>,
    /// With images as files of the store.
    pub content: Vec<UserInput>,
    /// The images among them, in order.
    pub attachments: Vec<Attachment>,
    /// The same for the model.
    pub input: ResponseItem,
}

impl Input {
    /// Whether this comes from the answer that is being received.
    pub(super) fn is_of_answer(&self) -> bool {
        match self {
            Self::TextDelta { .. }
            | Self::Message { .. }
            | Self::FunctionCall(_)
            | Self::HostedStarted { .. }
            | Self::AnswerCompleted { .. }
            | Self::AnswerFailed(_) => true,
            Self::Previewed { .. }
            | Self::CallEnded { .. }
            | Self::Steered(_)
            | Self::Tightened { .. }
            | Self::Interrupt => false,
        }
    }
}

/// What an image looks like while it is made.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// As the provider counts.
    pub index: u32,
    pub path: PathBuf,
    pub facts: ImageFacts,
}

/// What a call made: at least one image.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    pub records: Vec<ImageRecord>,
    pub generation_id: Option<String>,
    /// Why there are fewer images than the call asked for.
    pub missing: Option<Box<ImageError>>,
}

/// What to do about it, in this order.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Write to history, then tell.
    Emit(Event),
    /// Ask for an answer with the conversation as it now is.
    AskModel,
    /// Run a call of the standalone tool; its end comes back as [`Input::CallEnded`].
    RunCall(PlannedCall),
    /// Journal a call of the hosted tool; its end comes back as [`Input::CallEnded`].
    TrackHosted { item_id: ItemId, call_id: String, requested: RequestedImage, references: Vec<Reference> },
    /// Close the request for an answer.
    CloseAnswer,
    /// Cancel the calls that run; each still reports its end.
    CancelCalls,
}

impl Effect {
    pub(crate) fn into_event(self) -> Option<Event> {
        if let Self::Emit(event) = self { Some(event) } else { None }
    }

    /// The event that is written and told, if the effect is one.
    pub(crate) fn event(&self) -> Option<&Event> {
        match self {
            Self::Emit(event) => Some(event),
            Self::AskModel | Self::RunCall(_) | Self::TrackHosted { .. } | Self::CloseAnswer | Self::CancelCalls => {
                None
            }
        }
    }
}
