//! The card at the bottom: a caption, the prompt, and the strip with the disclaimer.

use tiny_skia::PixmapMut;

use crate::brush::{Area, fill, rounded_rect, solid};
use crate::draw::Picture;
use crate::layout::Layout;
use crate::palette::{INK, Palette, Rgb, WHITE};
use crate::text::{self, Weight};

const AMBER: Rgb = Rgb(1.0, 0.76, 0.28);

pub(crate) fn draw_card(pixmap: &mut PixmapMut<'_>, layout: &Layout, palette: &Palette, picture: &Picture<'_>) {
    let radius = 22.0 * layout.unit;
    let cast = Area::new(layout.card.x, layout.card.y + 6.0 * layout.unit, layout.card.w, layout.card.h);
    fill(pixmap, rounded_rect(cast.shrink(-3.0 * layout.unit), radius), &solid(INK.with_alpha(0.12)));
    // The dark part extends behind the light one only as far as its rounded corners require, so that no dark edge
    // shows.
    let foot = (layout.strip.y - 2.0 * radius).max(layout.card.y);
    let dark = Area::new(layout.card.x, foot, layout.card.w, layout.card.bottom() - foot);
    fill(pixmap, rounded_rect(dark, radius), &solid(INK.with_alpha(1.0)));
    let light = Area::new(layout.card.x, layout.card.y, layout.card.w, layout.strip.y - layout.card.y);
    fill(pixmap, rounded_rect(light, radius), &solid(WHITE.with_alpha(1.0)));
    let square = Area::new(light.x, light.y + light.h / 2.0, light.w, light.h / 2.0);
    fill(pixmap, rounded_rect(square, 0.0), &solid(WHITE.with_alpha(1.0)));

    let left = layout.card.x + layout.padding;
    let mut top = layout.card.y + layout.padding / 2.0;
    if layout.caption > 0.0 {
        top += layout.padding * 0.25;
        draw_caption(pixmap, layout, palette, picture, top);
        top += layout.caption;
    }
    for (index, line) in layout.prompt.lines.iter().enumerate() {
        let middle = top + (index as f32 + 0.5) * layout.prompt.line_height();
        text::draw_line(pixmap, line, (left, middle), layout.prompt.size, INK, Weight::Regular);
    }
    top += layout.prompt.height();
    for (index, line) in layout.note.lines.iter().enumerate() {
        let middle = top + (index as f32 + 0.5) * layout.note.line_height();
        text::draw_line(pixmap, line, (left, middle), layout.note.size, INK.mix(WHITE, 0.4), Weight::Regular);
    }
    draw_strip(pixmap, layout);
}

/// Draws "PROMPT" or "EDIT OF 2 IMAGES" on the left and the size of the picture on the right.
fn draw_caption(pixmap: &mut PixmapMut<'_>, layout: &Layout, palette: &Palette, picture: &Picture<'_>, top: f32) {
    let size = (18.0 * layout.unit).max(9.0);
    let middle = top + layout.caption * 0.42;
    let kind = match picture.references.len() {
        0 => "PROMPT".to_owned(),
        1 => "EDIT OF 1 IMAGE".to_owned(),
        count => format!("EDIT OF {count} IMAGES"),
    };
    let left = layout.card.x + layout.padding;
    text::draw_line(pixmap, &kind, (left, middle), size, palette.accent.mix(INK, 0.55), Weight::Bold);
    let dimensions = format!("{} × {}", picture.width, picture.height);
    let right = layout.card.x + layout.card.w - layout.padding - text::measure_width(&dimensions, size);
    text::draw_line(pixmap, &dimensions, (right, middle), size, INK.mix(WHITE, 0.45), Weight::Regular);
}

fn draw_strip(pixmap: &mut PixmapMut<'_>, layout: &Layout) {
    let (x, y) = layout.strip.center();
    let block = &layout.disclaimer;
    let top = y - block.height() / 2.0;
    for (index, line) in block.lines.iter().enumerate() {
        let middle = top + (index as f32 + 0.5) * block.line_height();
        let left = x - text::measure_width(line, block.size) / 2.0;
        text::draw_line(pixmap, line, (left, middle), block.size, AMBER, Weight::Bold);
    }
}
