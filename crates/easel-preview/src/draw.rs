//! The renderer: a picture from a prompt, a size and references, the same bytes for the same inputs.

use tiny_skia::{FillRule, Mask, Pixmap, PixmapMut, Transform};

use crate::brush::{Area, circle};
use crate::card::card;
use crate::ground::ground;
use crate::inset::insets;
use crate::layout::{DISCLAIMER, Layout};
use crate::palette::{Dice, Palette};
use crate::scene::{motif, subjects};
use crate::subject::Named;
use crate::text::clean;

/// The smallest width and height, in pixels.
pub const MIN_SIDE: u32 = 64;
/// The largest width and height, in pixels.
pub const MAX_SIDE: u32 = 4096;
/// Width and height when nobody asks for a size, in pixels.
pub const DEFAULT_SIDE: u32 = 1024;

/// What to draw.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    /// Any text; control characters are left out and what does not fit ends with an ellipsis.
    pub prompt: &'a str,
    /// Pixels, [`MIN_SIDE`] to [`MAX_SIDE`].
    pub width: u32,
    /// Pixels, [`MIN_SIDE`] to [`MAX_SIDE`].
    pub height: u32,
    /// Leave out everything around the subject, the insets and the card. The PNG is then RGBA and its pixels there have
    /// alpha 0; otherwise it is RGB and has no alpha channel.
    pub transparent: bool,
    /// 0 for the first picture of a prompt; every other number gives it other colours and another composition.
    pub variant: u32,
    /// Pixels: the side of the squares that the picture is shown in, each of one colour. 1 for the picture itself.
    pub grain: u32,
    /// In the order sent; shown as insets 1, 2, 3 and so on.
    pub references: &'a [Reference<'a>],
}

