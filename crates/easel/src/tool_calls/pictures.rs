//! The pictures of a result, read from their files when it is sent.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use easel_imagegen::tool_result::{EncodedPicture, PREVIEW_BYTES, PREVIEW_EDGE, Picture, choose_pictures};
use easel_protocol::record::ImageRecord;

use super::{ResultForm, ToolCalls};
use crate::images::{PreviewBounds, media_type};
use crate::requests::RequestContext;

/// Memory for what a result has besides its pictures, in bytes.
const TEXT_BYTES: usize = 64 << 10;

impl ToolCalls {
    /// Reads the pictures of a result, after memory for them is reserved. An image whose file cannot be read has none:
    /// the call has succeeded anyway.
    pub(super) async fn read_pictures(
        &self,
        cx: &RequestContext,
        images: &[ImageRecord],
        form: ResultForm,
    ) -> Vec<Option<EncodedPicture>> {
        let chosen = choose_pictures(images, form.format, form.pictures);
        let sizes = images.iter().zip(&chosen).map(|(record, picture)| match picture {
            Picture::Original => record.facts.bytes,
            Picture::Preview => PREVIEW_BYTES.into(),
            Picture::None => 0,
        });
        let bytes = usize::try_from(sizes.sum::<u64>()).unwrap_or(usize::MAX);
        if bytes > 0 {
            cx.reserve_response(bytes.div_ceil(3).saturating_mul(4).saturating_add(TEXT_BYTES)).await;
        }
        let mut pictures = Vec::with_capacity(images.len());
        for (record, picture) in images.iter().zip(chosen) {
            pictures.push(match picture {
                Picture::Original => self.read_original(record).await,
                Picture::Preview => self.make_preview(record).await,
                Picture::None => None,
            });
        }
        pictures
    }

    async fn read_original(&self, record: &ImageRecord) -> Option<EncodedPicture> {
        let length = u32::try_from(record.facts.bytes).ok()?;
        match self.store.read_image(&record.id, 0, length).await {
            Ok(chunk) => {
                let base64 = STANDARD.encode(chunk?.bytes);
                Some(EncodedPicture { media_type: record.facts.media_type, base64, is_preview: false })
            }
            Err(error) => {
                tracing::warn!(image = %record.id, %error, "an image is not in a result: it cannot be read");
                None
            }
        }
    }

    async fn make_preview(&self, record: &ImageRecord) -> Option<EncodedPicture> {
        let bounds = PreviewBounds { edge: PREVIEW_EDGE, bytes: PREVIEW_BYTES };
        match self.previews.make(&record.path, bounds).await {
            Ok(preview) => {
                let base64 = STANDARD.encode(&preview.bytes);
                Some(EncodedPicture { media_type: media_type(preview.format), base64, is_preview: true })
            }
            Err(error) => {
                tracing::warn!(image = %record.id, %error, "an image is not in a result: it has no preview");
                None
            }
        }
    }
}
