//! The request that asks a client whether an image call may be made, in the terms of the Codex app-server: the call
//! needs the network, and the client grants or denies it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::{ImageId, ItemId, ThreadId, TurnId};
use crate::record::ImageAction;

/// Asks whether an image call may be made. Sent by the server, to a client that has declared
/// `requestPermissionsApproval`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct PermissionsRequestApprovalParams {
    /// The thread of the call.
    pub thread_id: ThreadId,
    /// The turn of the call.
    pub turn_id: TurnId,
    /// The item of the call, which has started.
    pub item_id: ItemId,
    /// Always `null`.
    pub environment_id: Option<String>,
    /// The working folder of the thread.
    pub cwd: String,
    /// What the call needs: always the network.
    pub permissions: PermissionProfile,
    /// One sentence for the user: what is made by whom, at what price.
    pub reason: Option<String>,
    /// When the server asked, in Unix milliseconds.
    pub started_at_ms: i64,
    /// The call.
    pub image_generation: ImageApproval,
}

/// Permissions that are requested or granted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct PermissionProfile {
    /// Access to the network.
    #[serde(default)]
    pub network: Option<NetworkPermissions>,
}

/// Access to the network.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct NetworkPermissions {
    /// Whether the call may use the network.
    #[serde(default)]
    pub enabled: Option<bool>,
}

/// An image call that waits for an approval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ImageApproval {
    /// Why the server asks.
    pub cause: ApprovalCause,
    /// What the call does.
    pub action: ImageAction,
    /// The prompt. A long one is cut and ends with an ellipsis.
    pub prompt: String,
    /// The images that are sent with it, the mask last.
    pub images: Vec<ApprovalImage>,
    /// The id of the provider.
    pub provider: String,
    /// The image model of the provider.
    pub model: String,
    /// Number of images that the call requests.
    pub count: u32,
    /// The estimated cost in US dollars. `null` when a price is missing.
    pub estimated_cost_usd: Option<f64>,
    /// What is left today of `limits.images_per_day`. `null` without that limit.
    pub images_left_today: Option<u64>,
    /// What is left today of `limits.cost_per_day`, in US dollars. `null` without that limit.
    pub cost_left_today_usd: Option<f64>,
    /// What is left to the thread of `limits.cost_per_thread`, in US dollars. `null` without that limit.
    pub cost_left_in_thread_usd: Option<f64>,
    /// Milliseconds until no answer counts as a denial.
    pub timeout_ms: u64,
}

/// Why the server asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum ApprovalCause {
    /// Every call needs an approval.
    Always,
    /// The call exceeds a limit.
    OverLimit,
    /// A limit of cost applies, and the price of the call is not configured.
    UnknownPrice,
    /// A hook of the user leaves this call to the user. The answer covers no other call.
    Hook,
}

/// An image that a call would send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalImage {
    /// The handle. `null` for a file that the model named by path.
    pub id: Option<ImageId>,
    /// Absolute path of Easel's copy.
    pub path: String,
}

/// The decision about an image call. Sent by the client. Without `network.enabled: true`, the call is denied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct PermissionsRequestApprovalResponse {
    /// What the client grants.
    pub permissions: PermissionProfile,
    /// What the decision covers. Absent: `turn`.
    #[serde(default)]
    #[ts(optional, as = "Option<ApprovalScope>")]
    pub scope: ApprovalScope,
}

/// What an approval covers. An approval of a call within the limits covers no call that exceeds one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum ApprovalScope {
    /// This call.
    Call,
    /// All calls of the turn.
    #[default]
    Turn,
    /// All calls of the thread until the end of the day, in turns that this connection starts.
    Session,
    /// All calls until the end of the day, in turns that this connection starts.
    Day,
}
