//! The items of a turn. Easel sends no item type that the Codex app-server's schema does not have.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::ItemId;
use crate::input::UserInput;
use crate::record::{ImageError, ImageRecord};

/// One item of a turn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "type", rename_all = "camelCase")]
pub enum ThreadItem {
    /// A message of the user.
    UserMessage(UserMessageItem),
    /// A message of the model.
    AgentMessage(AgentMessageItem),
    /// The model's reasoning.
    Reasoning(ReasoningItem),
    /// A call of an image tool.
    ImageGeneration(Box<ImageGenerationItem>),
    /// The conversation became too long for the model, and a catalogue took the place of its older turns.
    ContextCompaction(ContextCompactionItem),
}

impl ThreadItem {
    /// Returns the id of the item.
    pub fn id(&self) -> &ItemId {
        match self {
            Self::UserMessage(item) => &item.id,
            Self::AgentMessage(item) => &item.id,
            Self::Reasoning(item) => &item.id,
            Self::ImageGeneration(item) => &item.id,
            Self::ContextCompaction(item) => &item.id,
        }
    }

    /// Returns when the item started and ended, in Unix milliseconds.
    pub fn times(&self) -> (i64, Option<i64>) {
        match self {
            Self::UserMessage(item) => (item.started_at_ms, item.completed_at_ms),
            Self::AgentMessage(item) => (item.started_at_ms, item.completed_at_ms),
            Self::Reasoning(item) => (item.started_at_ms, item.completed_at_ms),
            Self::ImageGeneration(item) => (item.started_at_ms, item.completed_at_ms),
            Self::ContextCompaction(item) => (item.started_at_ms, item.completed_at_ms),
        }
    }
}

/// A message of the user. Images in `content` are `localImage` parts that name Easel's own copy, so that a client can
/// show history after its own file is deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct UserMessageItem {
    /// The id of the item, unique in its thread.
    pub id: ItemId,
    /// The `clientUserMessageId` of the request that sent the message. `null` when the client gave none.
    pub client_id: Option<String>,
    /// The parts of the message.
    pub content: Vec<UserInput>,
    /// When the item started, in Unix milliseconds.
    pub started_at_ms: i64,
    /// When the item ended, in Unix milliseconds. `null` while it is in progress.
    pub completed_at_ms: Option<i64>,
}

/// A message of the model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct AgentMessageItem {
    /// The id of the item, unique in its thread.
    pub id: ItemId,
    /// The text so far; the whole text once the item is completed.
    pub text: String,
    /// The role of the message in the turn. `null` when the model does not say.
    pub phase: Option<MessagePhase>,
    /// When the item started, in Unix milliseconds.
    pub started_at_ms: i64,
    /// When the item ended, in Unix milliseconds. `null` while it is in progress.
    pub completed_at_ms: Option<i64>,
}

/// The role of an agent message in its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum MessagePhase {
    /// An intermediate remark.
    Commentary,
    /// A part of the answer.
    PartialAnswer,
    /// The answer.
    FinalAnswer,
}

/// The model's reasoning before an answer or a call. Both lists may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ReasoningItem {
    /// The id of the item, unique in its thread.
    pub id: ItemId,
    /// The summary, in parts. Empty unless the client or the configuration asked for one.
    pub summary: Vec<String>,
    /// The reasoning itself, in parts. Empty unless the provider sends it.
    pub content: Vec<String>,
    /// When the item started, in Unix milliseconds.
    pub started_at_ms: i64,
    /// When the item ended, in Unix milliseconds. `null` while it is in progress.
    pub completed_at_ms: Option<i64>,
}

/// Marks where a catalogue took the place of the older turns for the model. Clients still read all turns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ContextCompactionItem {
    /// The id of the item, unique in its thread.
    pub id: ItemId,
    /// When the item started, in Unix milliseconds.
    pub started_at_ms: i64,
    /// When the item ended, in Unix milliseconds. `null` while it is in progress.
    pub completed_at_ms: Option<i64>,
}

/// One call of an image tool, standalone or hosted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ImageGenerationItem {
    /// The id of the item and of its image call, unique in its thread.
    pub id: ItemId,
    /// The state of the call.
    pub status: ImageStatus,
    /// The prompt of the first image as the provider rewrote it, else the prompt as the model wrote it. `null` without
    /// an image.
    pub revised_prompt: Option<String>,
    /// The first image in base64, only in the live `item/completed` of a client whose capability `imageResult` is
    /// `inline`. Otherwise empty.
    pub result: String,
    /// Whether the first image was made with a transparent background. `null` without an image.
    pub transparent_background: Option<bool>,
    /// The failure in the Codex app-server's shape. `null` for failures that it does not have; `error` has them all.
    pub failure: Option<ImageFailure>,
    /// Absolute path of the first image. `null` without an image.
    pub saved_path: Option<String>,
    /// The reference images in the order they were sent. Absent while the call runs, and when it has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub input_images: Vec<ItemInputImage>,
    /// The provider's id of the image. `null` when the provider gave none.
    pub generation_id: Option<String>,
    /// When the call started, in Unix milliseconds.
    pub started_at_ms: i64,
    /// When the call ended, in Unix milliseconds. `null` while it is in progress.
    pub completed_at_ms: Option<i64>,
    /// One record for each image, in the provider's order.
    #[serde(default)]
    pub images: Vec<ImageRecord>,
    /// Why there is no image, or fewer than requested. A completed item may have both images and an error.
    pub error: Option<ImageError>,
}

impl ImageGenerationItem {
    /// Creates the item of a call that starts at `started_at_ms`.
    pub fn new(id: ItemId, started_at_ms: i64) -> Self {
        Self {
            id,
            status: ImageStatus::InProgress,
            revised_prompt: None,
            result: String::new(),
            transparent_background: None,
            failure: None,
            saved_path: None,
            input_images: Vec::new(),
            generation_id: None,
            started_at_ms,
            completed_at_ms: None,
            images: Vec::new(),
            error: None,
        }
    }
}

/// The state of an image call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub enum ImageStatus {
    /// The call runs.
    InProgress,
    /// The call made at least one image.
    Completed,
    /// The call made no image; `error` says why.
    Failed,
}

/// A failure of an image call in the Codex app-server's shape. `error` of the item has the details.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ImageFailure {
    /// The account has used up a limit of its plan.
    UsageLimitExceeded {
        /// The limit that is used up.
        limit_id: String,
        /// When the limit resets, in Unix seconds. `null` when unknown.
        resets_at: Option<i64>,
    },
}

/// A reference image of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ItemInputImage {
    /// Absolute path of the image.
    pub path: String,
    /// SHA-256 of the bytes that were sent, in lowercase hexadecimal.
    pub sha256: String,
}
