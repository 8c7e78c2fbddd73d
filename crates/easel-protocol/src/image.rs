//! The images of threads: lists, bytes by range, copies and deletion.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::{ImageId, ItemId, ThreadId, TurnId};
use crate::record::{ImageRecord, MediaType};

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

/// Copies an image out of Easel's store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ImageExportParams {
    /// The handle of the image.
    pub image_id: ImageId,
    /// Absolute path of the copy, in an existing folder. The extension must belong to the format of the image.
    pub path: String,
    /// Whether to replace an existing file. Default false: the request fails if the path exists.
    #[serde(default)]
    pub overwrite: Option<bool>,
}

/// The copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ImageExportResponse {
    /// Absolute path of the copy, with the links of the folder resolved.
    pub path: String,
    /// Size of the copy in bytes.
    pub bytes: u64,
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
