//! Decodes JPEG.

use jpeg_decoder::{CodingProcess, Decoder, PixelFormat};

use super::{Limits, Metadata, Source, check_size, shrink_whole};
use crate::{Bounds, Error, Format, Picture};

/// Decodes at an eighth, a quarter or half of the size where that is enough, which the cosine transform gives for free.
pub(super) fn read(source: Source<'_>, bounds: Bounds, limits: Limits) -> Result<(Picture, Metadata), Error> {
    let damaged = |error: jpeg_decoder::Error| Error::damaged(Format::Jpeg, error);
    let mut decoder = Decoder::new(source);
    decoder.read_info().map_err(damaged)?;
    let info = decoder.info().ok_or_else(|| Error::damaged(Format::Jpeg, "no frame"))?;
    let (width, height) = (u32::from(info.width), u32::from(info.height));
    check_size(limits.pixels, Format::Jpeg, width, height)?;
    if info.coding_process == CodingProcess::DctProgressive {
        check_size(limits.progressive, Format::Jpeg, width, height)?;
    }
    let channels = match info.pixel_format {
        PixelFormat::L8 => 1,
        PixelFormat::RGB24 => 3,
        PixelFormat::L16 => return Err(unsupported("16 bits a sample")),
        PixelFormat::CMYK32 => return Err(unsupported("CMYK colors")),
    };
    let target = bounds.fit(width, height);
    // The decoder takes the smallest size with one side that is large enough, which a side of one pixel always is. So
    // the longer side decides. The target is never larger than the file, so both sides fit 16 bits.
    let side = |side: u32, other: u32| u16::try_from(side).ok().filter(|_| side >= other).unwrap_or(u16::MAX);
    let (width, height) = decoder.scale(side(target.0, target.1), side(target.1, target.0)).map_err(damaged)?;
    let samples = decoder.decode().map_err(damaged)?;
    let metadata = Metadata { icc_profile: decoder.icc_profile(), exif: decoder.exif_data().map(<[u8]>::to_vec) };
    let size = (u32::from(width), u32::from(height));
    // Rounding may leave one side of the scaled picture a pixel short of the target.
    let target = (target.0.min(size.0), target.1.min(size.1));
    Ok((shrink_whole(Format::Jpeg, size, target, &samples, channels)?, metadata))
}

fn unsupported(feature: &'static str) -> Error {
    Error::Unsupported { format: Format::Jpeg, feature }
}
