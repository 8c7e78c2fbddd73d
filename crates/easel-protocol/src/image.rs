//! The images of threads: lists, bytes by range, copies and deletion.

mod export;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

pub use self::export::{
    ExportFit, ExportFormat, ExportSet, ExportedFile, ImageExportParams, ImageExportResponse, ImageExportSetParams,
    ImageExportSetResponse,
};
use crate::id::{ImageId, ItemId, ThreadId, TurnId};
use crate::record::{EditReport, ImageRecord, MediaType};

/// Lists generated images, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ImageListParams {
    /// Lists the images of this thread. Absent: the images of all threads. An unknown thread has none.
    #[serde(default)]
    pub thread_id: Option<ThreadId>,
    /// `nextCursor` of the previous page. Absent: the first page.
    #[serde(default)]
    pub cursor: Option<String>,
    /// Maximum number of entries in the page, 1 to 50. Default 25.
    #[serde(default)]
    pub limit: Option<u32>,
    /// Lists only the images of threads that a client with the name of this connection's has started, over the same
    /// protocol. Default false.
    #[serde(default)]
    pub mine: Option<bool>,
}

/// A page of images, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ImageListResponse {
    /// The images of this page.
    pub data: Vec<ImageEntry>,
    /// The cursor of the next page. `null` on the last page.
    pub next_cursor: Option<String>,
}

/// A generated image and where it belongs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ImageEntry {
    /// The thread that the image belongs to.
    pub thread_id: ThreadId,
    /// The turn that made the image.
    pub turn_id: TurnId,
    /// The id of the imageGeneration item that made the image.
    pub item_id: ItemId,
    /// When the image was stored, in Unix seconds.
    pub created_at: i64,
    /// The record of the image.
    pub image: ImageRecord,
}

/// Reads the record of an image, and bytes of its file or a preview if requested.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ImageReadParams {
    /// The handle of the image.
    pub image_id: ImageId,
    /// The first byte to read. Absent: the response has the record and no bytes.
    #[serde(default)]
    pub offset: Option<u64>,
    /// Maximum number of bytes to read, 1 to 8,388,608. Default 32,768, which keeps the response under 64 KiB.
    #[serde(default)]
    pub length: Option<u32>,
    /// The largest preview to make. Absent: the response has no preview.
    #[serde(default)]
    pub preview: Option<PreviewSize>,
    /// Finds the image only if `image/list` with `mine` would list it. Default false.
    #[serde(default)]
    pub mine: Option<bool>,
}

/// The maximum size of a preview. An image that is smaller is not enlarged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct PreviewSize {
    /// The longest edge in pixels, 16 to 4,096. Default 1,568.
    #[serde(default)]
    pub max_edge: Option<u32>,
    /// The size of the encoded preview in bytes before base64, 1,024 to 8,388,608. Default 32,768, which keeps the
    /// response under 64 KiB. A preview that does not fit first loses quality, then pixels.
    #[serde(default)]
    pub max_bytes: Option<u32>,
}

/// The record of an image, the requested bytes and the requested preview.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ImageReadResponse {
    #[serde(flatten)]
    pub entry: ImageEntry,
    /// The bytes. `null` when the request has no `offset`.
    pub chunk: Option<ImageChunk>,
    /// The preview. `null` when the request names no `preview`.
    pub preview: Option<ImagePreview>,
}

/// A picture of an image for those who look at it. It is smaller than the file, and has no metadata.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ImagePreview {
    /// JPEG, or PNG if a pixel is transparent.
    pub media_type: MediaType,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// The encoded preview, in base64.
    pub data: String,
}

/// Compares two images pixel by pixel, as an edit is compared with the image that was edited.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ImageCompareParams {
    /// The handle of the first image: the base.
    pub a: ImageId,
    /// The handle of the second image, which is scaled to the size of the first one.
    pub b: ImageId,
    /// The handle of a mask. Its transparent pixels are inside, all others outside.
    #[serde(default)]
    pub mask_id: Option<ImageId>,
    /// The largest heat map to make. Absent: the response has no heat map.
    #[serde(default)]
    pub heat_map: Option<PreviewSize>,
}

/// What differs between two images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ImageCompareResponse {
    /// The differences. Its `mask` is `null`, since the images need not be of one call.
    pub report: EditReport,
    /// Where the images differ, to be laid over the first one: transparent where a pixel is the same, and red where it
    /// is not. `null` when the request names no `heatMap`.
    pub heat_map: Option<ImagePreview>,
}

/// Makes an image from an edit and the image that was edited: outside the mask with exactly the pixels of the latter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ImageCompositeParams {
    /// The handle of the edit: a generated image.
    pub image_id: ImageId,
    /// The handle of the image that was edited. Absent: the one in the record of the edit.
    #[serde(default)]
    pub base_id: Option<ImageId>,
    /// The handle of the mask. Its transparent pixels are taken from the edit. Absent: the one in the record of the
    /// edit.
    #[serde(default)]
    pub mask_id: Option<ImageId>,
    /// Over how many pixels inside the mask the two images blend, 0 to 64. Default 8.
    #[serde(default)]
    pub feather: Option<u32>,
}

/// The new image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ImageCompositeResponse {
    /// The record of the new image, in the thread, the turn and the item of the edit. Its `derived` says what it was
    /// made from.
    pub image: ImageRecord,
}

/// Deletes an image from a thread. The file is deleted when no other thread uses the image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ImageDeleteParams {
    /// The handle of the image.
    pub image_id: ImageId,
    /// The thread to delete the image from. Required only when several threads use it.
    #[serde(default)]
    pub thread_id: Option<ThreadId>,
}

/// The image was deleted from the thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ImageDeleteResponse {
    /// The thread that no longer has the image.
    pub thread_id: ThreadId,
    /// Whether the file was deleted. False while another thread uses the image.
    pub file_deleted: bool,
}

/// A range of the bytes of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ImageChunk {
    /// The position of the first byte in the file.
    pub offset: u64,
    /// The bytes from `offset`, in base64. Empty at and past the end of the file.
    pub data: String,
    /// The `offset` of the next chunk. `null` at the end of the file.
    pub next_offset: Option<u64>,
}
