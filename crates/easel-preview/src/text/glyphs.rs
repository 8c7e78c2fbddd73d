//! Draws the glyphs of a line.

use ab_glyph::{Font, GlyphId, PxScale, point};
use tiny_skia::{PixmapMut, PremultipliedColorU8};

use super::{FONT, advance};
use crate::palette::Rgb;

/// The weight of the strokes. Bold draws the regular glyph twice, because a second font would add 700 kB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weight {
    Regular,
    Bold,
}

/// Draws a line whose left end is at `x` and whose vertical center is at `middle`.
pub(crate) fn draw_line(
    pixmap: &mut PixmapMut<'_>,
    text: &str,
    (x, middle): (f32, f32),
    size: f32,
    color: Rgb,
    weight: Weight,
) {
    // 0.36 em is half the height of a DejaVu capital. Capitals are centered; descenders are ignored.
    let baseline = (middle + size * 0.36).round();
    let mut pen = x;
    for c in text.chars() {
        if FONT.glyph_id(c) == GlyphId(0) {
            draw_missing(pixmap, (pen, baseline), size, color);
        } else {
            draw_glyph(pixmap, c, (pen, baseline), size, color);
            if weight == Weight::Bold {
                draw_glyph(pixmap, c, (pen + size * 0.045, baseline), size, color);
            }
        }
        pen += advance(c) * size;
    }
}

fn draw_glyph(pixmap: &mut PixmapMut<'_>, c: char, (x, baseline): (f32, f32), size: f32, color: Rgb) {
    let units = FONT.units_per_em().unwrap_or(2048.0);
    // The scale of ab_glyph is in line heights; this converts it from ems.
    let scale = PxScale::from(size * FONT.height_unscaled() / units);
    let glyph = FONT.glyph_id(c).with_scale_and_position(scale, point(x, baseline));
    let Some(outline) = FONT.outline_glyph(glyph) else { return };
    let bounds = outline.px_bounds();
    let (left, top) = (bounds.min.x as i32, bounds.min.y as i32);
    outline.draw(|dx, dy, coverage| blend(pixmap, left + dx as i32, top + dy as i32, color, coverage));
}

/// Draws a box for a character that the font does not have.
fn draw_missing(pixmap: &mut PixmapMut<'_>, (x, baseline): (f32, f32), size: f32, color: Rgb) {
    let (left, right) = ((x + size * 0.08) as i32, (x + size * 0.56) as i32);
    let (top, bottom) = ((baseline - size * 0.73) as i32, baseline as i32 - 1);
    for px in left..=right {
        blend(pixmap, px, top, color, 0.85);
        blend(pixmap, px, bottom, color, 0.85);
    }
    for py in top + 1..bottom {
        blend(pixmap, left, py, color, 0.85);
        blend(pixmap, right, py, color, 0.85);
    }
}

fn blend(pixmap: &mut PixmapMut<'_>, x: i32, y: i32, color: Rgb, coverage: f32) {
    let (width, height) = (pixmap.width() as i32, pixmap.height() as i32);
    if x < 0 || y < 0 || x >= width || y >= height {
        return;
    }
    let coverage = coverage.clamp(0.0, 1.0);
    let pixel = &mut pixmap.pixels_mut()[(y * width + x) as usize];
    let over = |under: u8, top: f32| (top * 255.0 * coverage + f32::from(under) * (1.0 - coverage) + 0.5) as u8;
    let alpha = over(pixel.alpha(), 1.0);
    let channel = |under: u8, top: f32| over(under, top).min(alpha);
    let (r, g, b) = (channel(pixel.red(), color.0), channel(pixel.green(), color.1), channel(pixel.blue(), color.2));
    if let Some(blended) = PremultipliedColorU8::from_rgba(r, g, b, alpha) {
        *pixel = blended;
    }
}
