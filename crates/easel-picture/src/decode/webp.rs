//! Decodes WebP.

use image_webp::{DecodingError, WebPDecoder};

use super::{Limits, Metadata, Source, check_size, shrink_whole};
use crate::{Bounds, Error, Format, Picture};

pub(super) fn read(source: Source<'_>, bounds: Bounds, limits: Limits) -> Result<(Picture, Metadata), Error> {
    let damaged = |error: DecodingError| Error::damaged(Format::WebP, error);
    let mut decoder = WebPDecoder::new(source).map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    check_size(limits.pixels.min(limits.whole), Format::WebP, width, height)?;
    let size = decoder.output_buffer_size().ok_or_else(|| Error::damaged(Format::WebP, "too many bytes"))?;
    decoder.set_memory_limit(size.saturating_mul(4));
    let channels = if decoder.has_alpha() { 4 } else { 3 };
    let metadata = Metadata {
        icc_profile: decoder.icc_profile().map_err(damaged)?,
        exif: decoder.exif_metadata().map_err(damaged)?,
    };
    let mut samples = vec![0; size];
    decoder.read_image(&mut samples).map_err(damaged)?;
    Ok((shrink_whole(Format::WebP, (width, height), bounds.fit(width, height), &samples, channels)?, metadata))
}
