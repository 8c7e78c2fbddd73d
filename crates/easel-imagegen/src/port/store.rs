//! The store port: history, the call journal and image files.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use easel_protocol::event::{Event, TokenUsage};
use easel_protocol::id::{ImageId, ItemId, ThreadId, TurnId};
use easel_protocol::record::{Attachment, Billed, ImageError, ImageRecord, RequestedImage};
use easel_protocol::response_item::ResponseItem;
use easel_protocol::thread::Thread;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::model_copy::{CopySize, ModelCopies};
use crate::spending::{Budget, Limits, Quote};

use super::{EditSource, Files, GeneratedImages, ImportError, Reference, ReserveError, StorageError};

/// A row of the call journal. It is durable before the request is sent.
#[derive(Debug, Clone, PartialEq)]
pub struct CallStart {
    pub thread_id: ThreadId,
    pub turn_id: TurnId,
    /// The id of the call's item.
    pub item_id: ItemId,
    /// The provider's id.
    pub provider: String,
    /// The image model.
    pub model: String,
    /// Whether the images are placeholders that no model drew.
    pub synthetic: bool,
    /// Whether the provider charges for an accepted request.
    pub bills: bool,
    pub requested: RequestedImage,
    /// The images to edit.
    pub inputs: Vec<Reference>,
    /// The mask of an edit.
    pub mask: Option<Reference>,
    /// What the call may cost.
    pub quote: Quote,
    /// The limits that apply to the call.
    pub limits: Limits,
    pub admission: Admission,
    /// Unix milliseconds.
    pub started_at_ms: i64,
}

/// How the limits of spending apply to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// The call is refused if it exceeds a limit.
    WithinLimits,
    /// The user approved the call, which may exceed the limits.
    Approved,
    /// The journaled call is sent again after an attempt that may have been billed and that stays in the ledger. The
    /// new attempt is refused if it exceeds a limit, even if the user approved the call.
    Repeated {
        /// The provider's id of the lost attempt, if its response began.
        lost_request_id: Option<String>,
    },
    /// The provider is already making the image, so it is journaled in any case.
    Started,
}

/// A request to a model whose provider may generate and bill images during the response.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestStart {
    pub thread_id: ThreadId,
    pub turn_id: TurnId,
    /// The provider's id.
    pub provider: String,
    /// Whether the images are placeholders that no model drew.
    pub synthetic: bool,
    /// What one image may cost. It is reserved for the first image of the response.
    pub quote: Quote,
    /// The limits that apply to the request.
    pub limits: Limits,
    /// Unix milliseconds.
    pub started_at_ms: i64,
}

/// The end of a journaled call.
#[derive(Debug)]
pub enum CallEnd {
    /// The call generated images.
    Generated { made: GeneratedImages, elapsed_ms: u64 },
    /// The call failed.
    Failed {
        error: ImageError,
        /// What the provider billed for the last attempt. `error` says what it billed for all of them.
        last_attempt: Billed,
    },
}

/// An image to import: attached by the user or named by the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageSource {
    /// `data:image/…;base64,…`
    DataUrl(String),
    /// A file that the client attached. Any path is allowed, because the client is the user's own program.
    ClientPath(PathBuf),
    /// A file that the model named. It is read only below one of `roots`, and never through a symbolic link that leaves
    /// it.
    ModelPath { path: PathBuf, roots: Vec<PathBuf> },
}

/// What an actor needs to continue a stored thread. Its size does not depend on the length of a thread whose history
/// begins with a catalogue.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredThread {
    /// The thread without its turns.
    pub thread: Thread,
    /// The `config` of `thread/start`, by dotted key.
    pub overrides: serde_json::Map<String, Value>,
    /// The conversation that a model reads, oldest item first: the newest catalogue and what it keeps, or everything.
    pub history: Vec<ResponseItem>,
    /// The images that `history` shows, and the newest generated ones, oldest first. [`Store::find_images`] finds the
    /// others.
    pub images: Vec<ThreadImage>,
    /// The tokens used so far.
    pub usage: TokenUsage,
    /// The provider's count of input tokens for the last request; `None` before the first one.
    pub counted_tokens: Option<u64>,
}

/// An image of a thread and its position in the conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct ThreadImage {
    /// How the image came into the conversation.
    pub origin: Origin,
    /// The image.
    pub reference: Reference,
    /// The prompt of a generated image, for the line that describes it.
    pub prompt: Option<String>,
    /// The handles of the images that it was generated from.
    pub edited_from: Vec<ImageId>,
    /// What the model should know of an edit, see [`crate::edit::describe`].
    pub note: Option<String>,
}