/// One image that the picture is made from: the bytes of a PNG, JPEG, WebP or GIF file.
///
/// Anything else, a broken file, or one over [`crate::MAX_REFERENCE_PIXELS`] is shown as an inset that says so.
#[derive(Clone, Copy, Debug)]
pub struct Reference<'a> {
    pub bytes: &'a [u8],
}

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub enum DrawError {
    #[error("a preview picture is {MIN_SIDE} to {MAX_SIDE} pixels wide and high, not {width}x{height}")]
    Size { width: u32, height: u32 },
    #[error("the preview picture could not be written as PNG: {0}")]
    Encode(#[from] png::EncodingError),
}

/// Draws `picture` and returns it as a PNG file.
///
/// Takes some 20 ms for a megapixel, most of it writing the PNG, and the time to decode the references: call it off the
/// async threads.
pub fn draw(picture: &Picture<'_>) -> Result<Vec<u8>, DrawError> {
    let Picture { width, height, .. } = *picture;
    let allowed = MIN_SIDE..=MAX_SIDE;
    let size_error = DrawError::Size { width, height };
    if !allowed.contains(&width) || !allowed.contains(&height) {
        return Err(size_error);
    }
    let Some(mut pixmap) = Pixmap::new(width, height) else { return Err(size_error) };
    compose(&mut pixmap.as_mut(), picture);
    coarsen(&mut pixmap, picture.grain);
    encode(pixmap, picture.transparent)
}

fn compose(pixmap: &mut PixmapMut<'_>, picture: &Picture<'_>) {
    let prompt = clean(picture.prompt);
    let named = Named::of(&prompt);
    let mut dice = Dice::of(picture.prompt, picture.variant.into());
    let palette = Palette::choose(&mut dice, &named);
    let layout = Layout::of(picture.width, picture.height, &prompt);
    let (art, prints) = stages(&layout, &named, picture.references.len());

    // A transparent picture of something named, or of references, needs no composition around it.
    let plain = named.subjects.is_empty() && picture.references.is_empty();
    if !picture.transparent || plain {
        ground(pixmap, &palette, &mut dice);
    }
    if plain {
        motif(pixmap, art, &palette, &mut dice);
    }
    if picture.transparent && plain {
        cut_to_disc(pixmap, art);
    }
    subjects(pixmap, art, &palette, &named);
    insets(pixmap, prints, layout.unit, &palette, picture.references);
    card(pixmap, &layout, &palette, picture);
}

/// The part of the stage for the art and the part for the insets.
pub(crate) fn stages(layout: &Layout, named: &Named, references: usize) -> (Area, Area) {
    let stage = layout.stage;
    let Area { x, y, w, h } = stage;
    let gap = 30.0 * layout.unit;
    if references == 0 {
        return (stage, Area::new(x, y, 0.0, 0.0));
    }
    if named.subjects.is_empty() {
        return (stage, stage.shrunk(gap / 2.0));
    }
    // A wide stage is split side by side, a tall one has the insets under the subject, nearest to the words.
    if w > h * 1.25 {
        let left = (w - gap) * 0.5;
        return (Area::new(x, y, left, h), Area::new(x + left + gap, y, w - left - gap, h));
    }
    let upper = (h - gap) * 0.58;
    (Area::new(x, y, w, upper), Area::new(x, y + upper + gap, w, h - upper - gap))
}

/// Without a subject a transparent picture still needs something to show: the composition inside a disc.
fn cut_to_disc(pixmap: &mut PixmapMut<'_>, art: Area) {
    let (x, y) = art.centre();
    let disc = circle(x, y, art.w.min(art.h) / 2.0);
    let (Some(mut mask), Some(disc)) = (Mask::new(pixmap.width(), pixmap.height()), disc) else { return };
    mask.fill_path(&disc, FillRule::Winding, true, Transform::identity());
    pixmap.apply_mask(&mask);
}

/// Gives each square the colour of its middle.
fn coarsen(pixmap: &mut Pixmap, grain: u32) {
    if grain <= 1 {
        return;
    }
    let (width, height) = (pixmap.width(), pixmap.height());
    let middle = |at: u32, end: u32| (at / grain * grain + grain / 2).min(end - 1);
    let fine = pixmap.clone();
    let rows = pixmap.pixels_mut().chunks_exact_mut(width as usize);
    for (y, row) in (0..height).zip(rows) {
        for (x, pixel) in (0..width).zip(row) {
            if let Some(colour) = fine.pixel(middle(x, width), middle(y, height)) {
                *pixel = colour;
            }
        }
    }
}

fn encode(pixmap: Pixmap, transparent: bool) -> Result<Vec<u8>, DrawError> {
    let (width, height) = (pixmap.width(), pixmap.height());
    let (color, samples) =
        if transparent { (png::ColorType::Rgba, straight(pixmap)) } else { (png::ColorType::Rgb, opaque(&pixmap)) };
    let mut out = Vec::with_capacity(samples.len() / 4);
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(color);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    encoder.add_text_chunk("Software".to_owned(), "Easel preview".to_owned())?;
    encoder.add_text_chunk("Disclaimer".to_owned(), DISCLAIMER.to_owned())?;
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&samples)?;
    writer.finish()?;
    Ok(out)
}

fn opaque(pixmap: &Pixmap) -> Vec<u8> {
    let mut rgb = Vec::with_capacity(pixmap.data().len() / 4 * 3);
    rgb.extend(pixmap.data().chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]));
    rgb
}

/// PNG wants straight alpha, the rasteriser works premultiplied.
fn straight(mut pixmap: Pixmap) -> Vec<u8> {
    for pixel in pixmap.data_mut().chunks_exact_mut(4) {
        let alpha = u32::from(pixel[3]);
        if alpha == 0 || alpha == 255 {
            continue;
        }
        for channel in &mut pixel[..3] {
            *channel = ((u32::from(*channel) * 255 + alpha / 2) / alpha).min(255) as u8;
        }
    }
    pixmap.take()
}

#[cfg(test)]
mod tests;
