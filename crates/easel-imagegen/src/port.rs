//! What the tool needs from the outside: a provider that answers and draws, and a store that keeps.
//!
//! Image bytes cross these traits only through [`Files`]: read in pieces from the one copy on disk, written in pieces
//! to a staged file. Nothing in a job, an event or a record can hold them.

use std::collections::HashSet;
use std::future::Future;
use std::io::{self, Read, Seek, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use easel_protocol::event::{Event, TokenUsage};
use easel_protocol::model::Model;
use easel_protocol::record::{
    AppliedImage, Attachment, Billed, ImageError, ImageErrorKind, ImageFacts, ImageRecord, ImageUsage, RequestedImage,
};
use easel_protocol::response_item::ResponseItem;
use easel_protocol::thread::Thread;
use easel_protocol::tool::ToolExposure;
use easel_protocol::turn::CodexErrorInfo;
use futures_core::Stream;
use serde_json::Value;

use crate::capability::{AuthKind, Capabilities};

/// One image in Easel's own store: all that a provider ever reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The handle, where the image has one: a file that the model named by path has none.
    pub id: Option<String>,
    pub path: PathBuf,
    pub facts: ImageFacts,
    pub provenance: Provenance,
}

/// Whose bytes an image has. What was given may say more than it shows, and is sent as [`crate::strip`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provenance {
    /// A user attached it, or a model named it among the user's files.
    Given,
    /// A provider made it in this thread or one that this was forked from.
    Made,
}

/// Where a provider reads references and puts what it makes, for one thread. All calls block for disk, not for long.
pub trait Files: Send + Sync + 'static {
    type Reader: Read + Seek + Send + 'static;
    type Writer: Write + Send + 'static;
    /// A complete image that is not yet part of the thread. Dropping it removes the file.
    type Staged: Send + 'static;

    fn open(&self, image: &Reference) -> io::Result<Self::Reader>;
    fn create(&self) -> io::Result<Self::Writer>;
    /// Ends an image: refuses with [`io::ErrorKind::InvalidData`] what is not a PNG, JPEG, WebP or GIF by content.
    fn stage(&self, writer: Self::Writer) -> io::Result<Self::Staged>;
    /// The same for what an image looks like while it is made: it is no image of the thread, and outlives no crash.
    fn stage_preview(&self, writer: Self::Writer) -> io::Result<Self::Staged>;
    /// Where a staged image lies, and what it is.
    fn look(&self, staged: &Self::Staged) -> (PathBuf, ImageFacts);
}

/// What a provider is and can do; data that does not change while the process runs.
#[derive(Debug, Clone)]
pub struct ProviderInfo {
    /// The name under `[model_providers]`, or a built-in one.
    pub id: String,
    /// The name for people.
    pub name: String,
    pub base_url: Option<String>,
    pub models: Vec<Model>,
    /// The model that makes images.
    pub image_model: String,
    /// True when no model makes the images.
    pub synthetic: bool,
    pub capabilities: Capabilities,
}

/// A model that answers and an image model that draws.
pub trait Provider: Send + Sync + 'static {
    fn info(&self) -> &ProviderInfo;

    /// What a request would be authorised with now. It changes when a user logs in or out.
    fn auth(&self) -> AuthKind {
        AuthKind::None
    }

    /// One answer of the model. The last event of a whole answer is [`ModelEvent::Completed`]; a stream that ends
    /// before it was cut. Dropping the stream closes the request.
    fn respond<F: Files>(
        &self,
        request: ModelRequest,
        files: Arc<F>,
    ) -> impl Stream<Item = Result<ModelEvent<F::Staged>, ModelError>> + Send;

    /// Makes the images of one call, and shows them meanwhile if the job asks for that. Dropping the future closes the
    /// request.
    fn make<F: Files>(
        &self,
        job: ImageJob,
        files: Arc<F>,
        previews: Previews<F::Staged>,
    ) -> impl Future<Output = Result<Made<F::Staged>, ImageError>> + Send;
}

#[derive(Debug, Clone, PartialEq)]
pub struct ModelRequest {
    pub model: String,
    /// What the model is told to be, above the conversation. Some providers refuse
    /// a request without it.
    pub instructions: String,
    /// Name of the client on whose behalf the request is made; empty when unknown.
    pub originator: String,
    /// The conversation. Every `easel:` image in it is one of `images`.
    pub input: Vec<ResponseItem>,
    /// The images that are shown as pictures, within the budget.
    pub images: Vec<Reference>,
    pub exposure: ToolExposure,
    /// JSON Schema that the text of the answer is to satisfy. The preview is no model and ignores it.
    pub output_schema: Option<Value>,
    /// Exact entries of the `tools` array.
    pub tools: Vec<Value>,
    /// How often an image of the hosted tool is shown while it is made, at most.
    pub partial_images: u32,
}

