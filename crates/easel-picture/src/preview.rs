//! Previews: pictures of a limited number of bytes, for those who look at an image.

use std::io::{Read, Seek};

use crate::shrink::Shrink;
use crate::{Bounds, Encoded, Error, Format, Limits, Picture, read};

/// Qualities of JPEG previews, best first. Below the last one, a smaller picture looks better.
const QUALITIES: [u8; 3] = [85, 75, 60];
/// Longest edges in pixels that are tried when a picture does not fit into its bytes.
const EDGES: [u32; 11] = [1_568, 1_280, 1_024, 768, 512, 384, 256, 128, 64, 32, 16];
/// A color profile may take this part of a preview's bytes. A larger one is left out.
const PROFILE_PART: usize = 4;

/// Decodes a picture, scales it down to a longest edge of at most `edge`, and encodes it in at most `max_bytes`.
///
/// The format is JPEG if every pixel is opaque, else PNG. A picture that has too many bytes first loses quality, then
/// pixels.
///
/// The same input gives the same bytes on every machine. Metadata is left out, except a short color profile.
///
/// # Errors
///
/// Those of [`read`], [`Error::Encode`], and [`Error::NoPreview`] if even the smallest picture has too many bytes.
pub fn preview<R: Read + Seek>(reader: R, edge: u32, max_bytes: usize, limits: Limits) -> Result<Encoded, Error> {
    encode_within(read(reader, Bounds::edge(edge), limits)?, max_bytes)
}

/// Encodes a picture as [`preview`] does.
fn encode_within(mut picture: Picture, max_bytes: usize) -> Result<Encoded, Error> {
    picture.icc_profile.take_if(|profile| profile.len() > max_bytes / PROFILE_PART);
    let opaque = picture.is_opaque();
    let mut scaled = None;
    loop {
        let current = scaled.as_ref().unwrap_or(&picture);
        let bytes = match encode(current, opaque, max_bytes)? {
            Attempt::Fits(format, bytes) => {
                return Ok(Encoded { format, width: current.width, height: current.height, bytes });
            }
            Attempt::TooLong(bytes) => bytes,
        };
        let edge = next_edge(current, bytes, max_bytes).ok_or(Error::NoPreview { max_bytes })?;
        // Scaled from the first picture again, because every step blurs.
        scaled = Some(picture.scaled(edge)?);
    }
}

/// The result of encoding at one size.
enum Attempt {
    Fits(Format, Vec<u8>),
    /// The smallest number of bytes.
    TooLong(usize),
}

fn encode(picture: &Picture, opaque: bool, max_bytes: usize) -> Result<Attempt, Error> {
    if !opaque {
        let bytes = picture.to_png()?;
        return Ok(if bytes.len() <= max_bytes {
            Attempt::Fits(Format::Png, bytes)
        } else {
            Attempt::TooLong(bytes.len())
        });
    }
    let mut smallest = usize::MAX;
    for quality in QUALITIES {
        let bytes = picture.to_jpeg(quality)?;
        if bytes.len() <= max_bytes {
            return Ok(Attempt::Fits(Format::Jpeg, bytes));
        }
        smallest = bytes.len();
    }
    Ok(Attempt::TooLong(smallest))
}

/// Returns the next edge to try for a picture that has too many bytes.
///
/// Leaves out edges whose pixels would not fit even with half the bytes for each: a smaller picture has as many bytes a
/// pixel or more, unless it is mostly noise, which averages out.
fn next_edge(picture: &Picture, bytes: usize, max_bytes: usize) -> Option<u32> {
    let edge = picture.width.max(picture.height);
    let fits = |next: u32| {
        let pixels = |edge: u32| u128::from(edge) * u128::from(edge);
        pixels(next) * bytes as u128 <= pixels(edge) * max_bytes as u128 * 2
    };
    let smaller = || EDGES.into_iter().filter(|next| *next < edge);
    smaller().find(|next| fits(*next)).or_else(|| smaller().next_back())
}

