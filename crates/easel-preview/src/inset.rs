//! Draws the references onto the picture: framed like prints, in their order, each with its number.

use easel_picture::Error;
use tiny_skia::{FilterQuality, PixmapMut, PixmapPaint, Transform};

use crate::brush::{Area, circle, fill, rounded_rect, solid};
use crate::draw::Reference;
use crate::layout::cells;
use crate::palette::{INK, Palette, Rgb, WHITE};
use crate::reference::decode_thumbnail;
use crate::text::{self, Weight};

/// Maximum number of insets. If there are more, the last inset shows how many are left.
const MAX_INSETS: usize = 16;

const PAPER: Rgb = Rgb(0.90, 0.91, 0.93);

/// A reference with its number in the order in which the references were sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Inset<'a> {
    pub(crate) reference: &'a Reference<'a>,
    pub(crate) number: usize,
}

pub(crate) fn draw_insets(pixmap: &mut PixmapMut<'_>, area: Area, unit: f32, palette: &Palette, insets: &[Inset<'_>]) {
    for (index, cell) in inset_cells(area, unit, insets.len()).into_iter().enumerate() {
        let left = insets.len() - index;
        if index + 1 == MAX_INSETS && left > 1 {
            let window = draw_frame(pixmap, cell, 1.0, unit);
            draw_placeholder(pixmap, window, &format!("{left} more"));
            continue;
        }
        let Inset { reference, number } = insets[index];
        let window = draw_inset(pixmap, cell, unit, reference);
        draw_badge(pixmap, window, unit, number, palette);
    }
}

/// Returns a cell for each inset.
pub(crate) fn inset_cells(area: Area, unit: f32, count: usize) -> Vec<Area> {
    // Photos rarely exceed an aspect ratio of three to two, so a cell is rated by its side at that ratio.
    cells(area, count.min(MAX_INSETS), (26.0 * unit).max(2.0), 1.3)
}

fn draw_inset(pixmap: &mut PixmapMut<'_>, cell: Area, unit: f32, reference: &Reference<'_>) -> Area {
    let side = cell.w.max(cell.h).ceil().max(1.0) as u32;
    let image = match decode_thumbnail(reference.bytes, side) {
        Ok(image) => image,
        Err(error) => {
            let window = draw_frame(pixmap, cell, 1.0, unit);
            draw_placeholder(pixmap, window, &describe(&error));
            return window;
        }
    };
    let (w, h) = (image.width() as f32, image.height() as f32);
    // A panorama would become too thin at its true aspect ratio, so it is letterboxed beyond eight to one.
    let window = draw_frame(pixmap, cell, (w / h).clamp(0.125, 8.0), unit);
    let target = window.fit(w / h);
    let paint = PixmapPaint { quality: FilterQuality::Bilinear, ..PixmapPaint::default() };
    let transform = Transform::from_row(target.w / w, 0.0, 0.0, target.h / h, target.x, target.y);
    pixmap.draw_pixmap(0, 0, image.as_ref(), &paint, transform, None);
    window
}

fn describe(error: &Error) -> String {
    match error {
        Error::UnknownFormat => "not an image".to_owned(),
        Error::TooLarge { format, width, height } => format!("{format} {width} × {height} is too large to show"),
        Error::Unsupported { format, feature } => format!("{format} with {feature}"),
        Error::Damaged { format, .. } => format!("broken {format}"),
        Error::Read(_) | Error::Encode(_) | Error::NoPreview { .. } => "cannot be shown".to_owned(),
    }
}

/// Draws a white border and its shadow. Returns the window inside, which has the given aspect ratio.
fn draw_frame(pixmap: &mut PixmapMut<'_>, cell: Area, aspect: f32, unit: f32) -> Area {
    let border = (9.0 * unit).max(1.0).min(cell.w.min(cell.h) * 0.2);
    let window = cell.shrink(border).fit(aspect);
    let outer = window.shrink(-border);
    let radius = border * 0.8;
    for step in [2.2_f32, 1.2, 0.5] {
        let cast = Area::new(
            outer.x - border * step * 0.4,
            outer.y + border * step * 0.5,
            outer.w + border * step * 0.8,
            outer.h,
        );
        fill(pixmap, rounded_rect(cast, radius + border * step * 0.4), &solid(INK.with_alpha(0.09)));
    }
    fill(pixmap, rounded_rect(outer, radius), &solid(WHITE.with_alpha(1.0)));
    // Transparent references show this paper, not the picture behind the frame.
    fill(pixmap, rounded_rect(window, 0.0), &solid(PAPER.with_alpha(1.0)));
    window
}

fn draw_placeholder(pixmap: &mut PixmapMut<'_>, window: Area, label: &str) {
    let inner = window.shrink(window.w * 0.08);
    let block = text::fit(label, (inner.w, inner.h), window.w * 0.11, 7.0);
    let (x, y) = window.center();
    let top = y - block.height() / 2.0;
    for (index, line) in block.lines.iter().enumerate() {
        let middle = top + (index as f32 + 0.5) * block.line_height();
        let left = x - text::measure_width(line, block.size) / 2.0;
        text::draw_line(pixmap, line, (left, middle), block.size, INK.mix(WHITE, 0.25), Weight::Regular);
    }
}

fn draw_badge(pixmap: &mut PixmapMut<'_>, window: Area, unit: f32, number: usize, palette: &Palette) {
    let radius = (27.0 * unit).max(5.0).min(window.w.min(window.h).max(16.0) * 0.32);
    let center = (window.x + radius * 0.35, window.y + radius * 0.35);
    fill(pixmap, circle(center.0, center.1, radius * 1.14), &solid(WHITE.with_alpha(1.0)));
    fill(pixmap, circle(center.0, center.1, radius), &solid(palette.accent.mix(INK, 0.62).with_alpha(1.0)));
    let label = number.to_string();
    let size = if number < 10 { radius * 1.15 } else { radius * 0.92 };
    let left = center.0 - text::measure_width(&label, size) / 2.0;
    text::draw_line(pixmap, &label, (left, center.1), size, WHITE, Weight::Bold);
}
