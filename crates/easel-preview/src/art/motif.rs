//! The composition for a prompt without a subject, chosen by the seed.

use std::f32::consts::TAU;

use tiny_skia::{Paint, Path, PathBuilder, PixmapMut, Stroke, Transform};

use crate::brush::{self, Area, circle, fill, glow, solid, vertical};
use crate::palette::{Palette, Rng, WHITE};

/// A composition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Motif {
    Hills,
    Orbits,
    Tiles,
}

pub(crate) fn draw_motif(pixmap: &mut PixmapMut<'_>, stage: Area, palette: &Palette, rng: &mut Rng) {
    let motif = [Motif::Hills, Motif::Orbits, Motif::Tiles][rng.random_below(3) as usize];
    match motif {
        Motif::Hills => draw_hills(pixmap, stage, palette, rng),
        Motif::Orbits => draw_orbits(pixmap, stage, palette, rng),
        Motif::Tiles => draw_tiles(pixmap, stage, palette, rng),
    }
}

fn draw_hills(pixmap: &mut PixmapMut<'_>, stage: Area, palette: &Palette, rng: &mut Rng) {
    let (w, h) = (pixmap.width() as f32, pixmap.height() as f32);
    let radius = stage.w.min(stage.h) * rng.random_range(0.15, 0.21);
    let (x, y) = (w * rng.random_range(0.36, 0.64), stage.y + stage.h * rng.random_range(0.30, 0.40));
    glow(pixmap, (x, y), radius * 2.4, palette.accent.mix(WHITE, 0.4).with_alpha(0.55));
    fill(pixmap, circle(x, y, radius), &solid(palette.accent.mix(WHITE, 0.25).with_alpha(1.0)));
    for (layer, color) in palette.soft.iter().enumerate() {
        let level = stage.y + stage.h * (0.58 + 0.17 * layer as f32);
        let swing = stage.h * rng.random_range(0.09, 0.15);
        let (first, second) = (rng.random_range(-1.0, 1.0), rng.random_range(-1.0, 1.0));
        let mut ridge = PathBuilder::new();
        ridge.move_to(0.0, level + swing * first);
        let middle = w * rng.random_range(0.4, 0.6);
        let lift = swing * 1.3;
        ridge.cubic_to(w * 0.15, level - lift * first, middle - w * 0.2, level - lift, middle, level + swing * 0.1);
        ridge.cubic_to(
            middle + w * 0.2,
            level + lift * 1.1,
            w * 0.85,
            level + lift * second,
            w,
            level - swing * second,
        );
        ridge.line_to(w, h);
        ridge.line_to(0.0, h);
        ridge.close();
        let body = Area::new(0.0, level - swing, w, h - level + swing);
        let paint = vertical(body, color.with_alpha(1.0), color.mix(palette.top, 0.45).with_alpha(1.0));
        fill(pixmap, ridge.finish(), &paint);
    }
}

fn draw_orbits(pixmap: &mut PixmapMut<'_>, stage: Area, palette: &Palette, rng: &mut Rng) {
    let (x, y) = stage.center();
    let reach = stage.w.min(stage.h) * 0.5;
    glow(pixmap, (x, y), reach, palette.main.mix(WHITE, 0.35).with_alpha(0.45));
    let planet = reach * rng.random_range(0.30, 0.38);
    let box_ = Area::new(x - planet, y - planet, planet * 2.0, planet * 2.0);
    let paint = vertical(box_, palette.main.mix(WHITE, 0.3).with_alpha(1.0), palette.main.with_alpha(1.0));
    fill(pixmap, circle(x, y, planet), &paint);
    for ring in 0..3_u8 {
        let radius = reach * (0.54 + 0.21 * f32::from(ring));
        let stroke = Stroke { width: (reach * 0.008).max(0.6), ..Stroke::default() };
        let paint = solid(palette.main.mix(WHITE, 0.25).with_alpha(0.65));
        if let Some(path) = circle(x, y, radius) {
            pixmap.stroke_path(&path, &paint, &stroke, Transform::identity(), None);
        }
        let first = rng.random_range(0.0, TAU);
        for moon in 0..=ring {
            let angle = first + TAU * (f32::from(moon) + rng.random_range(-0.2, 0.2)) / f32::from(ring + 1);
            let at = (x + radius * angle.cos(), y + radius * angle.sin());
            let color = if moon % 2 == 0 { palette.accent } else { palette.soft[2] };
            let size = reach * rng.random_range(0.035, 0.085);
            fill(pixmap, circle(at.0, at.1, size), &solid(color.with_alpha(1.0)));
        }
    }
}

/// Draws a grid of quarter discs, half discs and dots.
fn draw_tiles(pixmap: &mut PixmapMut<'_>, stage: Area, palette: &Palette, rng: &mut Rng) {
    let side = (stage.w / 4.0).min(stage.h / 3.0);
    let columns = ((stage.w / side) as usize).clamp(1, 12);
    let rows = ((stage.h / side) as usize).clamp(1, 12);
    let left = stage.x + (stage.w - side * columns as f32) / 2.0;
    let top = stage.y + (stage.h - side * rows as f32) / 2.0;
    let paints: Vec<Paint<'_>> = [palette.main, palette.accent, palette.soft[2], palette.soft[1].mix(WHITE, 0.35)]
        .map(|color| solid(color.with_alpha(0.92)))
        .to_vec();
    for row in 0..rows {
        for column in 0..columns {
            let cell = Area::new(left + side * column as f32, top + side * row as f32, side, side).shrink(side * 0.025);
            let paint = &paints[rng.random_below(4) as usize];
            let (cx, cy) = cell.center();
            let path = match rng.random_below(7) {
                0 => circle(cx, cy, cell.w / 2.0),
                1 => circle(cx, cy, cell.w / 5.0),
                2 => brush::rounded_rect(cell, side * 0.04),
                corner => build_quarter_disc(cell, corner),
            };
            fill(pixmap, path, paint);
        }
    }
}

/// Returns the outline of a quarter disc around a corner of the cell.
fn build_quarter_disc(cell: Area, corner: u64) -> Option<Path> {
    let (right, low) = (corner % 2 == 1, corner / 2 % 2 == 1);
    let (x0, x1) = if right { (cell.x + cell.w, cell.x) } else { (cell.x, cell.x + cell.w) };
    let (y0, y1) = if low { (cell.bottom(), cell.y) } else { (cell.y, cell.bottom()) };
    let bend = |from: f32, to: f32| from + (to - from) * 0.552_285;
    let mut path = PathBuilder::new();
    path.move_to(x0, y0);
    path.line_to(x1, y0);
    path.cubic_to(x1, bend(y0, y1), bend(x0, x1), y1, x0, y1);
    path.close();
    path.finish()
}
