//! The pictures of a file, as data URLs.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use easel_protocol::id::ImageId;
use easel_protocol::image::{ImageEntry, PreviewSize};
use easel_protocol::record::MediaType;

use crate::Gallery;
use crate::gallery::{Picture, ReadError};

/// Size of a picture of [`BASE_EDGE`] pixels in bytes, before base64. That of a larger one grows with its pixels.
const PICTURE_BYTES: u64 = 32 << 10;
/// The edge of a picture to which [`PICTURE_BYTES`] belongs.
const BASE_EDGE: u64 = 320;
/// How many times as many bytes a picture may have that is transparent, and so cannot lose quality instead of pixels.
const TRANSPARENT_FACTOR: u64 = 8;
/// Maximum size of a picture in bytes, as a preview allows it.
const MAX_PICTURE_BYTES: u64 = 8 << 20;

/// Makes the pictures of these images as data URLs, all at once. An image that has none does not stop the others.
pub(super) async fn pictures(gallery: &Gallery, images: &[ImageEntry], max_edge: u32) -> Vec<Option<String>> {
    let made = images.iter().map(|entry| picture(gallery, &entry.image.id, max_edge));
    let made = images.iter().zip(futures_util::future::join_all(made).await);
    made.map(|(entry, result)| {
        let reason = |error: &ReadError| tracing::warn!(image = %entry.image.id, %error, "an image has no picture");
        result.inspect_err(reason).ok().map(|picture| data_url(&picture))
    })
    .collect()
}

/// Makes the heat map of an edit as a data URL. An edit that cannot be compared has none.
pub(super) async fn heat_map(gallery: &Gallery, entry: &ImageEntry, max_edge: u32) -> Option<String> {
    let image = &entry.image;
    let base = image.edit.as_ref()?.base.clone();
    let mask = image.mask.as_ref().and_then(|mask| mask.id.clone());
    match gallery.compare((base, image.id.clone()), mask, size(max_edge, TRANSPARENT_FACTOR)).await {
        Ok(compared) => compared.heat_map.map(|map| format!("data:{};base64,{}", map.media_type.as_str(), map.data)),
        Err(error) => {
            tracing::warn!(image = %image.id, %error, "an edit has no heat map");
            None
        }
    }
}

/// Makes the picture of an image. A transparent one that had too few bytes for its pixels is made again with more.
async fn picture(gallery: &Gallery, id: &ImageId, max_edge: u32) -> Result<Picture, ReadError> {
    let picture = gallery.preview(id, size(max_edge, 1)).await?;
    match picture.media_type {
        MediaType::Png => gallery.preview(id, size(max_edge, TRANSPARENT_FACTOR)).await,
        MediaType::Jpeg | MediaType::Webp | MediaType::Gif => Ok(picture),
    }
}

/// Returns the size of a picture, with as many bytes as its edge needs.
fn size(max_edge: u32, factor: u64) -> PreviewSize {
    let edge = u64::from(max_edge).max(BASE_EDGE);
    let bytes = (PICTURE_BYTES * factor * edge.pow(2) / BASE_EDGE.pow(2)).min(MAX_PICTURE_BYTES);
    PreviewSize { max_edge: Some(max_edge), max_bytes: u32::try_from(bytes).ok() }
}

fn data_url(picture: &Picture) -> String {
    format!("data:{};base64,{}", picture.media_type.as_str(), STANDARD.encode(&picture.bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_grow_with_the_pixels() {
        let bytes = |edge, factor| size(edge, factor).max_bytes.unwrap();
        assert_eq!((bytes(16, 1), bytes(320, 1), bytes(640, 1)), (32 << 10, 32 << 10, 128 << 10));
        assert_eq!((bytes(320, 8), bytes(4_096, 8)), (256 << 10, 8 << 20));
    }
}
