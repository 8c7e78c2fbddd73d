//! `initialize`: who the client is, what it can take, and what it gets.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct InitializeParams {
    pub client_info: ClientInfo,
    #[serde(default)]
    pub capabilities: Option<ClientCapabilities>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ClientInfo {
    pub name: String,
    #[serde(default)]
    pub title: Option<String>,
    pub version: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ClientCapabilities {
    #[serde(default)]
    pub experimental_api: Option<bool>,
    /// Exact names of notifications that this connection does not want. Unknown names are accepted.
    #[serde(default)]
    pub opt_out_notification_methods: Option<Vec<String>>,
    /// Whether `item/completed` carries the image as base64. Off unless asked for: many clients die on long lines.
    #[serde(default)]
    pub image_result: Option<ImageResult>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum ImageResult {
    None,
    Inline,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct InitializeResponse {
    /// `<client name>/<protocol version> (<os>; <arch>) easel/<version>`.
    pub user_agent: String,
    /// Absolute path of Easel's home, under the name that clients of the Codex app-server read.
    pub codex_home: String,
    pub platform_family: String,
    pub platform_os: String,
    /// Namespaced names of the image tools that a thread with the defaults offers to the model.
    pub tools: Vec<String>,
}
