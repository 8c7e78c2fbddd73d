use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use easel_protocol::image::{ImageChunk, ImageReadParams, ImageReadResponse};
use easel_protocol::method::ImageRead;
use easel_store::StoredImage;

use crate::app::Cx;
use crate::methods::{Answer, Handler};
use crate::refusal::Refusal;

/// Bytes of a chunk when the client names no length: its base64 stays under 64 KiB.
const DEFAULT_LENGTH: u32 = 32_768;
/// Most bytes of a chunk.
const MAX_LENGTH: u32 = 8 << 20;

impl Handler for ImageRead {
    fn longest_answer(params: &ImageReadParams) -> Option<usize> {
        let length = params.length.filter(|length| params.offset.is_some() && *length > DEFAULT_LENGTH)?;
        // The base64 of the bytes, and the record.
        Some(length.min(MAX_LENGTH) as usize / 3 * 4 + DEFAULT_LENGTH as usize)
    }

    async fn handle(cx: Cx, params: ImageReadParams) -> Result<Answer<ImageReadResponse>, Refusal> {
        let image_id = params.image_id;
        let length = params.length.unwrap_or(DEFAULT_LENGTH);
        if !(1..=MAX_LENGTH).contains(&length) {
            return Err(Refusal::field("length", format!("must be between 1 and {MAX_LENGTH}")));
        }
        let Some(StoredImage::Generated(entry)) = cx.app.store.find_image(&image_id).await? else {
            return Err(Refusal::ImageNotFound(image_id));
        };
        if entry.image.deleted {
            return Err(Refusal::ImageDeleted(image_id));
        }
        let chunk = match params.offset {
            None => None,
            // The file system takes no offset of more than 63 bits.
            Some(offset) if offset >= entry.image.facts.bytes => {
                Some(ImageChunk { offset, data: String::new(), next_offset: None })
            }
            Some(offset) => {
                let read = cx.app.store.read_image(&image_id, offset, length).await?;
                let read = read.ok_or(Refusal::ImageNotFound(image_id))?;
                let data = STANDARD.encode(read.bytes);
                Some(ImageChunk { offset: read.offset, data, next_offset: read.next_offset })
            }
        };
        Ok(Answer::new(ImageReadResponse { entry: *entry, chunk }))
    }
}
