//! The background: a slanted gradient with three large soft lights.
//!
//! It is smooth, so it is computed on a coarse grid and interpolated. That is ten times faster than gradients of the
//! rasterizer, and the lights fade without an edge.

use tiny_skia::{PixmapMut, PremultipliedColorU8};

use crate::palette::{Palette, Rgb, Rng};

/// Distance between two grid nodes, in pixels.
const STEP: usize = 8;

struct SoftLight {
    at: (f32, f32),
    radius: f32,
    color: Rgb,
    strength: f32,
}

/// Paints every pixel of `pixmap`.
pub(crate) fn paint_background(pixmap: &mut PixmapMut<'_>, palette: &Palette, rng: &mut Rng) {
    let (w, h) = (pixmap.width() as usize, pixmap.height() as usize);
    let lights = create_lights(w as f32, h as f32, palette, rng);
    let columns = w / STEP + 2;
    let node_row = |row: usize| -> Vec<Rgb> {
        let y = (row * STEP) as f32;
        (0..columns)
            .map(|column| compute_color((column * STEP) as f32, y, (w as f32, h as f32), palette, &lights))
            .collect()
    };
    let (mut above, mut below) = (node_row(0), node_row(1));
    for (y, line) in pixmap.pixels_mut().chunks_exact_mut(w).enumerate() {
        if y > 0 && y % STEP == 0 {
            above = std::mem::replace(&mut below, node_row(y / STEP + 1));
        }
        let down = (y % STEP) as f32 / STEP as f32;
        let mut left = above[0].mix(below[0], down);
        for (pixels, column) in line.chunks_mut(STEP).zip(1..) {
            let right = above[column].mix(below[column], down);
            fill_span(pixels, left, right);
            left = right;
        }
    }
}

/// Fills pixels with the gradient from `left` to `right`, the color of the pixel after a complete step.
fn fill_span(pixels: &mut [PremultipliedColorU8], left: Rgb, right: Rgb) {
    let each = |from: f32, to: f32| (from * 255.0 + 0.5, (to - from) * 255.0 / STEP as f32);
    let ((mut r, dr), (mut g, dg), (mut b, db)) = (each(left.0, right.0), each(left.1, right.1), each(left.2, right.2));
    for pixel in pixels {
        if let Some(color) = PremultipliedColorU8::from_rgba(r as u8, g as u8, b as u8, 255) {
            *pixel = color;
        }
        (r, g, b) = (r + dr, g + dg, b + db);
    }
}

fn create_lights(w: f32, h: f32, palette: &Palette, rng: &mut Rng) -> Vec<SoftLight> {
    let reach = w.min(h) * 0.5 + w.max(h) * 0.12;
    let strengths = [0.85, 0.75, 0.5];
    let light = |(color, strength): (&Rgb, f32)| SoftLight {
        at: (rng.random_range(0.0, w), rng.random_range(-0.05 * h, 0.8 * h)),
        radius: reach * rng.random_range(0.65, 1.05),
        color: *color,
        strength,
    };
    palette.soft.iter().zip(strengths).map(light).collect()
}

fn compute_color(x: f32, y: f32, (w, h): (f32, f32), palette: &Palette, lights: &[SoftLight]) -> Rgb {
    let slant = 0.82 * y / h + 0.18 * x / w;
    let mut color = palette.top.mix(palette.bottom, slant.clamp(0.0, 1.0));
    for light in lights {
        let (dx, dy) = ((x - light.at.0) / light.radius, (y - light.at.1) / light.radius);
        let inside = (1.0 - (dx * dx + dy * dy)).max(0.0);
        // Squared, the light ends with slope zero, without a visible edge.
        color = color.mix(light.color, light.strength * inside * inside);
    }
    color
}
