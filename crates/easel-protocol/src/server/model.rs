//! Models and the providers that serve them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Lists the models of the provider in use.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ModelListParams {
    /// `nextCursor` of the previous page. Absent: the first page.
    #[serde(default)]
    pub cursor: Option<String>,
    /// Maximum number of entries in the page, 1 to 50. Default 50.
    #[serde(default)]
    pub limit: Option<u32>,
    /// Whether the list has hidden models. Default false.
    #[serde(default)]
    pub include_hidden: Option<bool>,
}

/// A page of models.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ModelListResponse {
    /// The models of this page.
    pub data: Vec<Model>,
    /// The cursor of the next page. `null` on the last page.
    pub next_cursor: Option<String>,
}

/// A model that a thread can use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct Model {
    /// The id of the model, unique in the list.
    pub id: String,
    /// The name to send as `model`.
    pub model: String,
    /// The name to show to people.
    pub display_name: String,
    /// One sentence about the model.
    pub description: String,
    /// Whether pickers leave the model out.
    pub hidden: bool,
    /// The reasoning efforts that the model supports.
    pub supported_reasoning_efforts: Vec<ReasoningEffortOption>,
    /// The effort that applies when the client names none.
    pub default_reasoning_effort: String,
    /// What the model accepts as input.
    pub input_modalities: Vec<InputModality>,
    /// Whether a thread uses this model when the client names none.
    pub is_default: bool,
}

/// A reasoning effort of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ReasoningEffortOption {
    /// The name of the effort.
    pub reasoning_effort: String,
    /// One sentence about the effort.
    pub description: String,
}

/// Which summary of its reasoning a model writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum ReasoningSummary {
    /// The most detailed one that the model supports.
    Auto,
    /// A short one.
    Concise,
    /// A long one.
    Detailed,
    /// None.
    None,
}

/// A kind of input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum InputModality {
    /// Text.
    Text,
    /// Images.
    Image,
}

/// Lists the configured providers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ModelProviderListParams {}

/// The configured providers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ModelProviderListResponse {
    /// The providers.
    pub data: Vec<ModelProvider>,
    /// The provider that a thread uses when the client names none.
    pub default_provider_id: String,
    /// Whether a client can change the default.
    pub can_change_default: bool,
}

/// A configured provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ModelProvider {
    /// The id, as in `modelProvider`.
    pub id: String,
    /// The name to show to people.
    pub name: String,
    /// The URL of the provider's API. `null` for the built-in preview provider.
    pub base_url: Option<String>,
    /// Whether a client can edit the provider.
    pub can_edit: bool,
    /// The settings of the provider.
    pub settings: ProviderSettings,
}

/// Kinds of provider settings. Easel uses one of the Codex app-server's kinds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum ProviderSettings {
    /// A provider with the API of OpenAI.
    Openai {},
}

/// Reads what the provider in use can do.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ModelProviderCapabilitiesReadParams {}

/// What the provider in use can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ModelProviderCapabilitiesReadResponse {
    /// Whether the provider makes images, by the standalone or the hosted tool.
    pub image_generation: bool,
    /// Always false: Easel does not search the web.
    pub web_search: bool,
}
