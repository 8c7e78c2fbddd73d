//! The renderer: draws a picture from a prompt, a size and references. The same inputs give the same bytes.
//!
//! A reference that the preview drew is edited: its scene is read from the file, changed as the prompt says, and drawn
//! again. Every other reference is shown as an inset.

use tiny_skia::{FillRule, Mask, Pixmap, PixmapMut, Transform};

use crate::art::{Extent, draw_scene};
use crate::base::find_base;
use crate::brush::{Area, circle};
use crate::card::draw_card;
use crate::inset::{Inset, draw_insets};
use crate::layout::{DISCLAIMER, Layout};
use crate::note;
use crate::palette::Palette;
use crate::plan::{Plan, plan};
use crate::reference::SCENE_KEYWORD;
use crate::scene::Scene;
use crate::text::clean;

/// Minimum width and height in pixels.
pub const MIN_SIDE: u32 = 64;
/// Maximum width and height in pixels.
pub const MAX_SIDE: u32 = 4096;
/// Default width and height in pixels.
pub const DEFAULT_SIDE: u32 = 1024;

/// A picture to draw.
#[derive(Clone, Copy, Debug)]
pub struct Picture<'a> {
    /// Any text. Control characters are removed, and a text that does not fit ends with an ellipsis.
    pub prompt: &'a str,
    /// Width in pixels, from [`MIN_SIDE`] to [`MAX_SIDE`].
    pub width: u32,
    /// Height in pixels, from [`MIN_SIDE`] to [`MAX_SIDE`].
    pub height: u32,
    /// Whether everything around the subject, the insets and the card is transparent. The PNG is then RGBA, otherwise
    /// RGB.
    pub transparent: bool,
    /// 0 for the first picture of a prompt. Every other number changes colors and composition.
    pub variant: u32,
    /// Side of the squares of a coarse preview in pixels, each in one color. 1 for the picture itself.
    pub grain: u32,
    /// The references in their order. Pictures of the preview are edited, others are drawn as numbered insets.
    pub references: &'a [Reference<'a>],
}

/// A reference image of a picture.
///
/// If the bytes are not an image, are broken, or have more pixels than [`easel_picture::Limits`] allows, the inset
/// shows a text that says so.
#[derive(Clone, Copy, Debug)]
pub struct Reference<'a> {
    /// The bytes of a PNG, JPEG, WebP or GIF file.
    pub bytes: &'a [u8],
}

