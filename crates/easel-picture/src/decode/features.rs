//! What a file has that a decoded picture has not.

use std::io::{Read, Seek};

use gif::DecodeOptions;
use image_webp::WebPDecoder;
use png::{BitDepth, Decoder, Limits};

use super::{Source, read_format, source};
use crate::{Error, Format};

/// Bytes that a decoder may use for what comes before the pixels.
const DECODER_BYTES: usize = 64 << 20;

/// What a file has that is lost when it is decoded as one picture with 8 bits a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Features {
    /// Whether it has more than one frame.
    pub animated: bool,
    /// Whether it has more than 8 bits a channel.
    pub deep: bool,
}

/// Reads the features of a file, without decoding its pixels. The reader is read from its beginning.
///
/// # Errors
///
/// [`Error::UnknownFormat`], and [`Error::Damaged`] for anything that the decoder rejects.
pub fn features<R: Read + Seek>(mut reader: R) -> Result<Features, Error> {
    let mut source = source(&mut reader);
    let format = read_format(&mut source)?;
    let (animated, deep) = match format {
        Format::Png => {
            let decoder = Decoder::new_with_limits(source, Limits { bytes: DECODER_BYTES });
            let reader = decoder.read_info().map_err(|error| Error::damaged(format, error))?;
            let info = reader.info();
            let frames = info.animation_control.as_ref().map_or(1, |control| control.num_frames);
            (frames > 1, info.bit_depth == BitDepth::Sixteen)
        }
        // The decoder refuses more than 8 bits.
        Format::Jpeg => (false, false),
        Format::WebP => {
            let decoder = WebPDecoder::new(source).map_err(|error| Error::damaged(format, error))?;
            (decoder.is_animated() && decoder.num_frames() > 1, false)
        }
        Format::Gif => (has_second_frame(source)?, false),
    };
    Ok(Features { animated, deep })
}

fn has_second_frame(source: Source<'_>) -> Result<bool, Error> {
    let mut options = DecodeOptions::new();
    options.skip_frame_decoding(true);
    let mut decoder = options.read_info(source).map_err(|error| Error::damaged(Format::Gif, error))?;
    for _ in 0..2 {
        if decoder.next_frame_info().map_err(|error| Error::damaged(Format::Gif, error))?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}
