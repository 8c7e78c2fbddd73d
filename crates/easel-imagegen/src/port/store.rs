//! What keeps.

use std::collections::HashSet;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

use easel_protocol::event::{Event, TokenUsage};
use easel_protocol::id::{ThreadId, TurnId};
use easel_protocol::record::{Attachment, ImageError, ImageRecord, RequestedImage};
use easel_protocol::response_item::ResponseItem;
use easel_protocol::thread::Thread;
use serde_json::Value;

use super::{Files, GeneratedImages, ImportError, Reference, StorageError};

/// One row of the call journal, durable before the request leaves.
#[derive(Debug, Clone, PartialEq)]
pub struct CallStart {
    pub thread_id: ThreadId,
    pub turn_id: TurnId,
    pub call_id: String,
    pub provider: String,
    pub model: String,
    pub synthetic: bool,
    /// Whether the provider charges for a request that it accepted.
    pub bills: bool,
    pub requested: RequestedImage,
    pub inputs: Vec<Reference>,
    /// Unix milliseconds.
    pub started_at_ms: i64,
}

/// A request to a model whose provider may make and bill images while it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestStart {
    pub thread_id: ThreadId,
    pub turn_id: TurnId,
    /// Unix milliseconds.
    pub started_at_ms: i64,
}

/// How a journalled call ended.
#[derive(Debug)]
pub enum CallEnd {
    Generated { made: GeneratedImages, elapsed_ms: u64 },
    Failed(ImageError),
}

/// An image that a user gave or a model named, before it is taken into the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageSource {
    /// `data:image/…;base64,…`
    DataUrl(String),
    /// A file that the client attached: any path, since the client is the user's own program.
    ClientPath(PathBuf),
    /// A file that the model named: read only below one of `roots`, never through a symbolic link out of it.
    ModelPath { path: PathBuf, roots: Vec<PathBuf> },
}

/// A thread as the store holds it, for an actor that takes it over.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredThread {
    pub thread: Thread,
    /// `config` of `thread/start`, by dotted key.
    pub overrides: serde_json::Map<String, Value>,
    /// The conversation as the model reads it, oldest first.
    pub history: Vec<ResponseItem>,
    /// Images of the thread, oldest first.
    pub images: Vec<ThreadImage>,
    /// Ids of all its items, none of which may come again.
    pub item_ids: HashSet<String>,
    pub usage: TokenUsage,
}

/// One image of a thread with its place in the conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct ThreadImage {
    pub origin: Origin,
    pub reference: Reference,
    /// The prompt that made it, for the text line that stands for it when it is too old to be shown.
    pub prompt: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// Attached to the user message with this ordinal among the thread's user messages, from 0.
    Attached {
        message: usize,
    },
    Generated,
}

/// What the thread core needs of the disk.
pub trait Store: Clone + Send + Sync + 'static {
    type Files: Files;

    /// The files of one thread.
    fn files(&self, thread_id: &str) -> Arc<Self::Files>;

    /// The same for what one journalled call makes: should the process die, the images are found by the call.
    fn call_files(&self, thread_id: &str, call_id: &str) -> Arc<Self::Files>;

    /// Writes events to history in their order; those that leave no trace are passed over.
    fn append(&self, events: Vec<Event>) -> impl Future<Output = Result<(), StorageError>> + Send;

    /// Takes an image into the store of a thread, under a new handle.
    fn import_image(
        &self,
        thread_id: &str,
        source: ImageSource,
    ) -> impl Future<Output = Result<Attachment, ImportError>> + Send;

    /// Journals a call; durable when this returns.
    fn reserve(&self, call: CallStart) -> impl Future<Output = Result<(), StorageError>> + Send;

    /// Journals that a request which may be billed for images is about to leave; durable when this returns. It counts as
    /// open until its turn ends, or another request of the turn takes its place.
    fn reserve_request(&self, request: RequestStart) -> impl Future<Output = Result<(), StorageError>> + Send;

    /// Puts the messages that were added to a turn, and that its model will not read in it, at the end of the turn's
    /// history. Returns their events.
    fn adopt_pending(
        &self,
        thread_id: &str,
        turn_id: &str,
    ) -> impl Future<Output = Result<Vec<Event>, StorageError>> + Send;

    /// Ends a journalled call: gives its images their names and records, or notes the failure.
    fn settle(
        &self,
        thread_id: &str,
        call_id: &str,
        end: CallEnd,
    ) -> impl Future<Output = Result<Vec<ImageRecord>, StorageError>> + Send;
}
