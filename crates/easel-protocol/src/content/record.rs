//! Records of images: where the file is, what its bytes are, how it was made, and why it was not.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::ImageId;

/// Facts read from the bytes of an image file. None of them comes from a provider's response.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ImageFacts {
    /// SHA-256 of the file, in lowercase hexadecimal.
    pub sha256: String,
    /// The format of the image.
    pub media_type: MediaType,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// Whether the pixel format can carry transparency.
    pub has_alpha: bool,
}

/// The image formats that Easel imports and stores. Always detected from the content, never from a file name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, TS)]
pub enum MediaType {
    /// PNG.
    #[serde(rename = "image/png")]
    Png,
    /// JPEG.
    #[serde(rename = "image/jpeg")]
    Jpeg,
    /// WebP.
    #[serde(rename = "image/webp")]
    Webp,
    /// GIF.
    #[serde(rename = "image/gif")]
    Gif,
}

impl MediaType {
    /// Returns the IANA media type, as in a data URL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
            Self::Gif => "image/gif",
        }
    }

    /// Returns the file extension for this format, without the dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::Webp => "webp",
            Self::Gif => "gif",
        }
    }
}

/// An image that the user attached to a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct Attachment {
    /// The handle of the image.
    pub id: ImageId,
    /// Absolute path of Easel's own copy.
    pub path: String,
    #[serde(flatten)]
    pub facts: ImageFacts,
}

/// The record of one generated image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ImageRecord {
    /// The handle of the image.
    pub id: ImageId,
    /// Absolute path of the only copy.
    pub path: String,
    #[serde(flatten)]
    pub facts: ImageFacts,
    /// The id of the provider that made the image.
    pub provider: String,
    /// The image model of the provider.
    pub model: String,
    /// The arguments of the call.
    pub requested: RequestedImage,
    /// The parameters of the result, from the provider's report or the bytes. They differ from `requested` when the
    /// provider ignored a parameter.
    pub applied: AppliedImage,
    /// The prompt as the provider rewrote it. `null` when it did not.
    pub revised_prompt: Option<String>,
    /// The reference images in the order they were sent.
    pub inputs: Vec<InputImage>,
    /// The tokens of the call. `null` when the provider does not report them.
    pub usage: Option<ImageUsage>,
    /// Milliseconds from sending the request to storing the file.
    pub elapsed_ms: u64,
    /// Requests sent for this call.
    pub attempts: u32,
    /// The provider's request id, for its support.
    pub request_id: Option<String>,
    /// Whether the image was drawn by the preview provider instead of an image model.
    pub synthetic: bool,
    /// Whether a client deleted the image. The record stays, the file does not. Absent when false.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[ts(optional, as = "Option<bool>")]
    pub deleted: bool,
}

/// What an image call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum ImageAction {
    /// Makes an image from a prompt.
    Generate,
    /// Makes an image from a prompt and reference images.
    Edit,
}

/// The arguments of an image call as the model gave them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct RequestedImage {
    /// What the call does.
    pub action: ImageAction,
    /// The prompt.
    pub prompt: String,
    #[serde(flatten)]
    pub parameters: AppliedImage,
}

/// The parameters of an image. `null` when not requested or unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct AppliedImage {
    /// `WIDTHxHEIGHT` in pixels, or `auto`.
    pub size: Option<String>,
    /// The quality, in the provider's terms.
    pub quality: Option<String>,
    /// `transparent`, `opaque` or `auto`.
    pub background: Option<String>,
    /// `png`, `jpeg` or `webp`.
    pub output_format: Option<String>,
    /// Number of images.
    pub n: Option<u32>,
}

/// A reference image as it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct InputImage {
    /// The handle. `null` for a file that the model named by path.
    pub id: Option<ImageId>,
    /// Absolute path of the image.
    pub path: String,
    /// SHA-256 of the bytes that were sent, in lowercase hexadecimal.
    pub sha256: String,
}

/// The tokens that the provider counted for one call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ImageUsage {
    /// Tokens of the prompt and the reference images.
    pub input_tokens: u64,
    /// Tokens of the images.
    pub output_tokens: u64,
    /// Both together, as the provider reports it.
    pub total_tokens: u64,
}

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
    /// The limit that is used up. Only for `usageLimit`, if the provider describes it.
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
    /// The account has used up a limit of its plan.
    UsageLimit,
    /// The provider received too many requests.
    RateLimited,
    /// The turn has reached its limit of images (`limits.images_per_turn`).
    BudgetExceeded,
    /// The image tool was switched off while the turn ran.
    ApprovalDenied,
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
