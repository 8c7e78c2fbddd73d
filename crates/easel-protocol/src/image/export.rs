//! Copies of images at paths that the client names: one file, or a set of files such as the icons of an app.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::ImageId;

/// Copies an image out of Easel's store: byte by byte, or as another picture if a field from `width` on asks for a
/// change. The image's own format, no trim and a padding of 0 are none. The image itself is not changed.
///
/// A picture is decoded, turned upright, trimmed, scaled, padded and filled, in this order, and has no metadata except
/// its color profile. The same request gives the same bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ImageExportParams {
    /// The handle of the image.
    pub image_id: ImageId,
    /// Absolute path of the copy, in an existing folder. The extension must belong to the format of the copy.
    pub path: String,
    /// Whether to replace an existing file. Default false: the request fails if the path exists.
    #[serde(default)]
    pub overwrite: Option<bool>,
    /// Width in pixels, 1 to 16,384. Absent: it follows from `height`, else the picture is not scaled.
    #[serde(default)]
    pub width: Option<u32>,
    /// Height in pixels, 1 to 16,384. Absent: it follows from `width`, else the picture is not scaled.
    #[serde(default)]
    pub height: Option<u32>,
    /// How the picture fills a size of another aspect. Default `refuse`.
    #[serde(default)]
    pub fit: Option<ExportFit>,
    /// The format of the copy. Absent: that of the image. A GIF needs another one.
    #[serde(default)]
    pub format: Option<ExportFormat>,
    /// The quality of a JPEG, 1 to 100. Default 90. Other formats are lossless and have no quality.
    #[serde(default)]
    pub quality: Option<u8>,
    /// The color below transparent pixels and padding, as `#rrggbb`. Absent: they stay transparent, which JPEG cannot
    /// store.
    #[serde(default)]
    pub background: Option<String>,
    /// Whether to cut off a transparent border, or one of a single color. Default false.
    #[serde(default)]
    pub trim: Option<bool>,
    /// Pixels to leave on each side, 0 to 8,191. They count to `width` and `height`. Default 0.
    #[serde(default)]
    pub padding: Option<u32>,
}

/// The copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ImageExportResponse {
    /// Absolute path of the copy, with the links of the folder resolved.
    pub path: String,
    /// Size of the copy in bytes.
    pub bytes: u64,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// SHA-256 of the file, in lowercase hexadecimal.
    pub sha256: String,
}

/// How a picture fills a size of another aspect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum ExportFit {
    /// The whole picture is shown in the middle, with the background around it.
    Contain,
    /// The whole size is filled, and two sides of the picture are cut off.
    Cover,
    /// The request fails.
    Refuse,
}

/// A format that pictures are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum ExportFormat {
    /// PNG, lossless.
    Png,
    /// JPEG, without transparency.
    Jpeg,
    /// WebP, lossless.
    Webp,
}

/// Writes a set of files, such as the icons of an app: all of them or none.
///
/// Each picture is scaled from the original, which is not changed. The same request gives the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ImageExportSetParams {
    /// The handle of the image.
    pub image_id: ImageId,
    /// Absolute path of an existing folder. Other files in it are kept.
    pub folder: String,
    /// Which files to write.
    pub set: ExportSet,
    /// The sides of the pictures in pixels, 1 to 4,096. For `sizes`, 1 to 32 different ones, which may be larger than
    /// the image. For `sprites`, at most one: the side of each picture. Absent there: the pictures are not scaled.
    #[serde(default)]
    pub sizes: Option<Vec<u32>>,
    /// For `sprites`, the images that follow `imageId` on the sheet, up to 255. No image may be repeated.
    #[serde(default)]
    pub image_ids: Option<Vec<ImageId>>,
    /// For `sizes` and `sprites`, what the names of the files begin with. For `web`, the name of the app in its
    /// manifest. Default: `icon`, `sprites`, and no name.
    #[serde(default)]
    pub name: Option<String>,
    /// How an image that is not square becomes square. Default `refuse`. Sprites without `sizes` keep their shape.
    #[serde(default)]
    pub fit: Option<ExportFit>,
    /// The color below transparent pixels, as `#rrggbb`. Required for the files that must be opaque, if the image has
    /// transparent pixels; in `web` also if its outermost pixels have several colors.
    #[serde(default)]
    pub background: Option<String>,
    /// Whether to replace existing files. Default false: the request fails if one of the files exists.
    #[serde(default)]
    pub overwrite: Option<bool>,
}

/// A set of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub enum ExportSet {
    /// `favicon.ico` (16 and 32 pixels), `icon-192.png`, `icon-512.png`, `icon-mask.png` (512 pixels, opaque, with the
    /// image in the middle 80 %), `apple-touch-icon.png` (180 pixels, opaque) and `manifest.webmanifest`. Needs 512
    /// pixels.
    Web,
    /// `icon.icns` (32 to 1,024 pixels) and `AppIcon.png` (1,024 pixels, opaque). Needs 1,024 pixels.
    Apple,
    /// `icon.ico` (16, 24, 32, 48, 64, 128 and 256 pixels). Needs 256 pixels.
    Windows,
    /// `mipmap-mdpi/ic_launcher.png` (48 pixels), `-hdpi` (72), `-xhdpi` (96), `-xxhdpi` (144), `-xxxhdpi` (192), and
    /// `ic_launcher-playstore.png` (512). Needs 512 pixels.
    Android,
    /// `NAME-SIDE.png` for each of `sizes`.
    Sizes,
    /// `NAME.png` with all images in a grid, and `NAME.json` with the rectangle of each: `frames`, with the handle as
    /// `name`, and `x`, `y`, `w` and `h` in pixels.
    Sprites,
}

/// The files that were written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ImageExportSetResponse {
    /// The files, in the order of the set.
    pub files: Vec<ExportedFile>,
    /// For `web`, the lines for the head of a page, if the files are at the root of its site. `null` for the other
    /// sets.
    pub snippet: Option<String>,
}

/// A file of a set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ExportedFile {
    /// Absolute path, with the links of the folder resolved.
    pub path: String,
    /// Width in pixels, of the largest picture in an icon. `null` for a file without pictures.
    pub width: Option<u32>,
    /// Height in pixels, like the width.
    pub height: Option<u32>,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 of the file, in lowercase hexadecimal.
    pub sha256: String,
}
