//! The image tools: which one the model gets, why it does not get the other, and calls by clients.

mod call;
mod result;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use self::call::{ToolArguments, ToolCallFormat, ToolCallParams, ToolCallPictures, ToolCallResponse};
pub use self::result::{
    AnthropicContent, AnthropicImageSource, AnthropicToolResult, DynamicToolCallOutputContentItem, McpAnnotations,
    McpContent, McpMeta, McpToolResult, ResponsesToolResult, ToolCallResult,
};
use crate::id::ThreadId;

/// Lists the image tools.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ToolListParams {
    /// The thread whose configuration decides. Absent: the default configuration.
    #[serde(default)]
    pub thread_id: Option<ThreadId>,
}

/// The image tools.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ToolListResponse {
    /// The tool that the model gets.
    pub exposure: ToolExposure,
    /// Both tools, offered or not.
    pub data: Vec<Tool>,
}

/// The image tool that the model gets. The gate of the thread decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum ToolExposure {
    /// Easel's own tool, `image_gen.imagegen`.
    Standalone,
    /// The provider's tool, `image_generation`.
    Hosted,
    /// No tool.
    None,
}

/// An image tool.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct Tool {
    /// `image_gen.imagegen` or `image_generation`.
    pub name: String,
    /// `standalone` or `hosted`.
    pub kind: ToolExposure,
    /// Whether the model gets this tool.
    pub offered: bool,
    /// The exact entry in the `tools` array of a Responses API request.
    pub entry: serde_json::Value,
    /// The description for the model. `null` for the hosted tool.
    pub description: Option<String>,
    /// The JSON Schema of the arguments. `null` for the hosted tool.
    pub input_schema: Option<serde_json::Value>,
    /// The namespace in which the model calls the function. `null` for the hosted tool.
    pub namespace: Option<String>,
    /// The name of the function. `null` for the hosted tool.
    pub function: Option<String>,
    /// The entry for `dynamicTools` of the Codex app-server's `thread/start`, in the namespace `easel`. `null` for the
    /// hosted tool.
    pub dynamic_tool: Option<serde_json::Value>,
    /// Every reason why the tool is not offered. Empty when it is.
    pub reasons: Vec<HeldBack>,
}

/// A reason why an image tool is not offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct HeldBack {
    /// The reason, for clients that act on it.
    pub reason: HeldBackReason,
    /// One sentence for the user.
    pub message: String,
}

/// Reasons why an image tool is not offered. This list is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum HeldBackReason {
    /// The feature `image_generation` is off.
    ImageGenerationOff,
    /// The credential in use does not allow image tools.
    AuthNotEligible,
    /// The model cannot read images.
    ModelWithoutImageInput,
    /// The feature `imagegenext` is off.
    ImagegenextOff,
    /// The provider has no image API.
    ProviderWithoutImages,
    /// The provider does not support tools in namespaces.
    ProviderWithoutNamespaceTools,
    /// The server cannot run the standalone tool. Easel always can and never sends this.
    ExecutorMissing,
    /// The standalone tool is offered instead.
    StandaloneOffered,
    /// The provider has no image tool of its own.
    ProviderWithoutHostedTool,
    /// `images.provider` selects a provider that the tool does not reach: another one for the hosted tool, or not the
    /// one with which the thread was loaded. Resuming the thread loads it with the selected one.
    SeparateImageProvider,
    /// A hook runs before each image call, and the provider's own tool makes images without one.
    HookConfigured,
    /// Every image call needs an approval, and the provider's own tool makes images without one.
    ApprovalRequired,
}
