//! Draws the things of a scene where `arrange` puts them.

use tiny_skia::{Path, PathBuilder, PixmapMut, Rect, Transform};

use super::arrange::Item;
use crate::brush::{self, Area, fill, glow, solid, vertical};
use crate::palette::{INK, Palette, Rgb, WHITE};
use crate::shapes::{Shape, Tone};

/// Minimum difference between the colors of a subject and the background, as a sum over the channels. A subject of a
/// closer color gets a halo.
const MIN_CONTRAST: f32 = 0.5;

/// Draws the items in their order.
pub(crate) fn draw_items(pixmap: &mut PixmapMut<'_>, palette: &Palette, items: &[Item], halo: bool) {
    for item in items {
        draw_item(pixmap, palette, item, halo);
    }
}

fn draw_item(pixmap: &mut PixmapMut<'_>, palette: &Palette, item: &Item, halo: bool) {
    let Item { shape, color, seat, hat } = *item;
    // The subject is smaller under a hat, so that both stay in their area.
    let scale = if hat.is_some() { 0.84 } else { 1.0 };
    let size = seat.w * scale;
    let body = Area::new(seat.x + (seat.w - size) / 2.0, seat.bottom() - size, size, size);
    let background = palette.top.mix(palette.bottom, 0.5);
    if halo && find_main_color(palette, (shape, color)).distance(background) < MIN_CONTRAST {
        let is_dark = background.luma() < 0.5;
        let halo = if is_dark { WHITE.mix(palette.accent, 0.2).with_alpha(0.6) } else { INK.with_alpha(0.2) };
        glow(pixmap, body.center(), size * 0.72, halo);
    }
    draw_shadow(pixmap, body, shape);
    draw_shape(pixmap, body, palette, (shape, color));
    if let (Some(hat), Some((x, y, width))) = (hat, shape.head()) {
        let (unit, side) = (size / 100.0, size * width / 100.0);
        // 80 is the height of the brim on the grid of the hat.
        let hat_area = Area::new(body.x + x * unit - side / 2.0, body.y + y * unit - side * 0.80, side, side);
        draw_shape(pixmap, hat_area, palette, (Shape::Hat, hat));
    }
}

fn find_main_color(palette: &Palette, (shape, color): (Shape, Option<u32>)) -> Rgb {
    shape.color(color).map_or(palette.main, Rgb::from_hex)
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

fn draw_shape(pixmap: &mut PixmapMut<'_>, seat: Area, palette: &Palette, (shape, color): (Shape, Option<u32>)) {
    let main = find_main_color(palette, (shape, color));
    let transform = Transform::from_row(seat.w / 100.0, 0.0, 0.0, seat.h / 100.0, seat.x, seat.y);
    for (tone, layer) in shape.layers() {
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
    [palette.accent, palette.main, Rgb::from_hex(0xe9_4f_5a), Rgb::from_hex(0xf6_c9_4a)]
        .into_iter()
        .find(|color| main.distance(*color) > 0.7)
        .unwrap_or(WHITE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_layer_is_a_valid_outline() {
        for shape in Shape::ALL {
            for (_, layer) in shape.layers() {
                let path = brush::parse_outline(layer).unwrap_or_else(|| panic!("{shape:?}: {layer}"));
                let bounds = path.bounds();
                let inside = bounds.left() > -2.0 && bounds.right() < 102.0 && bounds.top() > -2.0;
                assert!(inside && bounds.bottom() < 102.0, "{shape:?}: {layer} {bounds:?}");
            }
        }
    }
}
