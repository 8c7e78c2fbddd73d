//! The conversation as a model reads it, in the items of the Responses API.
//!
//! Stored history and `rawResponseItem/completed` carry images by reference: an `image_url` of the form `easel:img_…`
//! names the handle. Only the request to a provider contains the bytes, while it is being sent.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::CallId;
use crate::input::ImageDetail;

/// The scheme of an `image_url` that names an image by its handle.
pub const HANDLE_SCHEME: &str = "easel:";

/// An item of the conversation as the model reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ResponseItem {
    /// A message.
    Message { role: MessageRole, content: Vec<ContentItem> },
    /// A call of a function tool by the model.
    FunctionCall { call_id: CallId, namespace: Option<String>, name: String, arguments: String },
    /// The output of a function call.
    FunctionCallOutput { call_id: CallId, output: Vec<ContentItem> },
    /// A call of the provider's own image tool. `result` names the image.
    ImageGenerationCall { id: CallId, status: String, revised_prompt: Option<String>, result: String },
}

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum MessageRole {
    /// The user.
    User,
    /// The model.
    Assistant,
    /// The client or Easel, with instructions for the model.
    Developer,
}

/// A part of a message or of a function's output.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ContentItem {
    // Shared by all copies of the conversation, because a text may have many megabytes.
    /// Text for the model.
    InputText { text: Arc<str> },
    /// An image for the model.
    InputImage { image_url: String, detail: Option<ImageDetail> },
    /// Text of the model.
    OutputText { text: Arc<str> },
}
