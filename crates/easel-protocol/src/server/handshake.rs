//! The handshake: `initialize` names the client and its capabilities and returns those of the server.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Opens the connection. The first request of every client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct InitializeParams {
    /// Who the client is.
    pub client_info: ClientInfo,
    /// What the client supports. Absent: the defaults.
    #[serde(default)]
    pub capabilities: Option<ClientCapabilities>,
}

/// Who a client is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ClientInfo {
    /// The name of the client. Threads that it starts have it as `originator`.
    pub name: String,
    /// The name to show to people.
    #[serde(default)]
    pub title: Option<String>,
    /// The version of the client.
    pub version: String,
}

/// What a client supports.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ClientCapabilities {
    /// Without effect: all methods are available.
    #[serde(default)]
    pub experimental_api: Option<bool>,
    /// Exact names of notifications that this connection does not receive. Unknown names are accepted.
    #[serde(default)]
    pub opt_out_notification_methods: Option<Vec<String>>,
    /// Whether `item/completed` carries the image in base64. Default `none`, because many clients cannot read long
    /// lines, and `inline` for a client that states `requestAttestation`.
    #[serde(default)]
    pub image_result: Option<ImageResult>,
    /// Whether the client attests its requests. Easel never asks for it. Programs that state it, true or false, are
    /// written against this protocol's current types and show the image that `item/completed` carries, as adapters for
    /// editors do.
    #[serde(default)]
    pub request_attestation: Option<bool>,
    /// Whether this client answers `item/permissions/requestApproval`. Default `false`: image calls that need an
    /// approval fail.
    #[serde(default)]
    pub request_permissions_approval: Option<bool>,
}

/// Whether image items carry the image itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum ImageResult {
    /// Items have paths only.
    None,
    /// The live `item/completed` has the first image in base64 as `result`.
    Inline,
}

/// Who the server is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct InitializeResponse {
    /// `<client name>/<protocol version> (<os>; <arch>) easel/<version>`.
    pub user_agent: String,
    /// Absolute path of Easel's home, under the name that clients of the Codex app-server read.
    pub codex_home: String,
    /// `unix` or `windows`.
    pub platform_family: String,
    /// The operating system, such as `linux`, `macos` or `windows`.
    pub platform_os: String,
    /// Namespaced names of the image tools that a thread with the default configuration offers to the model.
    pub tools: Vec<String>,
}
