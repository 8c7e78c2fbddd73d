//! The question whether an image call may be made.

use easel_protocol::id::ThreadId;
use serde::{Deserialize, Serialize};

use super::ToolCall;

/// The id of the option that allows the call.
pub(crate) const ALLOW: &str = "allow";

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RequestPermissionParams {
    pub(crate) session_id: ThreadId,
    pub(crate) tool_call: ToolCall,
    pub(crate) options: [PermissionOption; 2],
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PermissionOption {
    pub(crate) option_id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) kind: &'static str,
}

/// What the user can choose.
pub(crate) const PERMISSION_OPTIONS: [PermissionOption; 2] = [
    PermissionOption { option_id: ALLOW, name: "Make the image", kind: "allow_once" },
    PermissionOption { option_id: "reject", name: "Do not make it", kind: "reject_once" },
];

#[derive(Debug, Deserialize)]
pub(crate) struct RequestPermissionResponse {
    pub(crate) outcome: PermissionOutcome,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub(crate) enum PermissionOutcome {
    Cancelled,
    Selected { option_id: String },
}

/// The params of `$/cancel_request`, which withdraws a question.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CancelRequestParams {
    pub(crate) request_id: i64,
}
