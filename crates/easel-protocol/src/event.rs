//! The notifications of the server. The actor of a thread emits these types as they are sent: there is no second event
//! type to map from.

mod server;
mod thread;
mod turn;

use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use ts_rs::TS;

pub use server::*;
pub use thread::*;
pub use turn::*;

use crate::account::{AccountLoginCompletedNotification, AccountUpdatedNotification};
use crate::rate_limits::AccountRateLimitsUpdatedNotification;

/// Not derived: a derived one would contain the code for all params twice, also for params that come before the name.
impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Notification {
            method: String,
            params: Box<RawValue>,
        }
        let Notification { method, params } = Notification::deserialize(deserializer)?;
        let event = Self::from_params(&method, params.get()).map_err(D::Error::custom)?;
        event.ok_or_else(|| D::Error::custom(format!("unknown notification `{method}`")))
    }
}

macro_rules! events {
    ($($name:literal $event:ident($params:ty);)+) => {
        /// A notification of the server. The variants are in the order of a thread's life.
        #[derive(Debug, Clone, PartialEq, Serialize, JsonSchema, TS)]
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
            /// Deserializes a notification from its name and the JSON of its params. Returns `None` for a name that
            /// this version does not know. Compiled once, in this crate, like the conversions of
            /// [`Method`](crate::method::Method).
            ///
            /// # Errors
            /// If the params are not those of the event.
            pub fn from_params(method: &str, params: &str) -> serde_json::Result<Option<Self>> {
                Ok(Some(match method {
                    $($name => Self::$event(serde_json::from_str(params)?),)+
                    _ => return Ok(None),
                }))
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
