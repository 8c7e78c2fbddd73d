//! Reads reference images: the scene of a picture that the preview drew, or a thumbnail. The header is checked first,
//! so that no huge image is decoded.

use std::io::Cursor;

use easel_picture::{Bounds, Error, Limits};
use tiny_skia::{ColorU8, Pixmap};

use crate::scene::Scene;

/// The keyword of the text chunk with the scene.
pub(crate) const SCENE_KEYWORD: &str = "Easel scene";
/// Maximum memory for the chunks before the pixels. Those of the preview need a fraction of it.
const MAX_CHUNK_BYTES: usize = 1 << 20;

/// Reads the scene of a picture that the preview drew. Returns `None` for any other image.
pub(crate) fn read_scene(bytes: &[u8]) -> Option<Scene> {
    let limits = png::Limits { bytes: MAX_CHUNK_BYTES };
    let reader = png::Decoder::new_with_limits(Cursor::new(bytes), limits).read_info().ok()?;
    let texts = &reader.info().uncompressed_latin1_text;
    Scene::parse(&texts.iter().find(|text| text.keyword == SCENE_KEYWORD)?.text)
}

/// Decodes an image to a pixmap whose longer side has at most `side` pixels. A smaller image keeps its size.
///
/// # Errors
///
/// Those of [`easel_picture::read`] with the default limits, and [`Error::Encode`] if tiny-skia refuses the size.
pub(crate) fn decode_thumbnail(bytes: &[u8], side: u32) -> Result<Pixmap, Error> {
    let picture = easel_picture::read(Cursor::new(bytes), Bounds::edge(side), Limits::default())?;
    let refused = || Error::Encode("a pixmap of this size cannot be allocated".into());
    let mut pixmap = Pixmap::new(picture.width, picture.height).ok_or_else(refused)?;
    for (pixel, [r, g, b, a]) in pixmap.pixels_mut().iter_mut().zip(picture.rgba.as_chunks::<4>().0) {
        *pixel = ColorU8::from_rgba(*r, *g, *b, *a).premultiply();
    }
    Ok(pixmap)
}

#[cfg(test)]
mod tests;
