//! What the server says without being asked. The thread actor emits these types as they are: there is no second event
//! language and no mapping between two.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::account::{AccountLoginCompletedNotification, AccountUpdatedNotification};
use crate::item::ThreadItem;
use crate::rate_limits::AccountRateLimitsUpdatedNotification;
use crate::record::MediaType;
use crate::response_item::ResponseItem;
use crate::thread::{ApprovalPolicy, ApprovalsReviewer, SandboxPolicy, Thread, ThreadStatus};
use crate::tool::ToolExposure;
use crate::turn::{Turn, TurnError};

macro_rules! events {
    ($($name:literal $event:ident($params:ty);)+) => {
        /// Every notification, in the order of a thread's life.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
        #[serde(tag = "method", content = "params")]
        pub enum Event {
            $(#[serde(rename = $name)] $event($params),)+
        }

        /// The params of an event, to be serialized without its name.
        #[derive(Debug, Clone, Copy, Serialize)]
        #[serde(untagged)]
        pub enum EventParams<'a> {
            $($event(&'a $params),)+
        }

        impl Event {
            /// The name of the notification.
            pub fn method(&self) -> &'static str {
                match self {
                    $(Self::$event(_) => $name,)+
                }
            }

            pub fn params(&self) -> EventParams<'_> {
                match self {
                    $(Self::$event(params) => EventParams::$event(params),)+
                }
            }
        }
    };
}

events! {
    "configWarning" ConfigWarning(ConfigWarningNotification);
    "account/login/completed" AccountLoginCompleted(AccountLoginCompletedNotification);
    "account/updated" AccountUpdated(AccountUpdatedNotification);
    "account/rateLimits/updated" AccountRateLimitsUpdated(AccountRateLimitsUpdatedNotification);
    "tool/list/updated" ToolListUpdated(ToolListUpdatedNotification);
    "thread/started" ThreadStarted(Box<ThreadStartedNotification>);
    "thread/status/changed" ThreadStatusChanged(ThreadStatusChangedNotification);
    "thread/name/updated" ThreadNameUpdated(ThreadNameUpdatedNotification);
    "thread/settings/updated" ThreadSettingsUpdated(ThreadSettingsUpdatedNotification);
    "thread/archived" ThreadArchived(ThreadArchivedNotification);
    "thread/unarchived" ThreadUnarchived(ThreadUnarchivedNotification);
    "thread/closed" ThreadClosed(ThreadClosedNotification);
    "thread/reverted" ThreadReverted(ThreadRevertedNotification);
    "thread/deleted" ThreadDeleted(ThreadDeletedNotification);
    "turn/started" TurnStarted(TurnStartedNotification);
    "item/started" ItemStarted(ItemStartedNotification);
    "item/agentMessage/delta" AgentMessageDelta(AgentMessageDeltaNotification);
    "item/imageGeneration/preview" ImagePreview(ImageGenerationPreviewNotification);
    "item/completed" ItemCompleted(ItemCompletedNotification);
    "rawResponseItem/completed" RawResponseItemCompleted(RawResponseItemCompletedNotification);
    "thread/tokenUsage/updated" ThreadTokenUsageUpdated(ThreadTokenUsageUpdatedNotification);
    "image/deleted" ImageDeleted(ImageDeletedNotification);
    "error" Error(ErrorNotification);
    "turn/completed" TurnCompleted(TurnCompletedNotification);
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ConfigWarningNotification {
    /// One sentence; never contains a value, which may be a secret.
    pub summary: String,
    pub details: Option<String>,
    /// The file that the warning is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub path: Option<String>,
}

/// Other image tools are offered with the defaults than before, or the same with other arguments; `tool/list` says more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ToolListUpdatedNotification {
    pub exposure: ToolExposure,
    /// Names of what is offered, as in the answer to `initialize`.
    pub tools: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadStartedNotification {
    pub thread: Thread,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadStatusChangedNotification {
    pub thread_id: String,
    pub status: ThreadStatus,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadNameUpdatedNotification {
    pub thread_id: String,
    pub thread_name: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadSettingsUpdatedNotification {
    pub thread_id: String,
    pub thread_settings: AppliedSettings,
}

/// What holds for the thread's next turn. Easel has one collaboration mode, and nothing to approve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct AppliedSettings {
    pub cwd: String,
    pub approval_policy: ApprovalPolicy,
    pub approvals_reviewer: ApprovalsReviewer,
    pub sandbox_policy: SandboxPolicy,
    pub collaboration_mode: CollaborationMode,
    pub model: String,
    pub model_provider: String,
    pub service_tier: Option<String>,
    pub effort: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct CollaborationMode {
    pub mode: ModeKind,
    pub settings: CollaborationSettings,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum ModeKind {
    Default,
}

/// In the Codex app-server's spelling.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "snake_case")]
pub struct CollaborationSettings {
    pub model: String,
    pub reasoning_effort: Option<String>,
    pub developer_instructions: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadArchivedNotification {
    pub thread_id: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadUnarchivedNotification {
    pub thread_id: String,
}

/// The thread is no longer held in memory; `thread/resume` loads it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadClosedNotification {
    pub thread_id: String,
}

/// Turns of the thread were taken back: what a client holds of its history is to be read anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadRevertedNotification {
    pub thread_id: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadDeletedNotification {
    pub thread_id: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct TurnStartedNotification {
    pub thread_id: String,
    pub turn: Turn,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ItemStartedNotification {
    pub thread_id: String,
    pub turn_id: String,
    pub item: ThreadItem,
    pub started_at_ms: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct AgentMessageDeltaNotification {
    pub thread_id: String,
    pub turn_id: String,
    pub item_id: String,
    pub delta: String,
}

/// What an image looks like while it is made, where `images.partial_images` asks for that. Some of these may be missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ImageGenerationPreviewNotification {
    pub thread_id: String,
    pub turn_id: String,
    pub item_id: String,
    /// As the provider counts them, from 0.
    pub index: u32,
    /// Absolute. The file is removed when the next preview of the item comes, or the item ends: it may be gone already.
    pub path: String,
    pub media_type: MediaType,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    pub bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ItemCompletedNotification {
    pub thread_id: String,
    pub turn_id: String,
    pub item: ThreadItem,
    pub completed_at_ms: i64,
}

/// Only for clients that asked with `experimentalRawEvents`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct RawResponseItemCompletedNotification {
    pub thread_id: String,
    pub turn_id: String,
    pub item: ResponseItem,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadTokenUsageUpdatedNotification {
    pub thread_id: String,
    pub turn_id: String,
    pub token_usage: ThreadTokenUsage,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ThreadTokenUsage {
    /// Of the thread so far.
    pub total: TokenUsage,
    /// Of the last answer of the model.
    pub last: TokenUsage,
    /// Tokens.
    pub model_context_window: Option<i64>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct TokenUsage {
    pub total_tokens: i64,
    pub input_tokens: i64,
    pub cached_input_tokens: i64,
    pub cache_write_input_tokens: i64,
    pub output_tokens: i64,
    pub reasoning_output_tokens: i64,
}

impl std::ops::AddAssign for TokenUsage {
    /// Providers are not believed so far that their numbers could stop us.
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

/// A client deleted an image of the thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ImageDeletedNotification {
    pub thread_id: String,
    pub image_id: String,
}

/// What ends a turn; never what is retried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ErrorNotification {
    pub thread_id: String,
    pub turn_id: String,
    pub error: TurnError,
    pub will_retry: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct TurnCompletedNotification {
    pub thread_id: String,
    pub turn: Turn,
}
