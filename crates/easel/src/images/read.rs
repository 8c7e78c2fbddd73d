//! Reads a generated image in chunks.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use easel_protocol::image::{ImageChunk, ImageReadParams, ImageReadResponse};
use easel_store::StoredImage;

use super::Images;
use crate::requests::RequestError;

/// Default size of a chunk, in bytes. Its base64 stays under 64 KiB.
const DEFAULT_LENGTH: u32 = 32_768;
/// Maximum size of a chunk, in bytes.
const MAX_LENGTH: u32 = 8 << 20;

impl Images {
    /// Returns the maximum size in bytes of the response to `image/read`; `None` if it is short.
    pub(crate) fn max_read_bytes(params: &ImageReadParams) -> Option<usize> {
        let length = params.length.filter(|length| params.offset.is_some() && *length > DEFAULT_LENGTH)?;
        // The base64 of the bytes, and the record.
        Some(length.min(MAX_LENGTH) as usize / 3 * 4 + DEFAULT_LENGTH as usize)
    }

    /// Returns the record of a generated image, and a chunk of its bytes if the request names an offset.
    ///
    /// # Errors
    /// [`RequestError::ImageNotFound`], [`RequestError::ImageDeleted`], [`RequestError::BadField`] for an invalid
    /// length, and those of the store.
    pub(crate) async fn read(&self, params: ImageReadParams) -> Result<ImageReadResponse, RequestError> {
        let image_id = params.image_id;
        let length = params.length.unwrap_or(DEFAULT_LENGTH);
        if !(1..=MAX_LENGTH).contains(&length) {
            return Err(RequestError::field("length", format!("must be between 1 and {MAX_LENGTH}")));
        }
        let Some(StoredImage::Generated(entry)) = self.store.find_image(&image_id).await? else {
            return Err(RequestError::ImageNotFound(image_id));
        };
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
                let read = read.ok_or(RequestError::ImageNotFound(image_id))?;
                let data = STANDARD.encode(read.bytes);
                Some(ImageChunk { offset: read.offset, data, next_offset: read.next_offset })
            }
        };
        Ok(ImageReadResponse { entry: *entry, chunk })
    }
}
