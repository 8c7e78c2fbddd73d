//! Which image tool the model gets, and why not the other.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::ThreadId;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ToolListParams {
    /// The thread whose configuration decides; without it, the defaults do.
    #[serde(default)]
    pub thread_id: Option<ThreadId>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ToolListResponse {
    pub exposure: ToolExposure,
    pub data: Vec<Tool>,
}

/// What the gate decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum ToolExposure {
    /// The model gets `image_gen.imagegen`.
    Standalone,
    /// The model gets the provider's own `image_generation`.
    Hosted,
    None,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct Tool {
    /// `image_gen.imagegen` or `image_generation`.
    pub name: String,
    pub kind: ToolExposure,
    pub offered: bool,
    /// The exact entry of the Responses API's `tools` array.
    pub entry: serde_json::Value,
    /// Every reason that holds the tool back; empty when it is offered.
    pub reasons: Vec<HeldBack>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct HeldBack {
    pub reason: HeldBackReason,
    /// One sentence.
    pub message: String,
}

/// Closed set of what can hold an image tool back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum HeldBackReason {
    ImageGenerationOff,
    AuthNotEligible,
    ModelWithoutImageInput,
    ImagegenextOff,
    ProviderWithoutImages,
    ProviderWithoutNamespaceTools,
    ExecutorMissing,
    StandaloneOffered,
    ProviderWithoutHostedTool,
}
