//! The images of threads, and their bytes by range.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::id::{ImageId, ItemId, ThreadId, TurnId};
use crate::record::ImageRecord;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ImageListParams {
    /// Without it, the images of all threads. A thread that is nowhere has none.
    #[serde(default)]
    pub thread_id: Option<ThreadId>,
    #[serde(default)]
    pub cursor: Option<String>,
    /// 1 to 50; default 25.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// Newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ImageListResponse {
    pub data: Vec<ImageEntry>,
    pub next_cursor: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ImageEntry {
    pub thread_id: ThreadId,
    pub turn_id: TurnId,
    /// The call that made it: the id of its imageGeneration item.
    pub item_id: ItemId,
    /// Unix seconds.
    pub created_at: i64,
    pub image: ImageRecord,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ImageReadParams {
    /// The image's handle.
    pub image_id: ImageId,
    /// First byte wanted; without it, the answer is the record alone.
    #[serde(default)]
    pub offset: Option<u64>,
    /// Bytes wanted, 1 to 8,388,608; default 32,768, which keeps the answer under 64 KiB.
    #[serde(default)]
    pub length: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ImageReadResponse {
    #[serde(flatten)]
    pub entry: ImageEntry,
    pub chunk: Option<ImageChunk>,
}

/// Copies an image out of Easel's store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ImageExportParams {
    /// The image's handle.
    pub image_id: ImageId,
    /// Absolute path of the copy, in a folder that is there. Its extension must be one of the image's format.
    pub path: String,
    /// Whether an image that is there is replaced. Without it: refused.
    #[serde(default)]
    pub overwrite: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ImageExportResponse {
    /// Where the copy is, with links of the folder followed.
    pub path: String,
    pub bytes: u64,
}

/// Deletes an image of a thread. Its file goes when no other thread shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
#[ts(optional_fields = nullable)]
pub struct ImageDeleteParams {
    /// The image's handle.
    pub image_id: ImageId,
    /// The thread that shall show it no longer; needed only when several show it.
    #[serde(default)]
    pub thread_id: Option<ThreadId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ImageDeleteResponse {
    pub thread_id: ThreadId,
    /// Whether the file is gone; another thread may still show it.
    pub file_deleted: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, TS)]
#[serde(rename_all = "camelCase")]
pub struct ImageChunk {
    pub offset: u64,
    /// Base64 of the bytes from `offset`; empty at and past the end.
    pub data: String,
    /// Where the next chunk starts; `null` at the end of the file.
    pub next_offset: Option<u64>,
}