/// How an image came into a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The image is attached to the user message with this ordinal among the thread's user messages, from 0.
    Attached { message: usize },
    /// A tool generated the image.
    Generated,
}

/// The store as the thread core uses it.
pub trait Store: Clone + Send + Sync + 'static {
    /// The image files of a thread.
    type Files: Files;

    /// Returns the files of a thread.
    fn files(&self, thread_id: &str) -> Arc<Self::Files>;

    /// Returns the files for the images of a journaled call. After a crash, recovery finds these images by their call.
    fn call_files(&self, thread_id: &str, call_id: &str) -> Arc<Self::Files>;

    /// Returns the copies that a model sees of these images, each of the given size, and makes those that do not exist.
    /// An image without a copy in the result is sent as it is: its copy would not be smaller, or could not be made.
    fn model_copies(&self, images: Vec<(Reference, CopySize)>) -> impl Future<Output = ModelCopies> + Send;

    /// Appends events to history in their order. Events that history does not keep are ignored.
    fn append(&self, events: Vec<Event>) -> impl Future<Output = Result<(), StorageError>> + Send;

    /// Returns a number from `first` on that makes `preferred` an id which no item and no call of the thread has, see
    /// [`item_id::with_number`](crate::item_id::with_number).
    fn find_free_number(
        &self,
        thread_id: &str,
        preferred: &str,
        first: u32,
    ) -> impl Future<Output = Result<u32, StorageError>> + Send;

    /// Returns the images of a thread with these names, which are handles and absolute paths. Names that the thread
    /// does not have are left out, and so are deleted images and those of reverted turns.
    fn find_images(
        &self,
        thread_id: &str,
        names: Vec<String>,
    ) -> impl Future<Output = Result<Vec<ThreadImage>, StorageError>> + Send;

    /// Imports an image into a thread and gives it a new handle.
    fn import_image(
        &self,
        thread_id: &str,
        source: ImageSource,
    ) -> impl Future<Output = Result<Attachment, ImportError>> + Send;

    /// Returns what is used of these limits now.
    fn budget(&self, thread_id: &str, limits: Limits) -> impl Future<Output = Result<Budget, StorageError>> + Send;

    /// Journals a call and reserves what it may cost, in one transaction, so that calls of all processes together stay
    /// within the limits. The row is durable when the future completes. Returns the budget with the call in it, or
    /// `None` if no limit applies. A repeated call is in the journal already and gets a further row in the ledger.
    fn reserve(&self, call: CallStart) -> impl Future<Output = Result<Option<Budget>, ReserveError>> + Send;

    /// Journals a request that may be billed for images, before it is sent, and reserves one image. The row is durable
    /// when the future completes. It stays open until the turn ends or the next request of the turn replaces it.
    /// Returns the same as [`Self::reserve`].
    fn reserve_request(
        &self,
        request: RequestStart,
    ) -> impl Future<Output = Result<Option<Budget>, ReserveError>> + Send;

    /// Ends what the last request of the turn reserved, if no image has taken it: releases it, or keeps it if an image
    /// may have been billed, with the provider's id of the request, which is known if the response began.
    fn end_request(
        &self,
        thread_id: &str,
        turn_id: &str,
        billed: Billed,
        request_id: Option<&str>,
    ) -> impl Future<Output = Result<(), StorageError>> + Send;

    /// Appends the messages that were added to a turn, and that its model will not read anymore, to the turn's history.
    /// Returns their events as clients read them.
    fn adopt_pending(
        &self,
        thread_id: &str,
        turn_id: &str,
    ) -> impl Future<Output = Result<Vec<Event>, StorageError>> + Send;

    /// Compares the images of an edit with the image that was edited, and puts the pixels outside the mask back if that
    /// was asked for. An image that cannot be compared stays without a report, and so do those that are left when
    /// `stop` is cancelled. Must be awaited to its end, since it owns the images.
    fn examine_edit(
        &self,
        thread_id: &str,
        call_id: &str,
        edit: EditSource,
        made: GeneratedImages,
        stop: &CancellationToken,
    ) -> impl Future<Output = GeneratedImages> + Send;

    /// Completes a journaled call: names and records its images, or records the failure.
    fn settle(
        &self,
        thread_id: &str,
        call_id: &str,
        end: CallEnd,
    ) -> impl Future<Output = Result<Vec<ImageRecord>, StorageError>> + Send;
}
