//! The provider port: a model that responds and an image model that draws.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use easel_protocol::event::TokenUsage;
use easel_protocol::id::{CallId, ItemId, ThreadId};
use easel_protocol::model::{Model, ReasoningSummary};
use easel_protocol::record::{AppliedImage, ImageError, ImageUsage, RequestedImage};
use easel_protocol::response_item::ResponseItem;
use easel_protocol::tool::ToolExposure;
use easel_protocol::turn::CodexErrorInfo;
use futures_core::Stream;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{ExaminedEdit, Files, Reference, SendGate, StagedImage};
use crate::capability::{AuthKind, Capabilities};
use crate::history::History;
use crate::model_copy::ModelCopies;

/// Describes a provider. The data does not change while the process runs.
#[derive(Debug, Clone)]
pub struct ProviderInfo {
    /// The name under `[model_providers]`, or that of a built-in provider.
    pub id: String,
    /// The name for people.
    pub name: String,
    /// The root of its API; `None` for the embedded provider.
    pub base_url: Option<String>,
    /// The models that clients can choose.
    pub models: Vec<Model>,
    /// The model that draws images.
    pub image_model: String,
    /// Whether the images are placeholders that no model drew.
    pub synthetic: bool,
    /// What the provider can do with images.
    pub capabilities: Capabilities,
}

impl ProviderInfo {
    /// Returns whether the limits of spending apply to the images. Placeholders cost nothing, even if the provider says
    /// that it bills to rehearse it.
    pub fn counts_for_limits(&self) -> bool {
        self.capabilities.bills && !self.synthetic
    }
}

/// A model that responds and an image model that draws.
pub trait Provider: Send + Sync + 'static {
    /// Returns the description of the provider whose model answers.
    fn info(&self) -> &ProviderInfo;

    /// Returns the description of the provider that makes the images, if it is not the one whose model answers. Only
    /// the standalone tool reaches it.
    fn separate_images(&self) -> Option<&ProviderInfo> {
        None
    }

    /// Returns the description of the provider that makes the images.
    fn image_info(&self) -> &ProviderInfo {
        self.separate_images().unwrap_or_else(|| self.info())
    }

    /// Returns the kind of credential that would authorize an image request now. It changes when the user logs in or
    /// out.
    fn auth(&self) -> AuthKind {
        AuthKind::None
    }

    /// Requests one response of the model. The last event of a complete response is [`ModelEvent::Completed`]; a stream
    /// that ends without it was cut off. Dropping the stream closes the request and loses images that are incomplete.
    ///
    /// When `stop` is cancelled, the stream no longer waits for the network: it yields what has arrived, including
    /// complete images, and ends.
    fn respond<F: Files>(
        &self,
        request: ModelRequest,
        files: Arc<F>,
        stop: CancellationToken,
    ) -> impl Stream<Item = Result<ModelEvent, ModelError>> + Send;

    /// Draws the images of one call and sends previews if the job requests them. Dropping the future closes the request
    /// and loses the images that have arrived.
    ///
    /// When `stop` is cancelled or the job's deadline passes, the provider no longer waits for the network. It returns
    /// the images that have arrived completely, or an error that says what was billed. It always finishes storing an
    /// image.
    fn make<F: Files>(
        &self,
        job: ImageJob,
        files: Arc<F>,
        previews: PreviewSink,
        stop: CancellationToken,
    ) -> impl Future<Output = Result<GeneratedImages, ImageError>> + Send;
}

/// A request for one response of a model.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelRequest {
    /// The thread that the response continues. Each request of a thread begins like the one before.
    pub thread_id: ThreadId,
    /// The model's name at the provider.
    pub model: String,
    /// The system instructions. Some providers reject a request without them.
    pub instructions: String,
    /// Name of the client that started the turn; empty if unknown.
    pub originator: String,
    /// The conversation as the model reads it. Every `easel:` image in it is in `images`.
    pub input: Vec<ResponseItem>,
    /// The same conversation as it is stored. Decisions about the conversation use it instead of the texts of `input`.
    pub history: History,
    /// The images that are sent, within the budget.
    pub images: Vec<Reference>,
    /// The copies that are sent in place of some of these images.
    pub copies: ModelCopies,
    /// The image tool that the request offers.
    pub exposure: ToolExposure,
    /// How the model reasons.
    pub reasoning: Reasoning,
    /// JSON Schema for the text of the response. The preview provider draws nothing then.
    pub output_schema: Option<Value>,
    /// Exact entries of the `tools` array.
    pub tools: Vec<Value>,
    /// Maximum number of previews for each image of the hosted tool.
    pub partial_images: u32,
    /// Checked immediately before each attempt. Open unless the request offers the hosted tool.
    pub gate: SendGate,
}

/// How a model reasons. What is not set is not sent, because some servers know neither.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reasoning {
    /// The effort. Every provider has names of its own.
    pub effort: Option<String>,
    /// The summary that the model writes. The embedded provider has none.
    pub summary: Option<ReasoningSummary>,
}

impl Reasoning {
    /// Returns these values, and those of `other` where they are not set.
    #[must_use]
    pub fn or(self, other: &Self) -> Self {
        Self { effort: self.effort.or_else(|| other.effort.clone()), summary: self.summary.or(other.summary) }
    }
}

/// Identifies a part of a reasoning item. The parts of either kind are numbered from 0 without gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReasoningPart {
    /// A part of the summary.
    Summary(u32),
    /// A part of the reasoning itself.
    Content(u32),
}

