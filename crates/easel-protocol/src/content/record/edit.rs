//! What an edit changed, and how one image was derived from others.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::ImageId;

/// What an edit changed, measured on the pixels of both images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct EditReport {
    /// The handle of the image that was edited: the first reference image of the call.
    pub base: ImageId,
    /// What was done with the mask. `null` when the call had none.
    pub mask: Option<MaskUse>,
    /// Whether the result had another size and was scaled to that of the base for the comparison.
    pub resampled: bool,
    /// Whether the aspect ratios differ by more than 1 %, so that the comparison has stretched the result.
    pub aspect_changed: bool,
    /// How far the whole picture has moved, up to 32 pixels. `null` when it has moved by less than 4 pixels, or when
    /// the pictures do not tell. The pixels are compared where they are, without moving them back.
    pub shift: Option<Shift>,
    /// A pixel counts as changed if one of its channels differs by more than this, of 255.
    pub tolerance: u8,
    /// The part that the mask protects. `null` without a mask, and if `incomplete` says why.
    pub outside: Option<ProtectedPixels>,
    /// The part that the mask leaves to the edit; the whole picture without a mask that can be used. `null` if the
    /// images could not be compared, and `incomplete` says why.
    pub inside: Option<EditedPixels>,
    /// Why something was not counted, in words: the images could not be compared, or the mask does not fit the base.
    /// Absent if everything was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub incomplete: Option<String>,
    /// Whether the protected pixels were put back from the base.
    pub composite: CompositeStatus,
}

/// What was done with the mask of a call. A provider that takes no mask gets no such call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum MaskUse {
    /// The provider got the mask.
    Sent,
}

/// A movement in pixels of the base.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct Shift {
    /// To the right. Negative: to the left.
    pub x: i32,
    /// Down. Negative: up.
    pub y: i32,
}

/// The pixels that an edit had to leave alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ProtectedPixels {
    /// Their number.
    pub pixels: u64,
    /// How many of them differ by more than the tolerance.
    pub changed: u64,
    /// `changed` as a part of `pixels`, from 0 to 1.
    pub share: f64,
    /// The mean of the largest difference of a channel over all of them, from 0 to 255. It has no threshold.
    pub mean_difference: f64,
    /// Squares of 8 by 8 pixels, side by side from the top left, in which three quarters of the pixels are protected
    /// and differ by more than 32. The noise of a lossy format makes none, and damage that a person sees at least one.
    /// Absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub damaged_blocks: Option<u64>,
    /// The smallest box that has all changed pixels. `null` if none has changed.
    #[serde(rename = "box")]
    pub bounds: Option<PixelBox>,
}

/// The pixels that an edit could change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct EditedPixels {
    /// Their number.
    pub pixels: u64,
    /// How many of them differ by more than the tolerance.
    pub changed: u64,
    /// `changed` as a part of `pixels`, from 0 to 1.
    pub share: f64,
}

/// A rectangle of pixels of the base.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct PixelBox {
    /// The first column.
    pub x: u32,
    /// The first row.
    pub y: u32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
}

/// Whether the pixels outside the mask were put back from the base.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum CompositeStatus {
    /// Nobody asked for it.
    None,
    /// They were. The result is an image of its own, and this is the report of the provider's image.
    Applied,
    /// They could not be.
    #[serde(untagged)]
    Refused(RefusedComposite),
}

/// Why the pixels outside the mask were not put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct RefusedComposite {
    /// The reason, in words.
    pub refused: String,
}

/// How Easel made an image from others, without a provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct Derivation {
    /// The handles of the images, the one that a provider made first.
    pub from: Vec<ImageId>,
    /// What was done.
    pub by: DerivationKind,
    /// Over how many pixels inside the mask the two images blend.
    pub feather: u32,
    /// Whether the provider's file has Content Credentials, which are true of that file only and not copied.
    pub drops_content_credentials: bool,
}

/// What Easel does to make an image from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum DerivationKind {
    /// Takes the pixels outside the mask from the base and the others from the edit.
    Composite,
}
