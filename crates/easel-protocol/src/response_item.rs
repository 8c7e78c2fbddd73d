//! The conversation as a model reads it, in the items of the Responses API.
//!
//! Stored history and `rawResponseItem/completed` carry images by reference: an `image_url` of the form
//! `easel:img_…` names the handle. Only a provider's request holds the bytes, for as long as it is being sent.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::CallId;
use crate::input::ImageDetail;

/// Scheme of an `image_url` that names an image by its handle.
pub const HANDLE_SCHEME: &str = "easel:";

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ResponseItem {
    Message { role: MessageRole, content: Vec<ContentItem> },
    FunctionCall { call_id: CallId, namespace: Option<String>, name: String, arguments: String },
    FunctionCallOutput { call_id: CallId, output: Vec<ContentItem> },
    ImageGenerationCall { id: CallId, status: String, revised_prompt: Option<String>, result: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum MessageRole {
    User,
    Assistant,
    Developer,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ContentItem {
    // Shared by all copies of the conversation, because a text may have many megabytes.
    InputText { text: Arc<str> },
    InputImage { image_url: String, detail: Option<ImageDetail> },
    OutputText { text: Arc<str> },
}