/// An event of one reasoning item. The text of the parts comes in deltas first, then again as a whole.
#[derive(Debug)]
pub enum ReasoningEvent {
    /// The model began to reason.
    Started,
    /// There is a new part, which is empty.
    PartAdded(ReasoningPart),
    /// The next text of a part.
    Delta { part: ReasoningPart, delta: String },
    /// The reasoning is complete.
    Completed {
        summary: Vec<String>,
        content: Vec<String>,
        /// What later requests send back to the provider; `None` if it is not kept for it.
        model_item: Option<ResponseItem>,
    },
}

/// An event of a model's response.
#[derive(Debug)]
pub enum ModelEvent {
    /// The provider's id of the request, once its response began or the provider refused it. A request that is sent
    /// again may have several.
    RequestId { request_id: String },
    /// The model reasons.
    Reasoning { item_id: ItemId, event: ReasoningEvent },
    /// The next part of a message.
    TextDelta { item_id: ItemId, delta: String },
    /// A complete message, with or without deltas before it.
    Message { item_id: ItemId, text: String },
    /// A call of a tool that Easel runs.
    FunctionCall(FunctionCall),
    /// The hosted tool started an image. `requested` and `references` are what is known about the request.
    HostedStarted { call_id: CallId, requested: RequestedImage, references: Vec<Reference> },
    /// A preview of an unfinished image of the hosted tool.
    HostedPreview { call_id: CallId, preview: Preview },
    /// The hosted tool completed an image or failed.
    HostedEnded { call_id: CallId, outcome: Result<GeneratedImages, ImageError> },
    /// The end of a complete response.
    Completed { usage: TokenUsage },
}

/// A call of a tool as the model wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionCall {
    /// The model's id of the call.
    pub call_id: CallId,
    pub namespace: Option<String>,
    pub name: String,
    /// JSON as the model wrote it, valid or not.
    pub arguments: String,
}

/// A failed response. It ends the turn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ModelError {
    /// One sentence for the user, without credentials.
    pub message: String,
    /// The kind of failure, for clients.
    pub info: CodexErrorInfo,
    /// Whether the provider refused the request before it began a response, so that it made no image.
    pub was_refused: bool,
}

/// One image call, ready to send.
#[derive(Debug, Clone, PartialEq)]
pub struct ImageJob {
    /// The id of the call's item.
    pub item_id: ItemId,
    /// Unique to the call and the same for every attempt at it.
    pub idempotency_key: String,
    /// Name of the client that started the turn; empty if unknown.
    pub originator: String,
    pub requested: RequestedImage,
    /// The images to edit, in the order in which the prompt refers to them.
    pub references: Vec<Reference>,
    pub mask: Option<Reference>,
    /// Limits how long the call waits for the network, all attempts together.
    pub deadline: Duration,
    /// Maximum number of previews.
    pub partial_images: u32,
    /// Checked immediately before each attempt.
    pub gate: SendGate,
}

/// A preview of an unfinished image.
#[derive(Debug)]
pub struct Preview {
    /// The number that the provider gave the preview, from 0.
    pub index: u32,
    pub staged: StagedImage,
}

/// Receives the previews of one call without blocking. It drops a preview if the receiver is full.
pub type PreviewSink = Arc<dyn Fn(Preview) + Send + Sync>;

/// The images of one call: at least one.
#[derive(Debug)]
pub struct GeneratedImages {
    pub images: Vec<GeneratedImage>,
    pub usage: Option<ImageUsage>,
    pub request_id: Option<String>,
    /// The provider's id of the generation.
    pub generation_id: Option<String>,
    pub attempts: u32,
    /// Why there are fewer images than the job requested. Its `billed` refers to the missing images.
    pub missing: Option<Box<ImageError>>,
}

/// An image that a provider generated.
#[derive(Debug)]
pub struct GeneratedImage {
    pub staged: StagedImage,
    pub revised_prompt: Option<String>,
    /// The parameters that the provider reported. If it reported no size, use the size in the facts of the file.
    pub applied: AppliedImage,
    /// What the store found out about an edit. A provider leaves it empty.
    pub edit: Option<Box<ExaminedEdit>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_real_images_that_are_billed_count_for_limits() {
        for (bills, synthetic, counts) in
            [(true, false, true), (true, true, false), (false, false, false), (false, true, false)]
        {
            let capabilities = Capabilities {
                image_generation: true,
                hosted_image_generation: false,
                namespace_tools: true,
                image_auth: [].into(),
                parameters: [].into(),
                max_references: 1,
                max_n: 1,
                partial_images: false,
                bills,
            };
            let info = ProviderInfo {
                id: "mock".to_owned(),
                name: "Mock".to_owned(),
                base_url: None,
                models: Vec::new(),
                image_model: "pencil".to_owned(),
                synthetic,
                capabilities,
            };
            assert_eq!(info.counts_for_limits(), counts, "{bills} {synthetic}");
        }
    }

    #[test]
    fn reasoning_that_is_not_set_comes_from_elsewhere() {
        let reasoning = |effort: Option<&str>, summary| Reasoning { effort: effort.map(str::to_owned), summary };
        let (auto, detailed) = (Some(ReasoningSummary::Auto), Some(ReasoningSummary::Detailed));
        let other = reasoning(Some("low"), auto);
        assert_eq!(reasoning(None, None).or(&other), other);
        assert_eq!(reasoning(Some("high"), None).or(&other), reasoning(Some("high"), auto));
        assert_eq!(reasoning(None, detailed).or(&other), reasoning(Some("low"), detailed));
    }
}
