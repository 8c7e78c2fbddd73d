//! `tool/call`: a client that runs its own model loop calls the image tool.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use ts_rs::TS;

use super::{DynamicToolCallOutputContentItem, ToolCallResult};
use crate::id::{CallId, ItemId, ThreadId, TurnId};
use crate::record::{ImageError, ImageRecord};

/// Calls the image tool for a model that the client runs. The fields are those of the Codex app-server's request
/// `item/tool/call`, so that its params can be sent on with the id of an Easel thread.
///
/// A call is made once: a request that repeats a `callId` of the thread with the same tool and arguments gets the
/// result of the first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ToolCallParams {
    /// The thread that keeps the call, its item and its images. It must be loaded and run no turn of a model.
    pub thread_id: ThreadId,
    /// The id that the model gave to the call, 1 to 256 characters. The result repeats it.
    pub call_id: CallId,
    /// The namespace of the function: `image_gen`, `easel`, or absent.
    #[serde(default)]
    pub namespace: Option<String>,
    /// The name of the function: `imagegen`, or the joined name `image_gen.imagegen`.
    pub tool: String,
    /// The arguments of the model.
    pub arguments: ToolArguments,
    /// Ignored. The turn of the caller, which a request of the Codex app-server names.
    #[serde(default)]
    pub turn_id: Option<TurnId>,
    /// The form of the result. Default `responses`.
    #[serde(default)]
    pub format: Option<ToolCallFormat>,
    /// The images in the result. Default `original`.
    #[serde(default)]
    pub pictures: Option<ToolCallPictures>,
}

/// The arguments of a tool call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(untagged, expecting = "expected an object, or a string with an object as JSON")]
pub enum ToolArguments {
    /// The arguments by name.
    Object(Map<String, Value>),
    /// The object as JSON, as the Responses API writes it.
    Json(String),
}

/// The form of the result of a tool call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum ToolCallFormat {
    /// A `function_call_output` item of the OpenAI Responses API.
    #[default]
    Responses,
    /// A `tool_result` block of the Anthropic Messages API.
    Anthropic,
    /// A `CallToolResult` of the Model Context Protocol.
    Mcp,
    /// The response of a client to the Codex app-server's `item/tool/call`.
    Codex,
}

/// The images in the result of a tool call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum ToolCallPictures {
    /// The files as they are stored; a preview for a file that is too large for the format. The text says so then.
    #[default]
    Original,
    /// Copies for looking, of at most 1,568 pixels and 512 KiB.
    Preview,
    /// None. The text has the paths. The response is as long as the records, which repeat the prompt.
    None,
}

/// The result of a tool call. A call that made no image is a result too, for the model to read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ToolCallResponse {
    /// The thread of the call.
    pub thread_id: ThreadId,
    /// The turn of the call.
    pub turn_id: TurnId,
    /// The imageGeneration item of the call.
    pub item_id: ItemId,
    /// The `callId` of the request.
    pub call_id: CallId,
    /// Whether the call made an image.
    pub success: bool,
    /// Whether an earlier request made the call.
    pub replayed: bool,
    /// The records of the images.
    pub images: Vec<ImageRecord>,
    /// Why the call made no image, or fewer than requested.
    pub error: Option<ImageError>,
    /// What the client gives to its model, in the requested format. `null` for `codex`, whose result is this response
    /// itself, with `success` and `contentItems`.
    pub result: Option<ToolCallResult>,
    /// The result for `codex`. Absent for other formats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub content_items: Option<Vec<DynamicToolCallOutputContentItem>>,
}
