//! The art on the stage: the subjects of the prompt, or a motif chosen by the hash.

use std::f32::consts::TAU;

use tiny_skia::{Paint, Path, PathBuilder, PixmapMut, Rect, Stroke, Transform};

use crate::brush::{self, Area, circle, fill, glow, solid, vertical};
use crate::palette::{INK, Palette, Rgb, Rng, WHITE};
use crate::shapes::{Shape, Tone};
use crate::subject::{PromptParts, Subject};

/// A composition for a prompt without a subject.
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

/// Draws the subjects side by side. A hat that follows a subject with a head is drawn on the head.
pub(crate) fn draw_subjects(pixmap: &mut PixmapMut<'_>, stage: Area, palette: &Palette, parts: &PromptParts) {
    let mut seats: Vec<(Subject, Option<Subject>)> = Vec::new();
    for subject in &parts.subjects {
        match seats.last_mut() {
            Some((wearer, hat @ None)) if subject.shape == Shape::Hat && wearer.shape.head().is_some() => {
                *hat = Some(*subject);
            }
            Some(_) | None => seats.push((*subject, None)),
        }
    }
    let gap = stage.w.min(stage.h) * 0.06;
    for ((subject, hat), cell) in seats.iter().zip(crate::layout::cells(stage, seats.len(), gap)) {
        let seat = cell.shrink(cell.w.min(cell.h) * 0.04).fit(1.0);
        let Some(hat) = hat else {
            draw_shadow(pixmap, seat, subject.shape);
            draw_subject(pixmap, seat, palette, *subject);
            continue;
        };
        // The subject is smaller under a hat, so that both stay on the stage.
        let scale = 0.84;
        let size = seat.w * scale;
        let body = Area::new(seat.x + (seat.w - size) / 2.0, seat.bottom() - size, size, size);
        draw_shadow(pixmap, body, subject.shape);
        draw_subject(pixmap, body, palette, *subject);
        let Some((x, y, width)) = subject.shape.head() else { continue };
        let (unit, side) = (size / 100.0, size * width / 100.0);
        // 80 is the height of the brim on the grid of the hat.
        let hat_area = Area::new(body.x + x * unit - side / 2.0, body.y + y * unit - side * 0.80, side, side);
        draw_subject(pixmap, hat_area, palette, *hat);
    }
}

/// Draws the shadow of a subject, unless it belongs in the sky.
fn draw_shadow(pixmap: &mut PixmapMut<'_>, seat: Area, shape: Shape) {
    if shape.is_in_sky() {
        return;
    }
    let mut whole = PathBuilder::new();
    for path in shape.layers().iter().filter_map(|(_, layer)| brush::parse_outline(layer)) {
        whole.push_path(&path);
    }
    let Some(bounds) = whole.finish().map(|path| path.bounds()) else { return };
    let unit = seat.w / 100.0;
    let (width, height) = (bounds.width() * 0.86 * unit, 7.0 * unit);
    let x = seat.x + (bounds.left() + bounds.right()) / 2.0 * unit - width / 2.0;
    let y = seat.y + bounds.bottom() * unit - height * 0.45;
    let oval = Rect::from_xywh(x, y, width, height).and_then(PathBuilder::from_oval);
    fill(pixmap, oval, &solid(INK.with_alpha(0.16)));
}

fn draw_subject(pixmap: &mut PixmapMut<'_>, seat: Area, palette: &Palette, subject: Subject) {
    let main = subject.color().unwrap_or(palette.main);
    let transform = Transform::from_row(seat.w / 100.0, 0.0, 0.0, seat.h / 100.0, seat.x, seat.y);
    for (tone, layer) in subject.shape.layers() {
        let color = match tone {
            Tone::Main => main,
            Tone::Shade => main.mix(INK, 0.28),
            Tone::Light => main.mix(WHITE, 0.38),
            Tone::Accent => choose_accent(main, palette),
            Tone::Fixed(hex) => Rgb::from_hex(*hex),
        };
        let path: Option<Path> = brush::parse_outline(layer).and_then(|path| path.transform(transform));
        let (top, bottom) = (color.mix(WHITE, 0.10), color.mix(INK, 0.06));
        fill(pixmap, path, &vertical(seat, top.with_alpha(1.0), bottom.with_alpha(1.0)));
    }
}

/// Returns the accent of the palette, or another color if it is too similar to the subject.
fn choose_accent(main: Rgb, palette: &Palette) -> Rgb {
    let apart = |other: Rgb| (main.0 - other.0).abs() + (main.1 - other.1).abs() + (main.2 - other.2).abs();
    [palette.accent, palette.main, Rgb::from_hex(0xe9_4f_5a), Rgb::from_hex(0xf6_c9_4a)]
        .into_iter()
        .find(|color| apart(*color) > 0.7)
        .unwrap_or(WHITE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_layer_is_a_valid_outline() {
        use Shape::*;
        let all = [
            Square, Rectangle, Circle, Triangle, Diamond, Hexagon, Star, Heart, Sun, Moon, Cloud, Tree, Flower,
            Mountain, House, Cat, Dog, Fish, Robot, Hat, Boat, Rocket, Car,
        ];
        for shape in all {
            for (_, layer) in shape.layers() {
                let path = brush::parse_outline(layer).unwrap_or_else(|| panic!("{shape:?}: {layer}"));
                let bounds = path.bounds();
                let inside = bounds.left() > -2.0 && bounds.right() < 102.0 && bounds.top() > -2.0;
                assert!(inside && bounds.bottom() < 102.0, "{shape:?}: {layer} {bounds:?}");
            }
        }
    }
}
