//! Records of images: where the file is, what its bytes are, how it was made, and why it was not.

mod edit;
mod error;
mod facts;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use self::edit::{
    CompositeStatus, Derivation, DerivationKind, EditReport, EditedPixels, MaskUse, PixelBox, ProtectedPixels,
    RefusedComposite, Shift,
};
pub use self::error::{Billed, ImageError, ImageErrorKind, UsageLimit};
pub use self::facts::{ImageFacts, MediaType};
use crate::id::ImageId;

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
    /// The mask of an edit. Absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub mask: Option<Box<InputImage>>,
    /// What an edit changed since its first reference image. Absent for other images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub edit: Option<Box<EditReport>>,
    /// How Easel made the image from others. Absent for an image as a provider made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub derived: Option<Box<Derivation>>,
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
