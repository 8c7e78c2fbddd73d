//! One decoder per format; each feeds rows to [`Shrink`].

mod features;
mod gif;
mod jpeg;
mod png;
mod webp;

use std::io::{BufReader, Read, Seek};

pub use self::features::{Features, features};

use crate::orientation::Orientation;
use crate::shrink::Shrink;
use crate::{Bounds, Error, Format, Picture};

/// The most pixels that a file may have by its header, checked before memory for pixels is allocated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Pixels of any file.
    pub pixels: u64,
    /// Pixels of a file that must be decoded as a whole: an interlaced PNG, a WebP, a GIF. It takes 4 bytes a pixel,
    /// and a WebP about twice that.
    pub whole: u64,
    /// Pixels of a progressive JPEG, whose coefficients take up to 6 bytes a pixel.
    pub progressive: u64,
}

impl Default for Limits {
    /// 50, 16 and 24 binary megapixels.
    fn default() -> Self {
        Self { pixels: 50 << 20, whole: 16 << 20, progressive: 24 << 20 }
    }
}

/// Bytes that are read from a file at once.
const BUFFER_BYTES: usize = 64 << 10;

/// A file as the decoders read it. They are compiled for this type only: for each type of reader again, they would be
/// 100 KB more of the executable.
type Source<'a> = BufReader<&'a mut dyn SeekableRead>;

trait SeekableRead: Read + Seek {}

impl<R: Read + Seek> SeekableRead for R {}

fn source<R: Read + Seek>(reader: &mut R) -> Source<'_> {
    BufReader::with_capacity(BUFFER_BYTES, reader)
}

/// What a decoder finds beside the pixels.
#[derive(Default)]
struct Metadata {
    icc_profile: Option<Vec<u8>>,
    exif: Option<Vec<u8>>,
}

/// Decodes a picture, scales it down to `bounds`, and turns it upright.
///
/// The first frame of an animation is decoded. The reader is read from its beginning, wherever its position is, and
/// needs no buffer.
///
/// # Errors
///
/// [`Error::UnknownFormat`], [`Error::TooLarge`] and [`Error::Unsupported`] come before any pixel is decoded;
/// [`Error::Damaged`] for anything that the decoder rejects.
pub fn read<R: Read + Seek>(mut reader: R, bounds: Bounds, limits: Limits) -> Result<Picture, Error> {
    read_source(source(&mut reader), bounds, limits)
}

fn read_source(mut source: Source<'_>, bounds: Bounds, limits: Limits) -> Result<Picture, Error> {
    let format = read_format(&mut source)?;
    let (picture, metadata) = match format {
        Format::Png => png::read(source, bounds, limits),
        Format::Jpeg => jpeg::read(source, bounds, limits),
        Format::WebP => webp::read(source, bounds, limits),
        Format::Gif => gif::read(source, bounds, limits),
    }?;
    let orientation = metadata.exif.as_deref().map(Orientation::from_exif).unwrap_or_default();
    let mut picture = orientation.upright(picture);
    picture.icc_profile = metadata.icc_profile.filter(|profile| is_rgb(profile));
    Ok(picture)
}

/// Reads the format from the signature, and rewinds the file.
fn read_format(source: &mut Source<'_>) -> Result<Format, Error> {
    source.rewind()?;
    let mut start = Vec::with_capacity(12);
    source.by_ref().take(12).read_to_end(&mut start)?;
    source.rewind()?;
    Format::from_signature(&start).ok_or(Error::UnknownFormat)
}

/// Returns whether an ICC profile is for RGB; one for grey or CMYK does not describe the decoded pixels.
/// (ICC.1:2022, 7.2.6: the color space is at byte 16.)
fn is_rgb(profile: &[u8]) -> bool {
    profile.get(16..20) == Some(b"RGB ")
}

/// Checks the size in a header against a limit in pixels.
fn check_size(limit: u64, format: Format, width: u32, height: u32) -> Result<(), Error> {
    if width == 0 || height == 0 {
        return Err(Error::damaged(format, "a side of 0 pixels"));
    }
    if u64::from(width) * u64::from(height) > limit {
        return Err(Error::TooLarge { format, width, height });
    }
    Ok(())
}

/// Scales pixels that are in memory as a whole from `size` to `target`.
fn shrink_whole(
    format: Format,
    size: (u32, u32),
    target: (u32, u32),
    samples: &[u8],
    channels: usize,
) -> Result<Picture, Error> {
    let mut shrink = Shrink::new(size, target);
    for row in samples.chunks_exact((size.0 as usize * channels).max(1)) {
        shrink.row(row, channels);
    }
    finish(format, shrink)
}

fn finish(format: Format, shrink: Shrink) -> Result<Picture, Error> {
    shrink.finish().ok_or_else(|| Error::damaged(format, "rows are missing"))
}

#[cfg(test)]
mod tests;
