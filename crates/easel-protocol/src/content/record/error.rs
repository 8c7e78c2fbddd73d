//! Why an image was not made, and whether that costs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// Why a call made no image, or fewer than requested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ImageError {
    /// The kind of failure, for clients that act on it.
    pub kind: ImageErrorKind,
    /// One sentence for the user.
    pub message: String,
    /// The HTTP status of the provider's response. Absent when there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub http_status: Option<u16>,
    /// The provider's error code. Absent when there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub code: Option<String>,
    /// The provider's request id, for its support. Absent when there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub request_id: Option<String>,
    /// Requests sent for this call.
    pub attempts: u32,
    /// Milliseconds from sending the first request to the failure.
    pub elapsed_ms: u64,
    /// Whether the same call may succeed later.
    pub retryable: bool,
    /// Whether the provider charged for the call.
    pub billed: Billed,
    /// The limit that is used up. Only for `usageLimit`, if the provider describes it, and for `budgetExceeded`, if the
    /// limit is one of a day or of cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub usage_limit: Option<Box<UsageLimit>>,
}

/// A limit that is used up, as far as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct UsageLimit {
    /// Which of several limits: a name of the provider, or a key such as `limits.cost_per_day`.
    pub limit_id: Option<String>,
    /// When the limit resets, in Unix seconds.
    pub resets_at: Option<i64>,
    /// The plan that the limit belongs to.
    pub plan: Option<String>,
}

/// Kinds of failures of an image call. This list is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum ImageErrorKind {
    /// The arguments of the call are invalid.
    InvalidArguments,
    /// A reference image does not exist.
    ReferenceNotFound,
    /// A reference image may not be read or sent.
    ReferenceRefused,
    /// The provider's moderation rejected the prompt or the result.
    ModerationBlocked,
    /// There is no credential, or the provider did not accept it.
    Unauthorized,
    /// Something must be set up first: the provider does not know the model or the path, wants the organization to be
    /// verified, or a proxy refuses the connection.
    Configuration,
    /// The account has used up a limit of its plan.
    UsageLimit,
    /// The provider received too many requests.
    RateLimited,
    /// A limit of images or of cost would be exceeded (`limits.images_per_turn` and others), or it needs a price that
    /// is unknown.
    BudgetExceeded,
    /// The user did not approve the call, nobody could be asked, or the image tool was switched off while the turn ran.
    ApprovalDenied,
    /// A hook of the user denied the call, or could not run (`hooks.pre_tool_use`).
    HookDenied,
    /// The provider did not deliver in time (`images.timeout_ms`).
    Timeout,
    /// The provider could not be reached.
    Network,
    /// The provider's response has no usable image.
    BadResponse,
    /// The image could not be stored.
    Storage,
    /// A client interrupted the turn, or the server stopped.
    Interrupted,
    /// Easel failed.
    Internal,
}

/// Whether the provider charged for a call. If some images arrived, this is about the missing ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum Billed {
    /// The provider charged.
    Yes,
    /// The provider did not charge.
    No,
    /// Unknown: the request was sent and its outcome did not arrive.
    Uncertain,
}
