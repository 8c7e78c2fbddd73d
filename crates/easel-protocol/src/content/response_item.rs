//! The conversation as a model reads it, in the items of the Responses API.
//!
//! Stored history and `rawResponseItem/completed` carry images by reference: an `image_url` of the form `easel:img_…`
//! names the handle. Only the request to a provider contains the bytes, while it is being sent.

use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::{CallId, ImageId};
use crate::input::ImageDetail;

/// The scheme of an `image_url` that names an image by its handle.
pub const HANDLE_SCHEME: &str = "easel:";

/// An item of the conversation as the model reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ResponseItem {
    /// A message.
    Message {
        /// Who wrote the message.
        role: MessageRole,
        /// The parts of the message.
        content: Vec<ContentItem>,
    },
    /// Reasoning that only the provider can read. Kept if its preset says so, and sent back unchanged.
    Reasoning {
        /// The provider's id of the item.
        id: Option<String>,
        /// The parts of the summary.
        summary: Vec<ReasoningSummaryText>,
        /// The parts of the reasoning itself, if the provider sends it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        content: Option<Vec<ReasoningText>>,
        /// The reasoning in the provider's own form.
        #[schemars(with = "String")]
        #[ts(type = "string")]
        encrypted_content: EncryptedContent,
    },
    /// A call of a function tool by the model.
    FunctionCall {
        /// The id that the output of the call repeats.
        call_id: CallId,
        /// The namespace of the function. `null` for a function without one.
        namespace: Option<String>,
        /// The name of the function.
        name: String,
        /// The arguments as the model wrote them: a JSON object as text.
        arguments: String,
    },
    /// The output of a function call.
    FunctionCallOutput {
        /// The id of the call.
        call_id: CallId,
        /// The parts of the output.
        output: Vec<ContentItem>,
    },
    /// A call of the provider's own image tool.
    ImageGenerationCall {
        /// The id of the call.
        id: CallId,
        /// The state of the call, such as `completed`.
        status: String,
        /// The prompt as the provider rewrote it. `null` if it did not.
        revised_prompt: Option<String>,
        /// The image, as `easel:` and its handle.
        result: String,
    },
    // Models and clients read it as a message of the user.
    /// Stands for older turns. Only stored history has it.
    #[schemars(skip)]
    #[ts(skip)]
    ContextCompaction(Box<Catalogue>),
}

/// What a conversation keeps of the turns that were removed from it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalogue {
    /// The number of items right before this one that stay in the conversation. They follow the catalogue when it is
    /// read.
    pub kept_items: u64,
    /// The number of images that the removed turns showed, deleted ones included.
    pub images_before: u64,
    /// The provider's count of tokens for the last request before the turns were removed, if known.
    pub counted_tokens: Option<u64>,
    /// The number of removed turns.
    pub turns: u64,
    /// What the user wrote in them, newest first.
    pub messages: Vec<String>,
    /// The number of older messages of the user that are not in `messages`.
    pub omitted_messages: u64,
    /// Their images, newest first.
    pub images: Vec<CatalogueImage>,
    /// The number of older images that are not in `images`.
    pub omitted_images: u64,
}

/// An image of a [`Catalogue`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogueImage {
    /// The handle.
    pub id: ImageId,
    /// The width in pixels.
    pub width: u32,
    /// The height in pixels.
    pub height: u32,
    /// The images that it was made from.
    pub edited_from: Vec<ImageId>,
    /// The beginning of its prompt; `None` for an image that the user attached.
    pub prompt: Option<String>,
    /// Whether the user has deleted it. The store sets this when it reads the catalogue.
    #[serde(skip)]
    pub is_deleted: bool,
}

/// A part of the summary of the model's reasoning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ReasoningSummaryText {
    /// Text.
    SummaryText {
        /// The text.
        text: String,
    },
}

/// A part of the model's reasoning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ReasoningText {
    /// Text.
    ReasoningText {
        /// The text.
        text: String,
    },
    /// Text of a server that uses the older name.
    Text {
        /// The text.
        text: String,
    },
}

/// The model's reasoning in a form that only the provider can read. Does not appear in logs.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EncryptedContent(Arc<str>);

impl EncryptedContent {
    /// Returns the content as the provider sent it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for EncryptedContent {
    fn from(content: String) -> Self {
        Self(content.into())
    }
}

impl fmt::Debug for EncryptedContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{} bytes]", self.0.len())
    }
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
    InputText {
        /// The text.
        text: Arc<str>,
    },
    /// An image for the model.
    InputImage {
        /// The image, as `easel:` and its handle. Clients that add items may also use a data URL.
        image_url: String,
        /// How closely the model looks at the image. `null` for the provider's default.
        detail: Option<ImageDetail>,
    },
    /// Text of the model.
    OutputText {
        /// The text.
        text: Arc<str>,
    },
}
