//! Weather: clouds behind the things of a scene, and what falls in front of them.

use tiny_skia::{PixmapMut, Transform};

use crate::brush::{self, Area, circle, fill, rounded_rect, solid};
use crate::palette::{Palette, Rgb, Rng, WHITE};
use crate::scene::{Scene, Weather};
use crate::shapes::Shape;

/// Draws clouds and lightning.
pub(crate) fn draw_sky(pixmap: &mut PixmapMut<'_>, stage: Area, scene: &Scene, palette: &Palette) {
    let color = match scene.weather {
        Some(Weather::Cloudy) => WHITE.mix(palette.top, 0.12),
        Some(Weather::Rain) => Rgb::from_hex(0x78_84_98),
        Some(Weather::Storm) => Rgb::from_hex(0x2f_36_44),
        Some(Weather::Snow) => Rgb::from_hex(0xc4_cf_de),
        Some(Weather::Sunny | Weather::Fog) | None => return,
    };
    let side = stage.w.min(stage.h) * 0.3;
    for (x, y, size) in [(0.02, -0.05, 1.0), (0.36, -0.09, 1.2), (0.72, -0.05, 1.05)] {
        let at = (stage.x + stage.w * x, stage.y + stage.h * y);
        draw_outline(pixmap, Shape::Cloud, at, side * size, color);
    }
    if scene.weather == Some(Weather::Storm) {
        let (x, y) = (stage.x + stage.w * 0.8, stage.y + side * 0.7);
        let bolt = [(0.0, 0.0), (-0.3, 0.6), (-0.06, 0.55), (-0.28, 1.2), (0.24, 0.4), (0.02, 0.44), (0.2, 0.0)];
        let bolt = bolt.into_iter().map(|(dx, dy)| (x + dx * side, y + dy * side));
        fill(pixmap, brush::polygon(bolt), &solid(Rgb::from_hex(0xff_dd_3c).with_alpha(1.0)));
    }
}

fn draw_outline(pixmap: &mut PixmapMut<'_>, shape: Shape, (x, y): (f32, f32), side: f32, color: Rgb) {
    let transform = Transform::from_row(side / 100.0, 0.0, 0.0, side / 100.0, x, y);
    for (_, layer) in shape.layers() {
        let path = brush::parse_outline(layer).and_then(|path| path.transform(transform));
        fill(pixmap, path, &solid(color.with_alpha(1.0)));
    }
}

/// Draws rain, snowflakes or fog.
pub(crate) fn draw_fall(pixmap: &mut PixmapMut<'_>, stage: Area, scene: &Scene, rng: &mut Rng) {
    let (width, unit) = (pixmap.width() as f32, stage.w.min(stage.h) * 0.01);
    let mut at = |top: f32| (rng.random_range(0.0, width), rng.random_range(stage.y + stage.h * top, stage.bottom()));
    match scene.weather {
        Some(Weather::Rain | Weather::Storm) => {
            let color = Rgb::from_hex(0x4a_7c_c0).with_alpha(0.85);
            for _ in 0..90 {
                let (x, y) = at(0.14);
                let (w, h) = (unit * 0.5, unit * 4.5);
                let streak = [(x, y), (x + w, y), (x + w - h * 0.3, y + h), (x - h * 0.3, y + h)];
                fill(pixmap, brush::polygon(streak.into_iter()), &solid(color));
            }
        }
        Some(Weather::Snow) => {
            for index in 0..90_u8 {
                let (x, y) = at(0.0);
                let radius = unit * (0.5 + f32::from(index % 4) * 0.25);
                fill(pixmap, circle(x, y, radius.max(0.6)), &solid(WHITE.with_alpha(0.95)));
            }
        }
        Some(Weather::Fog) => {
            for band in 0..5_u8 {
                let y = stage.y + stage.h * (0.3 + 0.14 * f32::from(band));
                let fog = Area::new(-unit * 8.0 * f32::from(band % 3), y, width * 1.3, stage.h * 0.1);
                fill(pixmap, rounded_rect(fog, fog.h / 2.0), &solid(WHITE.with_alpha(0.42)));
            }
        }
        Some(Weather::Sunny | Weather::Cloudy) | None => {}
    }
}
