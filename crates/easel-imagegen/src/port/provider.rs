//! What answers and draws.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use easel_protocol::event::TokenUsage;
use easel_protocol::model::Model;
use easel_protocol::record::{AppliedImage, ImageError, ImageUsage, RequestedImage};
use easel_protocol::response_item::ResponseItem;
use easel_protocol::tool::ToolExposure;
use easel_protocol::turn::CodexErrorInfo;
use futures_core::Stream;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{Files, Reference, SendGate, StagedImage};
use crate::capability::{AuthKind, Capabilities};
use crate::history::History;

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
    /// before it was cut. Dropping the stream closes the request and
    /// loses what has arrived of an image.
    ///
    /// Once `stop` is cancelled the stream waits for the network no longer: it yields what has arrived, with the images
    /// that arrived whole, and ends.
    fn respond<F: Files>(
        &self,
        request: ModelRequest,
        files: Arc<F>,
        stop: CancellationToken,
    ) -> impl Stream<Item = Result<ModelEvent, ModelError>> + Send;

    /// Makes the images of one call, and shows them meanwhile if the job asks for that. Dropping the future closes the
    /// request and loses the images that have arrived.
    ///
    /// Once `stop` is cancelled, or the job's deadline has passed, the provider waits for the network no longer. It
    /// returns the images that have arrived whole, or an error that says what was billed. Work on this machine goes on to
    /// its end: nobody gives up an image that is being stored.
    fn make<F: Files>(
        &self,
        job: ImageJob,
        files: Arc<F>,
        previews: PreviewSink,
        stop: CancellationToken,
    ) -> impl Future<Output = Result<GeneratedImages, ImageError>> + Send;
}

#[derive(Debug, Clone, PartialEq)]
pub struct ModelRequest {
    pub model: String,
    /// What the model is told to be, above the conversation. Some providers refuse
    /// a request without it.
    pub instructions: String,
    /// Name of the client on whose behalf the request is made; empty when unknown.
    pub originator: String,
    /// The conversation as the model reads it. Every `easel:` image in it is one of `images`.
    pub input: Vec<ResponseItem>,
    /// The same conversation as it is stored, for what follows from its structure and not from its texts.
    pub history: History,
    /// The images that are shown as pictures, within the budget.
    pub images: Vec<Reference>,
    pub exposure: ToolExposure,
    /// JSON Schema that the text of the answer is to satisfy. The preview is no model and ignores it.
    pub output_schema: Option<Value>,
    /// Exact entries of the `tools` array.
    pub tools: Vec<Value>,
    /// How often an image of the hosted tool is shown while it is made, at most.
    pub partial_images: u32,
    /// Asked immediately before each attempt is sent. Open unless the request offers the hosted tool.
    pub gate: SendGate,
}

/// What a model says while it answers.
#[derive(Debug)]
pub enum ModelEvent {
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
        preview: Preview,
    },
    /// The provider's hosted tool ended it.
    HostedEnded {
        call_id: String,
        outcome: Result<GeneratedImages, ImageError>,
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
    /// Limits how long the call waits for the network, all attempts together.
    pub deadline: Duration,
    /// How often the image is shown while it is made, at most.
    pub partial_images: u32,
    /// Asked immediately before each attempt is sent.
    pub gate: SendGate,
}

/// What an image looks like while it is made.
#[derive(Debug)]
pub struct Preview {
    /// As the provider counts them, from 0.
    pub index: u32,
    pub staged: StagedImage,
}

/// Takes the previews of one call, at once; what nobody has room for is dropped.
pub type PreviewSink = Arc<dyn Fn(Preview) + Send + Sync>;

/// What a provider made: at least one image.
#[derive(Debug)]
pub struct GeneratedImages {
    pub images: Vec<GeneratedImage>,
    pub usage: Option<ImageUsage>,
    pub request_id: Option<String>,
    /// The provider's id of the generation.
    pub generation_id: Option<String>,
    pub attempts: u32,
    /// Why there are fewer images than the job asked for. Its `billed` is about the missing ones.
    pub missing: Option<Box<ImageError>>,
}

#[derive(Debug)]
pub struct GeneratedImage {
    pub staged: StagedImage,
    pub revised_prompt: Option<String>,
    /// What the provider reported; the bytes say the size where it did not.
    pub applied: AppliedImage,
}
