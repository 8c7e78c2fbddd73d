//! The inputs of the machine.

use std::path::PathBuf;

use easel_imagegen::port::{FunctionCall, ModelError, ModelEvent, ThreadImage};
use easel_protocol::id::ItemId;
use easel_protocol::input::UserInput;
use easel_protocol::record::{Attachment, ImageError, ImageFacts, ImageRecord};
use easel_protocol::response_item::ResponseItem;

use super::Effect;
use crate::config::CallLimits;

/// Something that happened to a turn.
#[derive(Debug)]
pub(crate) enum Input {
    /// The first input: the events of the turn's begin are written, and its message is in the conversation.
    Begin,
    /// An event of the model response that is being received.
    ModelEvent(ModelEvent),
    /// The request failed, or the response ended early.
    ResponseFailed(ModelError),
    /// The response is closed, and nothing more of it arrives.
    ResponseClosed {
        /// Whether the provider may have billed an image that has no item.
        has_lost_image: bool,
    },
    /// A call has a preview of its image.
    Preview {
        item_id: ItemId,
        file: PreviewFile,
    },
    /// The images of a hosted call have arrived. They are compared and stored beside the response.
    HostedArrived {
        item_id: ItemId,
    },
    CallEnded {
        item_id: ItemId,
        outcome: Result<CallOutput, Box<ImageError>>,
    },
    /// A running call must ask for its approval.
    ApprovalNeeded {
        item_id: ItemId,
    },
    /// The call no longer waits for its approval: it is approved or denied.
    ApprovalEnded {
        item_id: ItemId,
    },
    /// The user added a message. The model reads it with the next request; if none is due, the turn sends one more.
    Steer(Box<SteerMessage>),
    /// Clients call the image tool in their turn. The calls begin in this order, within the current limits.
    HostCalls(Vec<HostCall>, CallLimits),
    /// The configuration has changed.
    LimitsChanged(CallLimits),
    /// A limit of spending refuses an image of the hosted tool, so the request was not sent. The reason is a sentence
    /// without its full stop.
    HostedRefused(String),
    /// A hosted image that has begun exceeds a limit of spending.
    HostedOverLimit(String),
    Interrupt,
    /// The events among `effects` could not be written to history.
    PersistFailed {
        effects: Vec<Effect>,
        message: String,
        /// The calls that have joined the turn meanwhile. They fail, because history could not keep them.
        host_calls: Vec<HostCall>,
    },
}

/// A message that a user adds to a running turn.
#[derive(Debug, Clone, PartialEq)]
pub struct SteerMessage {
    /// The id of the message's item.
    pub id: ItemId,
    /// The client's own id of the message.
    pub client_id: Option<String>,
    /// The parts of the message, with images as files of the store.
    pub content: Vec<UserInput>,
    /// The images of `content`, in order.
    pub attachments: Vec<Attachment>,
    /// The message as history stores it for the model.
    pub model_item: ResponseItem,
}

/// A call of the image tool by a client that runs its own model loop.
#[derive(Debug, Clone, PartialEq)]
pub struct HostCall {
    /// The id of the call's item. No other item of the thread has it.
    pub item_id: ItemId,
    /// The call as the client's model wrote it.
    pub call: FunctionCall,
    /// The images of the thread that the call names.
    pub images: Vec<ThreadImage>,
}

/// A preview of an image: a complete image file that shows an early state of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PreviewFile {
    /// The number of the preview, as the provider counts.
    pub(crate) index: u32,
    pub(crate) path: PathBuf,
    pub(crate) facts: ImageFacts,
}

/// The output of a call that made at least one image.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CallOutput {
    pub(crate) records: Vec<ImageRecord>,
    pub(crate) generation_id: Option<String>,
    /// Why there are fewer images than the call requested.
    pub(crate) missing: Option<Box<ImageError>>,
}
