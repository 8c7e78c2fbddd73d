//! The pictures that a result shows: files, previews or none.

use easel_protocol::record::ImageRecord;
use easel_protocol::tool::{ToolCallFormat, ToolCallPictures};

/// Longest edge of a preview, in pixels.
pub const PREVIEW_EDGE: u32 = 1_568;
/// Maximum size of a preview, in bytes.
pub const PREVIEW_BYTES: u32 = 512 << 10;

/// Maximum size of a file that the Anthropic Messages API takes, in bytes: 5 MB as base64.
const ANTHROPIC_BYTES: u64 = 3_750_000;
/// Longest edge that the Anthropic Messages API takes in a request with many pictures.
const ANTHROPIC_EDGE: u32 = 2_000;
/// Maximum size of the files of a result, in bytes. Beyond that, a result shows previews.
const MAX_BYTES: u64 = 20_000_000;

/// How a result shows an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Picture {
    /// By its file.
    Original,
    /// By a smaller copy.
    Preview,
    /// By its text alone.
    None,
}

/// Chooses the picture of each image. A deleted image has none.
pub fn choose_pictures(images: &[ImageRecord], format: ToolCallFormat, wanted: ToolCallPictures) -> Vec<Picture> {
    let mut bytes = 0_u64;
    let choose = |record: &ImageRecord| match wanted {
        _ if record.deleted => Picture::None,
        ToolCallPictures::None => Picture::None,
        ToolCallPictures::Preview => Picture::Preview,
        ToolCallPictures::Original if !fits(record, format) => Picture::Preview,
        ToolCallPictures::Original => {
            bytes = bytes.saturating_add(record.facts.bytes);
            if bytes <= MAX_BYTES { Picture::Original } else { Picture::Preview }
        }
    };
    images.iter().map(choose).collect()
}

/// Returns whether an API takes the file of an image.
fn fits(record: &ImageRecord, format: ToolCallFormat) -> bool {
    let facts = &record.facts;
    match format {
        ToolCallFormat::Anthropic => facts.bytes <= ANTHROPIC_BYTES && facts.width.max(facts.height) <= ANTHROPIC_EDGE,
        ToolCallFormat::Responses | ToolCallFormat::Mcp | ToolCallFormat::Codex => facts.bytes <= MAX_BYTES,
    }
}
