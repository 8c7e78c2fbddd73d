//! The notifications of the server. The actor of a thread emits these types as they are sent: there is no second event
//! type to map from.

mod server;
mod thread;
mod turn;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use server::*;
pub use thread::*;
pub use turn::*;

use crate::account::{AccountLoginCompletedNotification, AccountUpdatedNotification};
use crate::rate_limits::AccountRateLimitsUpdatedNotification;

macro_rules! events {
    ($($name:literal $event:ident($params:ty);)+) => {
        /// A notification of the server. The variants are in the order of a thread's life.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
        #[serde(tag = "method", content = "params")]
        pub enum Event {
            $(#[serde(rename = $name)] $event($params),)+
        }

        /// The params of an [`Event`], serialized without the name of the notification.
        #[derive(Debug, Clone, Copy, Serialize)]
        #[serde(untagged)]
        pub enum EventParams<'a> {
            $($event(&'a $params),)+
        }

        impl Event {
            /// Deserializes a notification. Compiled once, in this crate, like the conversions of
            /// [`Method`](crate::method::Method).
            ///
            /// # Errors
            /// If the JSON is not a known event.
            pub fn from_json(json: &str) -> serde_json::Result<Self> {
                serde_json::from_str(json)
            }

            /// Returns whether a notification with this name is an event of this version.
            pub fn is_known(method: &str) -> bool {
                [$($name),+].contains(&method)
            }

            /// Returns the name of the notification.
            pub fn method(&self) -> &'static str {
                match self {
                    $(Self::$event(_) => $name,)+
                }
            }

            /// Returns the params, for a message whose name is written separately.
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
    "warning" Warning(WarningNotification);
    "item/started" ItemStarted(ItemStartedNotification);
    "item/agentMessage/delta" AgentMessageDelta(AgentMessageDeltaNotification);
    "item/reasoning/summaryPartAdded" ReasoningSummaryPartAdded(ReasoningSummaryPartAddedNotification);
    "item/reasoning/summaryTextDelta" ReasoningSummaryTextDelta(ReasoningSummaryTextDeltaNotification);
    "item/reasoning/textDelta" ReasoningTextDelta(ReasoningTextDeltaNotification);
    "item/imageGeneration/preview" ImagePreview(ImageGenerationPreviewNotification);
    "item/completed" ItemCompleted(ItemCompletedNotification);
    "rawResponseItem/completed" RawResponseItemCompleted(RawResponseItemCompletedNotification);
    "thread/compacted" ContextCompacted(ContextCompactedNotification);
    "thread/tokenUsage/updated" ThreadTokenUsageUpdated(ThreadTokenUsageUpdatedNotification);
    "image/deleted" ImageDeleted(ImageDeletedNotification);
    "serverRequest/resolved" ServerRequestResolved(ServerRequestResolvedNotification);
    "error" Error(ErrorNotification);
    "turn/completed" TurnCompleted(TurnCompletedNotification);
}
