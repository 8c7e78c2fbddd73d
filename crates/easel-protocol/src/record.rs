//! What is known of one image: where it lies, what its bytes are, how it came to be, or why it did not.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::ImageId;

/// What the bytes of an image file say about themselves. Nothing here comes from a provider's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ImageFacts {
    /// SHA-256 of the file, lowercase hexadecimal.
    pub sha256: String,
    pub media_type: MediaType,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// Whether the format of the pixels can carry transparency.
    pub has_alpha: bool,
}

/// The image formats that Easel takes in and stores, told from the content and never from a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
pub enum MediaType {
    #[serde(rename = "image/png")]
    Png,
    #[serde(rename = "image/jpeg")]
    Jpeg,
    #[serde(rename = "image/webp")]
    Webp,
    #[serde(rename = "image/gif")]
    Gif,
}

impl MediaType {
    /// The IANA name, as in a data URL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
            Self::Gif => "image/gif",
        }
    }

    /// The extension of a file with this content, without the dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::Webp => "webp",
            Self::Gif => "gif",
        }
    }
}

/// One image of a thread that the user attached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct Attachment {
    /// The image's handle, `img_` and 32 hexadecimal digits, valid in its thread and the thread's forks.
    pub id: ImageId,
    /// Absolute path of Easel's own copy.
    pub path: String,
    #[serde(flatten)]
    pub facts: ImageFacts,
}

/// One image that a tool call made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ImageRecord {
    /// The image's handle, `img_` and 32 hexadecimal digits, valid in its thread and the thread's forks.
    pub id: ImageId,
    /// Absolute path of the only copy.
    pub path: String,
    #[serde(flatten)]
    pub facts: ImageFacts,
    /// Id of the provider that made the image.
    pub provider: String,
    /// The provider's image model.
    pub model: String,
    /// What the model asked for.
    pub requested: RequestedImage,
    /// What was done, from the provider's report or the bytes; differs from `requested` where a parameter was ignored.
    pub applied: AppliedImage,
    /// The prompt as the provider rewrote it.
    pub revised_prompt: Option<String>,
    /// The reference images in the order they were sent.
    pub inputs: Vec<InputImage>,
    pub usage: Option<ImageUsage>,
    /// From sending the request to the stored file.
    pub elapsed_ms: u64,
    /// Requests sent for this call.
    pub attempts: u32,
    /// The provider's request id, for its support.
    pub request_id: Option<String>,
    /// True when no model made the image: the preview provider draws it by rule.
    pub synthetic: bool,
    /// The client deleted the image: what it was stays known, its bytes do not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub deleted: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum ImageAction {
    Generate,
    Edit,
}

/// The arguments of the call as the model gave them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct RequestedImage {
    pub action: ImageAction,
    pub prompt: String,
    #[serde(flatten)]
    pub parameters: AppliedImage,
}

/// Parameters of an image; `null` where nothing was asked or is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct AppliedImage {
    /// `WIDTHxHEIGHT` in pixels, or `auto`.
    pub size: Option<String>,
    pub quality: Option<String>,
    /// `transparent`, `opaque` or `auto`.
    pub background: Option<String>,
    pub output_format: Option<String>,
    /// Number of images.
    pub n: Option<u32>,
}

/// A reference image as it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct InputImage {
    /// The handle, where the image has one.
    pub id: Option<ImageId>,
    pub path: String,
    /// SHA-256 of the bytes sent, lowercase hexadecimal.
    pub sha256: String,
}

/// Tokens that the provider counted for one call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ImageUsage {
    pub input_tokens: u64,
    pub output_tokens: u64,
    pub total_tokens: u64,
}

/// Why a call made no image, or fewer than it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ImageError {
    pub kind: ImageErrorKind,
    /// One sentence for the user.
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub http_status: Option<u16>,
    /// The provider's error code.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub request_id: Option<String>,
    /// Requests sent for this call.
    pub attempts: u32,
    pub elapsed_ms: u64,
    /// Whether the same call may succeed later.
    pub retryable: bool,
    pub billed: Billed,
    /// What the provider says of the limit that is used up; only for `usageLimit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub usage_limit: Option<Box<UsageLimit>>,
}

/// A usage limit that is used up, as far as the provider describes it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct UsageLimit {
    /// Which of several limits.
    pub limit_id: Option<String>,
    /// Unix seconds at which it starts anew.
    pub resets_at: Option<i64>,
    /// The plan that it belongs to.
    pub plan: Option<String>,
}

/// Closed set of the ways in which a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum ImageErrorKind {
    InvalidArguments,
    ReferenceNotFound,
    ReferenceRefused,
    ModerationBlocked,
    Unauthorized,
    UsageLimit,
    RateLimited,
    BudgetExceeded,
    ApprovalDenied,
    Timeout,
    Network,
    BadResponse,
    Storage,
    Interrupted,
    Internal,
}

/// Whether the provider charged for the call; where some of its images arrived, for the missing ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum Billed {
    Yes,
    No,
    Uncertain,
}
