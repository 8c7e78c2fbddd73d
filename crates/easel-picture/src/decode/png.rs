//! Decodes PNG.

use png::{Decoder, Transformations};

use super::{Limits, Metadata, Source, check_size, finish, shrink_whole};
use crate::shrink::Shrink;
use crate::{Bounds, Error, Format, Picture};

/// Bytes that the decoder may use for rows, palettes and profiles.
const DECODER_BYTES: usize = 64 << 20;

pub(super) fn read(source: Source<'_>, bounds: Bounds, limits: Limits) -> Result<(Picture, Metadata), Error> {
    let damaged = |error: png::DecodingError| Error::damaged(Format::Png, error);
    let mut decoder = Decoder::new_with_limits(source, png::Limits { bytes: DECODER_BYTES });
    decoder.set_ignore_text_chunk(true);
    decoder.set_transformations(Transformations::normalize_to_color8());
    let header = decoder.read_header_info().map_err(damaged)?;
    let (width, height, interlaced) = (header.width, header.height, header.interlaced);
    check_size(limits.pixels, Format::Png, width, height)?;
    if interlaced {
        check_size(limits.whole, Format::Png, width, height)?;
    }
    let mut reader = decoder.read_info().map_err(damaged)?;
    let metadata = Metadata {
        icc_profile: reader.info().icc_profile.as_ref().map(|profile| profile.to_vec()),
        exif: reader.info().exif_metadata.as_ref().map(|exif| exif.to_vec()),
    };
    let channels = reader.output_color_type().0.samples();
    if interlaced {
        let size = reader.output_buffer_size().ok_or_else(|| Error::damaged(Format::Png, "too many bytes"))?;
        let mut samples = vec![0; size];
        reader.next_frame(&mut samples).map_err(damaged)?;
        let picture = shrink_whole(Format::Png, (width, height), bounds.fit(width, height), &samples, channels)?;
        return Ok((picture, metadata));
    }
    let mut shrink = Shrink::new((width, height), bounds.fit(width, height));
    while let Some(row) = reader.next_row().map_err(damaged)? {
        shrink.row(row.data(), channels);
    }
    Ok((finish(Format::Png, shrink)?, metadata))
}
