//! What a turn is made of. No item type outside the Codex app-server's schema is ever sent.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::ItemId;
use crate::input::UserInput;
use crate::record::{ImageError, ImageRecord};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum ThreadItem {
    UserMessage(UserMessageItem),
    AgentMessage(AgentMessageItem),
    Reasoning(ReasoningItem),
    ImageGeneration(Box<ImageGenerationItem>),
}

impl ThreadItem {
    pub fn id(&self) -> &ItemId {
        match self {
            Self::UserMessage(item) => &item.id,
            Self::AgentMessage(item) => &item.id,
            Self::Reasoning(item) => &item.id,
            Self::ImageGeneration(item) => &item.id,
        }
    }

    /// When the item started and ended, in Unix milliseconds.
    pub fn times(&self) -> (i64, Option<i64>) {
        match self {
            Self::UserMessage(item) => (item.started_at_ms, item.completed_at_ms),
            Self::AgentMessage(item) => (item.started_at_ms, item.completed_at_ms),
            Self::Reasoning(item) => (item.started_at_ms, item.completed_at_ms),
            Self::ImageGeneration(item) => (item.started_at_ms, item.completed_at_ms),
        }
    }
}

/// Images in `content` are `localImage` pieces whose path is Easel's own copy, so that history can be shown after the
/// client has deleted its file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct UserMessageItem {
    pub id: ItemId,
    /// The `clientUserMessageId` that the client gave to `turn/start`.
    pub client_id: Option<String>,
    pub content: Vec<UserInput>,
    pub started_at_ms: i64,
    pub completed_at_ms: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct AgentMessageItem {
    pub id: ItemId,
    pub text: String,
    pub phase: Option<MessagePhase>,
    pub started_at_ms: i64,
    pub completed_at_ms: Option<i64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum MessagePhase {
    Commentary,
    PartialAnswer,
    FinalAnswer,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ReasoningItem {
    pub id: ItemId,
    pub summary: Vec<String>,
    pub content: Vec<String>,
    pub started_at_ms: i64,
    pub completed_at_ms: Option<i64>,
}

/// One call of an image tool, standalone or hosted. `id` is the call's id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ImageGenerationItem {
    pub id: ItemId,
    pub status: ImageStatus,
    pub revised_prompt: Option<String>,
    /// Base64 of the first image, only in the live `item/completed` of a client that asked for it; else `""`.
    pub result: String,
    pub transparent_background: Option<bool>,
    pub failure: Option<ImageFailure>,
    /// Absolute path of the first image.
    pub saved_path: Option<String>,
    /// The reference images in the order they were sent; absent while the call runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub input_images: Vec<ItemInputImage>,
    /// The provider's id of the image, where it gave one.
    pub generation_id: Option<String>,
    pub started_at_ms: i64,
    pub completed_at_ms: Option<i64>,
    /// One record an image, in the provider's order.
    #[serde(default)]
    pub images: Vec<ImageRecord>,
    /// Why there is no image, or fewer than the call asked for: a completed item may have both.
    pub error: Option<ImageError>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum ImageStatus {
    InProgress,
    Completed,
    Failed,
}

/// A failure in the Codex app-server's shape; `error` says the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ImageFailure {
    UsageLimitExceeded {
        limit_id: String,
        /// Unix seconds.
        resets_at: Option<i64>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ItemInputImage {
    pub path: String,
    pub sha256: String,
}
