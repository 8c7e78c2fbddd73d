//! The pictures that updates show.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use easel_protocol::event::ImageGenerationPreviewNotification;
use easel_protocol::id::ThreadId;
use easel_protocol::image::{ImageReadParams, PreviewSize};
use easel_protocol::method::ImageRead;
use easel_protocol::record::ImageRecord;

use super::Agent;
use crate::schema::{SessionNotification, SessionUpdate};
use crate::translate::{Pictures, partial_tool_call};

/// Longest edge of a preview in pixels.
const MAX_EDGE: u32 = 1_568;

/// Maximum size of a preview before base64, in bytes.
const MAX_BYTES: u64 = 512 * 1024;

/// Maximum size of all previews of an update before base64, in bytes. The line then stays below a mebibyte, with its
/// texts.
const MAX_UPDATE_BYTES: u64 = 640 * 1024;

/// Maximum size of all files of an update before base64, in bytes. Those that do not fit are links.
const MAX_ORIGINAL_BYTES: u64 = 16 << 20;

/// How long to wait for a picture. The update has a link in any case.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What updates have in the place of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureMode {
    /// A smaller picture, and a link to the file.
    Preview,
    /// The file itself, and a link to it.
    Original,
    /// Only a link to the file.
    Link,
}

impl Agent {
    /// Reads the pictures of images. An image that cannot be read has none.
    pub(super) async fn read_pictures(&self, images: &[&ImageRecord]) -> Pictures {
        let mut pictures = Pictures::new();
        let count = u64::try_from(images.len()).unwrap_or(u64::MAX).max(1);
        let max_bytes = (MAX_UPDATE_BYTES / count).min(MAX_BYTES);
        let mut originals_left = MAX_ORIGINAL_BYTES;
        for image in images {
            let read = async {
                match self.picture_mode {
                    PictureMode::Preview => self.read_preview(image, max_bytes).await,
                    PictureMode::Original => {
                        originals_left = originals_left.checked_sub(image.facts.bytes)?;
                        self.read_original(image).await
                    }
                    PictureMode::Link => None,
                }
            };
            match tokio::time::timeout(TIMEOUT, read).await {
                Ok(Some(picture)) => drop(pictures.insert(image.id.clone(), picture)),
                Ok(None) => {}
                Err(_) => tracing::warn!(image = %image.id, "the picture of an image was not made in time"),
            }
        }
        pictures
    }

    /// Shows a picture of an image that is being made, unless the client is slow or the file is large or gone.
    pub(super) async fn send_partial(&self, session_id: &ThreadId, preview: ImageGenerationPreviewNotification) {
        if self.picture_mode == PictureMode::Link || preview.bytes > MAX_BYTES {
            return;
        }
        let path = preview.path;
        let read = tokio::task::spawn_blocking(move || std::fs::read(path)).await;
        let Ok(Ok(bytes)) = read else { return };
        let call = partial_tool_call(preview.item_id, preview.media_type.as_str(), STANDARD.encode(bytes));
        let update = SessionUpdate::ToolCallUpdate(call);
        self.outbox.try_notify("session/update", &SessionNotification { session_id, update: &update });
    }

    async fn read_preview(&self, image: &ImageRecord, max_bytes: u64) -> Option<(&'static str, String)> {
        let size = PreviewSize { max_edge: Some(MAX_EDGE), max_bytes: u32::try_from(max_bytes).ok() };
        let params = ImageReadParams { image_id: image.id.clone(), preview: Some(size), ..ImageReadParams::default() };
        let read = self.reads.request::<ImageRead>(&params).await;
        let read = read.inspect_err(|error| tracing::warn!(image = %image.id, %error, "an image has no preview"));
        let preview = read.ok()?.preview?;
        Some((preview.media_type.as_str(), preview.data))
    }

    async fn read_original(&self, image: &ImageRecord) -> Option<(&'static str, String)> {
        let (length, offset) = (u32::try_from(image.facts.bytes).ok()?, Some(0));
        let params =
            ImageReadParams { image_id: image.id.clone(), offset, length: Some(length), ..ImageReadParams::default() };
        let read = self.reads.request::<ImageRead>(&params).await;
        let read = read.inspect_err(|error| tracing::warn!(image = %image.id, %error, "an image cannot be read"));
        let chunk = read.ok()?.chunk?;
        // A file over the limit of one chunk is only linked.
        chunk.next_offset.is_none().then_some((image.facts.media_type.as_str(), chunk.data))
    }
}
