//! Notifications about a turn, its items and its images.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::{ImageId, ItemId, ThreadId, TurnId};
use crate::item::ThreadItem;
use crate::record::MediaType;
use crate::response_item::ResponseItem;
use crate::turn::{Turn, TurnError};

/// A turn started. Sent after the response to `turn/start`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct TurnStartedNotification {
    /// The thread of the turn.
    pub thread_id: ThreadId,
    /// The turn, without items.
    pub turn: Turn,
}

/// An item started. `item/completed` with the same item id follows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ItemStartedNotification {
    /// The thread of the item.
    pub thread_id: ThreadId,
    /// The turn of the item.
    pub turn_id: TurnId,
    /// The item as it starts.
    pub item: ThreadItem,
    /// When the item started, in Unix milliseconds.
    pub started_at_ms: i64,
}

/// The next part of an agent message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct AgentMessageDeltaNotification {
    /// The thread of the message.
    pub thread_id: ThreadId,
    /// The turn of the message.
    pub turn_id: TurnId,
    /// The agent message.
    pub item_id: ItemId,
    /// The text to append.
    pub delta: String,
}

/// The summary of the model's reasoning has a new part, which is empty so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ReasoningSummaryPartAddedNotification {
    /// The thread of the item.
    pub thread_id: ThreadId,
    /// The turn of the item.
    pub turn_id: TurnId,
    /// The reasoning item.
    pub item_id: ItemId,
    /// The index of the part in `summary` of the item.
    pub summary_index: u32,
}

/// The next text of a summary of the model's reasoning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ReasoningSummaryTextDeltaNotification {
    /// The thread of the item.
    pub thread_id: ThreadId,
    /// The turn of the item.
    pub turn_id: TurnId,
    /// The reasoning item.
    pub item_id: ItemId,
    /// The text to append.
    pub delta: String,
    /// The index of the part in `summary` of the item.
    pub summary_index: u32,
}

/// The next text of the model's reasoning itself. Only some open models send it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ReasoningTextDeltaNotification {
    /// The thread of the item.
    pub thread_id: ThreadId,
    /// The turn of the item.
    pub turn_id: TurnId,
    /// The reasoning item.
    pub item_id: ItemId,
    /// The text to append.
    pub delta: String,
    /// The index of the part in `content` of the item.
    pub content_index: u32,
}

/// A preview of an image that is being made. Sent if `images.partial_images` is set; a slow client may miss some.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ImageGenerationPreviewNotification {
    /// The thread of the image.
    pub thread_id: ThreadId,
    /// The turn of the image.
    pub turn_id: TurnId,
    /// The image call.
    pub item_id: ItemId,
    /// The number of the preview as the provider counts, from 0.
    pub index: u32,
    /// Absolute path of the preview. The file is deleted when the item's next preview arrives or the item ends, so it
    /// may not exist anymore.
    pub path: String,
    /// The format of the preview.
    pub media_type: MediaType,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Size of the file in bytes.
    pub bytes: u64,
}

/// An item ended. Every started item ends, even if it fails or its turn is interrupted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ItemCompletedNotification {
    /// The thread of the item.
    pub thread_id: ThreadId,
    /// The turn of the item.
    pub turn_id: TurnId,
    /// The item in its final state.
    pub item: ThreadItem,
    /// When the item ended, in Unix milliseconds.
    pub completed_at_ms: i64,
}

/// The conversation was compacted. For clients that do not know the item `contextCompaction`, which says the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ContextCompactedNotification {
    /// The thread whose conversation was compacted.
    pub thread_id: ThreadId,
    /// The turn that has the item.
    pub turn_id: TurnId,
}

/// The model's history has a new item. Sent only to clients that set `experimentalRawEvents`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct RawResponseItemCompletedNotification {
    /// The thread whose history has the item.
    pub thread_id: ThreadId,
    /// The turn that added the item.
    pub turn_id: TurnId,
    /// The item as the model reads it.
    pub item: ResponseItem,
}

/// The model finished a response, and its tokens were counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadTokenUsageUpdatedNotification {
    /// The thread of the turn.
    pub thread_id: ThreadId,
    /// The turn of the response whose tokens were counted.
    pub turn_id: TurnId,
    /// The counts.
    pub token_usage: ThreadTokenUsage,
}

/// The tokens of a thread.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadTokenUsage {
    /// The tokens of the thread so far.
    pub total: TokenUsage,
    /// The tokens of the model's last response.
    pub last: TokenUsage,
    /// The size of the model's context window, in tokens. `null` when unknown.
    pub model_context_window: Option<i64>,
}

/// Counts of tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct TokenUsage {
    /// Input and output tokens together.
    pub total_tokens: i64,
    /// Tokens that the model read.
    pub input_tokens: i64,
    /// Input tokens that the provider read from its cache.
    pub cached_input_tokens: i64,
    /// Input tokens that the provider wrote to its cache.
    pub cache_write_input_tokens: i64,
    /// Tokens that the model wrote.
    pub output_tokens: i64,
    /// Output tokens that the model spent on reasoning.
    pub reasoning_output_tokens: i64,
}

impl std::ops::AddAssign for TokenUsage {
    /// Adds without overflow: a provider's numbers must not be able to stop the server.
    fn add_assign(&mut self, other: Self) {
        let fields = [
            (&mut self.total_tokens, other.total_tokens),
            (&mut self.input_tokens, other.input_tokens),
            (&mut self.cached_input_tokens, other.cached_input_tokens),
            (&mut self.cache_write_input_tokens, other.cache_write_input_tokens),
            (&mut self.output_tokens, other.output_tokens),
            (&mut self.reasoning_output_tokens, other.reasoning_output_tokens),
        ];
        for (sum, count) in fields {
            *sum = sum.saturating_add(count);
        }
    }
}

/// A client deleted an image from the thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ImageDeletedNotification {
    /// The thread that had the image.
    pub thread_id: ThreadId,
    /// The handle of the image.
    pub image_id: ImageId,
}

/// A turn failed. Sent before `turn/completed`. Errors that Easel retries are not sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ErrorNotification {
    /// The thread of the turn.
    pub thread_id: ThreadId,
    /// The turn that failed.
    pub turn_id: TurnId,
    /// Why the turn failed.
    pub error: TurnError,
    /// Always false.
    pub will_retry: bool,
}

/// A turn ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct TurnCompletedNotification {
    /// The thread of the turn.
    pub thread_id: ThreadId,
    /// The turn, with its last agent message if it has one.
    pub turn: Turn,
}