/// A failed drawing.
#[derive(Debug, thiserror::Error)]
pub enum DrawError {
    /// The size is out of range.
    #[error("a preview picture must be {MIN_SIDE} to {MAX_SIDE} pixels wide and high, not {width}x{height}")]
    Size {
        /// The requested width in pixels.
        width: u32,
        /// The requested height in pixels.
        height: u32,
    },
    /// The picture could not be encoded.
    #[error("could not encode the preview picture as PNG: {0}")]
    Encode(#[from] png::EncodingError),
}

/// Draws a picture and returns it as a PNG file.
///
/// Drawing a megapixel takes about 20 ms, most of it for encoding, plus the time to decode the references. Call it on a
/// blocking thread.
///
/// # Errors
/// The size is out of range, or the encoder fails.
pub fn draw(picture: &Picture<'_>) -> Result<Vec<u8>, DrawError> {
    let Picture { width, height, .. } = *picture;
    let allowed = MIN_SIDE..=MAX_SIDE;
    let size_error = DrawError::Size { width, height };
    if !allowed.contains(&width) || !allowed.contains(&height) {
        return Err(size_error);
    }
    let Some(mut pixmap) = Pixmap::new(width, height) else { return Err(size_error) };
    let scene = compose(&mut pixmap.as_mut(), picture);
    coarsen(&mut pixmap, picture.grain);
    encode(pixmap, picture.transparent, &scene)
}

/// Returns the index of the reference that an edit changes; `None` if no reference is a picture of the preview.
pub(crate) fn find_edited(prompt: &str, references: &[Reference<'_>]) -> Option<usize> {
    find_base(&clean(prompt), references).index
}

fn compose(pixmap: &mut PixmapMut<'_>, picture: &Picture<'_>) -> Scene {
    let prompt = clean(picture.prompt);
    let base = find_base(&prompt, picture.references);
    let Plan { scene, understood } = plan(&prompt, base.scene.as_ref(), picture.variant.into());
    let insets: Vec<Inset<'_>> = base.insets(picture.references).collect();
    let palette = Palette::new(&scene);
    let note = note::on_picture(&prompt, understood || base.scene.is_none() && !insets.is_empty(), &base);
    let layout = Layout::compute(picture.width, picture.height, &prompt, &note);
    let (art, inset_area) = split_stage(&layout, &scene, insets.len());

    // A transparent picture of things or of references has no background.
    let is_bare = scene.groups.is_empty() && insets.is_empty();
    let extent = match (picture.transparent, is_bare, insets.is_empty()) {
        (true, false, _) => Extent::Things,
        (_, _, true) => Extent::Whole,
        (_, _, false) => Extent::WithoutMotif,
    };
    draw_scene(pixmap, art, &scene, &palette, extent);
    if picture.transparent && is_bare {
        cut_to_disc(pixmap, art);
    }
    draw_insets(pixmap, inset_area, layout.unit, &palette, &insets);
    draw_card(pixmap, &layout, &palette, picture);
    scene
}

/// Splits the stage into one part for the art and one for the insets.
pub(crate) fn split_stage(layout: &Layout, scene: &Scene, insets: usize) -> (Area, Area) {
    let stage = layout.stage;
    let Area { x, y, w, h } = stage;
    let gap = 30.0 * layout.unit;
    if insets == 0 {
        return (stage, Area::new(x, y, 0.0, 0.0));
    }
    if scene.groups.is_empty() {
        return (stage, stage.shrink(gap / 2.0));
    }
    // A wide stage is split vertically. A tall one has the insets below the subject, next to the words.
    if w > h * 1.25 {
        let left = (w - gap) * 0.5;
        return (Area::new(x, y, left, h), Area::new(x + left + gap, y, w - left - gap, h));
    }
    let upper = (h - gap) * 0.58;
    (Area::new(x, y, w, upper), Area::new(x, y + upper + gap, w, h - upper - gap))
}

/// Cuts the composition to a disc, so that a transparent picture without a subject still shows something.
fn cut_to_disc(pixmap: &mut PixmapMut<'_>, art: Area) {
    let (x, y) = art.center();
    let disc = circle(x, y, art.w.min(art.h) / 2.0);
    let (Some(mut mask), Some(disc)) = (Mask::new(pixmap.width(), pixmap.height()), disc) else { return };
    mask.fill_path(&disc, FillRule::Winding, true, Transform::identity());
    pixmap.apply_mask(&mask);
}

/// Gives each square the color of its center.
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
            if let Some(color) = fine.pixel(middle(x, width), middle(y, height)) {
                *pixel = color;
            }
        }
    }
}

fn encode(pixmap: Pixmap, transparent: bool, scene: &Scene) -> Result<Vec<u8>, DrawError> {
    let (width, height) = (pixmap.width(), pixmap.height());
    let (color, samples) =
        if transparent { (png::ColorType::Rgba, to_rgba(pixmap)) } else { (png::ColorType::Rgb, to_rgb(&pixmap)) };
    let mut out = Vec::with_capacity(samples.len() / 4);
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(color);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    encoder.add_text_chunk("Software".to_owned(), "Easel preview".to_owned())?;
    encoder.add_text_chunk("Disclaimer".to_owned(), DISCLAIMER.to_owned())?;
    if let Some(text) = scene.to_text() {
        encoder.add_text_chunk(SCENE_KEYWORD.to_owned(), text)?;
    }
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&samples)?;
    writer.finish()?;
    Ok(out)
}

fn to_rgb(pixmap: &Pixmap) -> Vec<u8> {
    let mut rgb = Vec::with_capacity(pixmap.data().len() / 4 * 3);
    rgb.extend(pixmap.data().chunks_exact(4).flat_map(|pixel| [pixel[0], pixel[1], pixel[2]]));
    rgb
}

/// Converts premultiplied alpha, which the rasterizer uses, to straight alpha, which PNG requires.
fn to_rgba(mut pixmap: Pixmap) -> Vec<u8> {
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
