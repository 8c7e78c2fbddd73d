//! What concerns the whole server.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::tool::ToolExposure;

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
