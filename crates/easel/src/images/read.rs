//! Reads a generated image: its record, chunks of its bytes, and previews.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use easel_picture::Encoded;
use easel_protocol::image::{ImageChunk, ImagePreview, ImageReadParams, ImageReadResponse};
use easel_store::{StoredImage, ThreadOwner};

use super::{Images, PreviewBounds, media_type};
use crate::requests::RequestError;

/// Default size of a chunk, in bytes. Its base64 stays under 64 KiB.
const DEFAULT_LENGTH: u32 = 32_768;
/// Maximum size of a chunk, in bytes.
const MAX_LENGTH: u32 = 8 << 20;

impl Images {
    /// Returns the maximum size in bytes of the response to `image/read`; `None` if it is short.
    pub(crate) fn max_read_bytes(params: &ImageReadParams) -> Option<usize> {
        let chunk = params.offset.map_or(0, |_| params.length.unwrap_or(DEFAULT_LENGTH).min(MAX_LENGTH));
        let base64 = chunk as usize / 3 * 4 + params.preview.map_or(0, PreviewBounds::max_base64);
        let is_long = base64 > DEFAULT_LENGTH as usize / 3 * 4 + 4;
        // The base64 of the bytes, and the record.
        is_long.then_some(base64 + DEFAULT_LENGTH as usize)
    }

    /// Returns the record of a generated image, a chunk of its bytes if the request names an offset, and a preview if
    /// it asks for one. `owner` is the client that asks.
    ///
    /// # Errors
    /// [`RequestError::ImageNotFound`], [`RequestError::ImageDeleted`], [`RequestError::BadField`] for an invalid
    /// length or size, [`RequestError::NoPreview`], and those of the store.
    pub(crate) async fn read(
        &self,
        params: ImageReadParams,
        owner: ThreadOwner,
    ) -> Result<ImageReadResponse, RequestError> {
        let image_id = params.image_id;
        let length = params.length.unwrap_or(DEFAULT_LENGTH);
        if !(1..=MAX_LENGTH).contains(&length) {
            return Err(RequestError::field("length", format!("must be between 1 and {MAX_LENGTH}")));
        }
        let bounds = params.preview.map(|size| PreviewBounds::new(size, "preview")).transpose()?;
        let Some(StoredImage::Generated(entry)) = self.store.find_image(&image_id).await? else {
            return Err(RequestError::ImageNotFound(image_id));
        };
        if params.mine == Some(true) && !self.store.is_thread_of(&entry.thread_id, owner).await? {
            return Err(RequestError::ImageNotFound(image_id));
        }
        if entry.image.deleted {
            return Err(RequestError::ImageDeleted(image_id));
        }
        let chunk = match params.offset {
            None => None,
            // The store is not read, since file systems accept no offset of more than 63 bits.
            Some(offset) if offset >= entry.image.facts.bytes => {
                Some(ImageChunk { offset, data: String::new(), next_offset: None })
            }
            Some(offset) => {
                let read = self.store.read_image(&image_id, offset, length).await?;
                let read = read.ok_or_else(|| RequestError::ImageNotFound(image_id.clone()))?;
                let data = STANDARD.encode(read.bytes);
                Some(ImageChunk { offset: read.offset, data, next_offset: read.next_offset })
            }
        };
        let preview = match bounds {
            None => None,
            Some(bounds) => {
                let made = self.previews.make(&entry.image.path, bounds).await;
                Some(image_preview(&made.map_err(|error| RequestError::preview(error, image_id))?))
            }
        };
        Ok(ImageReadResponse { entry: *entry, chunk, preview })
    }
}

/// Returns a preview as a response contains it.
pub(super) fn image_preview(preview: &Encoded) -> ImagePreview {
    let media_type = media_type(preview.format);
    ImagePreview { media_type, width: preview.width, height: preview.height, data: STANDARD.encode(&preview.bytes) }
}