/// What a model says while it answers.
#[derive(Debug)]
pub enum ModelEvent<S> {
    TextDelta {
        item_id: String,
        delta: String,
    },
    /// A whole message, with or without deltas before it.
    Message {
        item_id: String,
        text: String,
    },
    FunctionCall(FunctionCall),
    /// The provider's hosted tool began an image, as far as the provider says what it was asked for.
    HostedStarted {
        call_id: String,
        requested: RequestedImage,
        references: Vec<Reference>,
    },
    /// What it looks like so far.
    HostedPreview {
        call_id: String,
        preview: Preview<S>,
    },
    /// The provider's hosted tool ended it.
    HostedEnded {
        call_id: String,
        outcome: Result<Made<S>, ImageError>,
    },
    Completed {
        usage: TokenUsage,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionCall {
    pub call_id: String,
    pub namespace: Option<String>,
    pub name: String,
    /// JSON as the model wrote it, valid or not.
    pub arguments: String,
}

/// Why a model did not answer to the end. This ends the turn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ModelError {
    /// One sentence for the user, without credentials.
    pub message: String,
    pub info: CodexErrorInfo,
}

/// One image call, ready to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageJob {
    pub call_id: String,
    /// Unique to the call and the same for every attempt at it.
    pub idempotency_key: String,
    /// Name of the client on whose behalf the request is made; empty when unknown.
    pub originator: String,
    pub requested: RequestedImage,
    /// In the order that the prompt speaks of.
    pub references: Vec<Reference>,
    pub mask: Option<Reference>,
    /// For the whole call, attempts included.
    pub deadline: Duration,
    /// How often the image is shown while it is made, at most.
    pub partial_images: u32,
}

/// What an image looks like while it is made.
#[derive(Debug)]
pub struct Preview<S> {
    /// As the provider counts them, from 0.
    pub index: u32,
    pub staged: S,
}

/// Takes the previews of one call, at once; what nobody has room for is dropped.
pub type Previews<S> = Arc<dyn Fn(Preview<S>) + Send + Sync>;

/// What a provider made: at least one image.
#[derive(Debug)]
pub struct Made<S> {
    pub images: Vec<MadeImage<S>>,
    pub usage: Option<ImageUsage>,
    pub request_id: Option<String>,
    /// The provider's id of the generation.
    pub generation_id: Option<String>,
    pub attempts: u32,
}

#[derive(Debug)]
pub struct MadeImage<S> {
    pub staged: S,
    pub revised_prompt: Option<String>,
    /// What the provider reported; the bytes say the size where it did not.
    pub applied: AppliedImage,
}

/// One row of the call journal, durable before the request leaves.
#[derive(Debug, Clone, PartialEq)]
pub struct CallStart {
    pub thread_id: String,
    pub turn_id: String,
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

/// How a journalled call ended.
#[derive(Debug)]
pub enum CallEnd<S> {
    Made { made: Made<S>, elapsed_ms: u64 },
    Failed(ImageError),
}

/// An image that a user gave or a model named, before it is taken into the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageSource {
    /// `data:image/…;base64,…`
    DataUrl(String),
    /// A file that the client attached: any path, since the client is the user's own program.
    Attached(PathBuf),
    /// A file that the model named: read only below one of `roots`, never through a symbolic link out of it.
    Named { path: PathBuf, roots: Vec<PathBuf> },
}

/// Why an image was not taken in. The message is one sentence that names the image, not its content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SourceRefused {
    /// `ReferenceNotFound`, `ReferenceRefused` or `Storage`.
    pub kind: ImageErrorKind,
    pub message: String,
}

/// The disk failed; the message says at what, for the user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct StorageError {
    pub message: String,
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
    Made,
}

/// What the thread core needs of the disk.
pub trait Store: Clone + Send + Sync + 'static {
    type Files: Files;

    /// The files of one thread.
    fn files(&self, thread_id: &str) -> Arc<Self::Files>;

    /// Writes events to history in their order; those that leave no trace are passed over.
    fn append(&self, events: Vec<Event>) -> impl Future<Output = Result<(), StorageError>> + Send;

    /// Takes an image into the store of a thread, under a new handle.
    fn take_in(
        &self,
        thread_id: &str,
        source: ImageSource,
    ) -> impl Future<Output = Result<Attachment, SourceRefused>> + Send;

    /// Journals a call; durable when this returns.
    fn reserve(&self, call: CallStart) -> impl Future<Output = Result<(), StorageError>> + Send;

    /// Ends a journalled call: gives its images their names and records, or notes the failure.
    fn settle(
        &self,
        thread_id: &str,
        call_id: &str,
        end: CallEnd<<Self::Files as Files>::Staged>,
    ) -> impl Future<Output = Result<Vec<ImageRecord>, StorageError>> + Send;
}

/// An [`ImageError`] with nothing but a kind and a sentence. What passes by itself is retryable; what the same call
/// would meet again is not.
pub fn image_error(kind: ImageErrorKind, message: impl Into<String>) -> ImageError {
    let retryable = match kind {
        ImageErrorKind::RateLimited
        | ImageErrorKind::Timeout
        | ImageErrorKind::Network
        | ImageErrorKind::Interrupted => true,
        ImageErrorKind::InvalidArguments
        | ImageErrorKind::ReferenceNotFound
        | ImageErrorKind::ReferenceRefused
        | ImageErrorKind::ModerationBlocked
        | ImageErrorKind::Unauthorized
        | ImageErrorKind::UsageLimit
        | ImageErrorKind::BudgetExceeded
        | ImageErrorKind::ApprovalDenied
        | ImageErrorKind::BadResponse
        | ImageErrorKind::Storage
        | ImageErrorKind::Internal => false,
    };
    ImageError {
        kind,
        message: message.into(),
        http_status: None,
        code: None,
        request_id: None,
        attempts: 0,
        elapsed_ms: 0,
        retryable,
        billed: Billed::No,
        usage_limit: None,
    }
}