impl Picture {
    /// Returns a preview of the picture, as [`preview`] makes it of a file.
    ///
    /// # Errors
    ///
    /// [`Error::Encode`] and [`Error::NoPreview`].
    pub fn to_preview(&self, edge: u32, max_bytes: usize) -> Result<Encoded, Error> {
        encode_within(self.scaled(edge)?, max_bytes)
    }

    /// Returns the picture scaled down to a longest edge.
    fn scaled(&self, edge: u32) -> Result<Self, Error> {
        let mut shrink = Shrink::new((self.width, self.height), Bounds::edge(edge).fit(self.width, self.height));
        for row in self.rgba.chunks_exact(self.width as usize * 4) {
            shrink.row(row, 4);
        }
        let scaled = shrink.finish().ok_or(Error::Encode("rows are missing".into()))?;
        Ok(Self { icc_profile: self.icc_profile.clone(), ..scaled })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    use super::*;

    /// Returns a PNG of random pixels; `alpha` is that of every pixel.
    fn noise(width: u32, height: u32, alpha: u8) -> Vec<u8> {
        let mut state = 1_u32;
        let mut rgba = Vec::new();
        for _ in 0..width * height {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let [r, g, b, _] = state.to_be_bytes();
            rgba.extend([r, g, b, alpha]);
        }
        Picture { width, height, rgba, icc_profile: None }.to_png().unwrap()
    }

    fn preview_of(file: &[u8], edge: u32, max_bytes: usize) -> Result<Encoded, Error> {
        preview(Cursor::new(file), edge, max_bytes, Limits::default())
    }

    #[test]
    fn opaque_pictures_become_jpeg_and_others_png() {
        for (alpha, format) in [(255, Format::Jpeg), (254, Format::Png)] {
            let made = preview_of(&noise(40, 20, alpha), 1_568, 100_000).unwrap();
            assert_eq!((made.format, made.width, made.height), (format, 40, 20));
            assert_eq!(Format::from_signature(&made.bytes), Some(format));
        }
    }

    #[test]
    fn quality_falls_before_the_edge() {
        let file = noise(100, 100, 255);
        let best = preview_of(&file, 1_568, 1 << 20).unwrap();
        let smaller = preview_of(&file, 1_568, best.bytes.len() - 1).unwrap();
        assert_eq!((smaller.width, smaller.height), (100, 100));
        assert!(smaller.bytes.len() < best.bytes.len());
        let smallest = preview_of(&file, 1_568, best.bytes.len() / 3).unwrap();
        assert_eq!((smallest.width, smallest.height), (64, 64));
    }

    #[test]
    fn too_few_bytes_are_an_error() {
        let error = preview_of(&noise(100, 100, 255), 1_568, 100).unwrap_err();
        assert!(matches!(error, Error::NoPreview { max_bytes: 100 }), "{error:?}");
    }

    #[test]
    fn long_color_profiles_are_left_out() {
        let picture = |profile: usize| Picture {
            width: 8,
            height: 8,
            rgba: vec![255; 8 * 8 * 4],
            icc_profile: Some([b"0123456789abcdefRGB ".as_slice(), &vec![7; profile]].concat()),
        };
        let with = |profile: usize| preview_of(&picture(profile).to_png().unwrap(), 16, 8_000).unwrap();
        let profile = |made: &Encoded| read(Cursor::new(&made.bytes), Bounds::edge(16), Limits::default()).unwrap();
        assert!(profile(&with(1_000)).icc_profile.is_some());
        assert!(profile(&with(4_000)).icc_profile.is_none());
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]
        #[test]
        fn previews_fit_their_edge_and_bytes(
            size in (1_u32..200, 1_u32..200),
            alpha in 254_u8..=255,
            edge in 16_u32..200,
            max_bytes in 2_048_usize..60_000,
        ) {
            let made = preview_of(&noise(size.0, size.1, alpha), edge, max_bytes).unwrap();
            prop_assert!(made.bytes.len() <= max_bytes);
            prop_assert!(made.width.max(made.height) <= edge);
        }
    }
}
