//! The results of a tool call in the forms in which model APIs read them.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::CallId;
use crate::record::{ImageRecord, MediaType};
use crate::response_item::ContentItem;

/// The result of a tool call, in the format that the request asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(untagged)]
pub enum ToolCallResult {
    /// For `responses`.
    Responses(ResponsesToolResult),
    /// For `anthropic`.
    Anthropic(AnthropicToolResult),
    /// For `mcp`.
    Mcp(McpToolResult),
}

/// An item of the OpenAI Responses API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ResponsesToolResult {
    /// The output of a function call.
    FunctionCallOutput {
        /// The id of the call.
        call_id: CallId,
        /// The images, as data URLs, each followed by its text.
        output: Vec<ContentItem>,
    },
}

/// A block of the Anthropic Messages API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AnthropicToolResult {
    /// The result of a tool use.
    ToolResult {
        /// The id of the tool use.
        tool_use_id: CallId,
        /// Whether the call made no image.
        is_error: bool,
        /// The images, each followed by its text.
        content: Vec<AnthropicContent>,
    },
}

/// A part of a tool result of the Anthropic Messages API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AnthropicContent {
    /// An image.
    Image {
        /// The bytes.
        source: AnthropicImageSource,
    },
    /// Text.
    Text {
        /// The text.
        text: Arc<str>,
    },
}

/// The bytes of an image in the Anthropic Messages API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum AnthropicImageSource {
    /// Bytes in base64.
    Base64 {
        /// The format.
        media_type: MediaType,
        /// The bytes.
        data: String,
    },
}

/// A `CallToolResult` of the Model Context Protocol.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct McpToolResult {
    /// The text, whose last line is the records as JSON, then the images, then a link to the file of each.
    pub content: Vec<McpContent>,
    /// Whether the call made no image.
    pub is_error: bool,
    /// What a client reads and a model does not.
    #[serde(rename = "_meta")]
    pub meta: McpMeta,
}

/// A block of content of the Model Context Protocol.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum McpContent {
    /// Text.
    Text {
        /// The text.
        text: Arc<str>,
    },
    /// An image.
    Image {
        /// The bytes in base64.
        data: String,
        /// The format.
        mime_type: MediaType,
        /// Who the image is for.
        annotations: McpAnnotations,
    },
    /// A link to the file of an image.
    ResourceLink {
        /// `easel://image/` and the handle.
        uri: String,
        /// The name of the file.
        name: String,
        /// The format.
        mime_type: MediaType,
        /// The size of the file in bytes.
        size: u64,
    },
}

/// Who a block of content is for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct McpAnnotations {
    /// `user` and `assistant`.
    pub audience: Vec<String>,
    /// From 0 to 1, the most important.
    pub priority: f64,
}

/// What a tool result of the Model Context Protocol has for clients.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
pub struct McpMeta {
    /// The `callId` of the request.
    #[serde(rename = "easel/callId")]
    pub call_id: CallId,
    /// The records of the images.
    #[serde(rename = "easel/images")]
    pub images: Vec<ImageRecord>,
}

/// A part of the response to the Codex app-server's `item/tool/call`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum DynamicToolCallOutputContentItem {
    /// Text.
    InputText {
        /// The text.
        text: Arc<str>,
    },
    /// An image.
    InputImage {
        /// The bytes as a data URL.
        image_url: String,
    },
}
