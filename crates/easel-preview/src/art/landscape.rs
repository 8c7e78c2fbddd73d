//! What is behind the things of a scene: the bodies of the sky and the land.

use tiny_skia::PixmapMut;

use crate::brush::{self, Area, circle, fill, glow, rounded_rect, solid, vertical};
use crate::palette::{Palette, Rgb, Rng, WHITE};
use crate::scene::{Scene, Setting, Time, Weather};
use crate::shapes::Shape;

/// Draws the sky and the land.
pub(crate) fn draw_landscape(pixmap: &mut PixmapMut<'_>, stage: Area, scene: &Scene, palette: &Palette, rng: &mut Rng) {
    let has = |shape: Shape| scene.groups.iter().any(|group| group.shape == shape);
    let night = scene.time == Some(Time::Night) || scene.setting == Some(Setting::Space);
    let horizon = stage.y + stage.h * 0.66;
    if night {
        draw_stars(pixmap, stage, rng);
        if !has(Shape::Moon) && scene.setting != Some(Setting::Space) {
            draw_moon(pixmap, stage, palette);
        }
    }
    if scene.time == Some(Time::Dusk) && !has(Shape::Sun) {
        draw_low_sun(pixmap, stage, horizon);
    }
    if scene.weather == Some(Weather::Sunny) && !has(Shape::Sun) {
        draw_high_sun(pixmap, stage);
    }
    if let Some(setting) = scene.setting {
        draw_land(pixmap, stage, horizon, setting, scene.time, rng);
    } else if scene.weather == Some(Weather::Snow) {
        draw_ground(pixmap, horizon, shade(0xf4_f7_fc, 0xd5_e0_f0, scene.time));
    }
}

fn draw_stars(pixmap: &mut PixmapMut<'_>, stage: Area, rng: &mut Rng) {
    let unit = stage.w.min(stage.h) * 0.004;
    for _ in 0..70 {
        let at = (rng.random_range(0.0, pixmap.width() as f32), rng.random_range(0.0, stage.bottom()));
        let color = WHITE.with_alpha(rng.random_range(0.35, 0.95));
        fill(pixmap, circle(at.0, at.1, (unit * rng.random_range(0.5, 1.3)).max(0.5)), &solid(color));
    }
}

fn draw_moon(pixmap: &mut PixmapMut<'_>, stage: Area, palette: &Palette) {
    let radius = stage.w.min(stage.h) * 0.09;
    let (x, y) = (stage.x + stage.w - radius * 1.6, stage.y + radius * 1.4);
    let color = Rgb::from_hex(0xf6_e7_b4);
    glow(pixmap, (x, y), radius * 2.6, color.with_alpha(0.35));
    fill(pixmap, circle(x, y, radius), &solid(color.with_alpha(1.0)));
    let shadow = palette.top.mix(palette.bottom, 0.15);
    fill(pixmap, circle(x + radius * 0.42, y - radius * 0.2, radius * 0.82), &solid(shadow.with_alpha(1.0)));
}

fn draw_low_sun(pixmap: &mut PixmapMut<'_>, stage: Area, horizon: f32) {
    let radius = stage.w.min(stage.h) * 0.24;
    let center = (stage.x + stage.w * 0.5, horizon - radius * 0.35);
    glow(pixmap, center, radius * 2.4, Rgb::from_hex(0xff_e0_8a).with_alpha(0.7));
    let body = Area::new(center.0 - radius, center.1 - radius, radius * 2.0, radius * 2.0);
    let paint = vertical(body, Rgb::from_hex(0xff_ec_a8).with_alpha(1.0), Rgb::from_hex(0xff_8a_4a).with_alpha(1.0));
    fill(pixmap, circle(center.0, center.1, radius), &paint);
}

fn draw_high_sun(pixmap: &mut PixmapMut<'_>, stage: Area) {
    let radius = stage.w.min(stage.h) * 0.1;
    let center = (stage.x + stage.w - radius * 1.5, stage.y + radius * 1.4);
    glow(pixmap, center, radius * 3.0, Rgb::from_hex(0xff_e0_7a).with_alpha(0.8));
    fill(pixmap, circle(center.0, center.1, radius), &solid(Rgb::from_hex(0xfd_c8_3a).with_alpha(1.0)));
}

fn shade(top: u32, bottom: u32, time: Option<Time>) -> (Rgb, Rgb) {
    let (tint, share) = match time {
        Some(Time::Night) => (Rgb::from_hex(0x10_18_3c), 0.62),
        Some(Time::Dusk) => (Rgb::from_hex(0x6a_2f_58), 0.36),
        Some(Time::Day) | None => (WHITE, 0.0),
    };
    (Rgb::from_hex(top).mix(tint, share), Rgb::from_hex(bottom).mix(tint, share))
}

fn draw_ground(pixmap: &mut PixmapMut<'_>, top: f32, (upper, lower): (Rgb, Rgb)) {
    let (w, h) = (pixmap.width() as f32, pixmap.height() as f32);
    let ground = Area::new(0.0, top, w, h - top);
    fill(pixmap, rounded_rect(ground, 0.0), &vertical(ground, upper.with_alpha(1.0), lower.with_alpha(1.0)));
}

fn draw_land(
    pixmap: &mut PixmapMut<'_>,
    stage: Area,
    horizon: f32,
    setting: Setting,
    time: Option<Time>,
    rng: &mut Rng,
) {
    let width = pixmap.width() as f32;
    let shade = |top: u32, bottom: u32| shade(top, bottom, time);
    // Positions and sizes are shares of the picture's width and the stage's height.
    let hump = |pixmap: &mut PixmapMut<'_>, (x, below): (f32, f32), (w, h): (f32, f32), color| {
        draw_hump(pixmap, (width * x, horizon + stage.h * below), (width * w, stage.h * h), color);
    };
    match setting {
        Setting::Sea => draw_sea(pixmap, stage, horizon, shade(0x3f_9b_cf, 0x1b_5a_96)),
        Setting::Beach => {
            draw_sea(pixmap, stage, horizon - stage.h * 0.06, shade(0x4f_b4_d8, 0x2f_8a_c0));
            draw_ground(pixmap, horizon + stage.h * 0.12, shade(0xf0_dc_a8, 0xd8_b8_78));
        }
        Setting::Desert => {
            hump(pixmap, (0.22, 0.14), (0.5, 0.2), shade(0xf2_cf_8a, 0xe0_b0_66).0);
            hump(pixmap, (0.85, 0.16), (0.5, 0.24), shade(0xe8_bf_76, 0xd8_a8_5c).0);
            draw_ground(pixmap, horizon + stage.h * 0.1, shade(0xee_c8_80, 0xd0_9c_54));
        }
        Setting::Meadow => {
            hump(pixmap, (0.2, 0.16), (0.55, 0.24), shade(0x8c_c8_6a, 0x5c_a0_4a).0);
            hump(pixmap, (0.85, 0.18), (0.5, 0.22), shade(0x7c_bc_5c, 0x5c_a0_4a).0);
            draw_ground(pixmap, horizon + stage.h * 0.1, shade(0x6d_b5_52, 0x3f_86_3a));
        }
        Setting::City => draw_city(pixmap, stage, horizon, time, rng),
        Setting::Space => {
            let radius = stage.w.min(stage.h) * 0.12;
            let at = (stage.x + radius * 1.3, stage.y + radius * 1.4);
            let body = Area::new(at.0 - radius, at.1 - radius, radius * 2.0, radius * 2.0);
            let paint =
                vertical(body, Rgb::from_hex(0xe8_9a_6a).with_alpha(1.0), Rgb::from_hex(0x8a_3f_5a).with_alpha(1.0));
            fill(pixmap, circle(at.0, at.1, radius), &paint);
        }
    }
}

fn draw_hump(pixmap: &mut PixmapMut<'_>, (x, y): (f32, f32), (rx, ry): (f32, f32), color: Rgb) {
    let path = brush::oval(x, y, rx, ry);
    fill(pixmap, path, &solid(color.with_alpha(1.0)));
}

fn draw_sea(pixmap: &mut PixmapMut<'_>, stage: Area, top: f32, colors: (Rgb, Rgb)) {
    draw_ground(pixmap, top, colors);
    let (unit, width) = (stage.w.min(stage.h) * 0.01, pixmap.width() as f32);
    let foam = WHITE.with_alpha(0.28);
    for row in 0..5_u8 {
        let y = top + unit * (4.0 + 6.5 * f32::from(row));
        for column in 0..4_u8 {
            let x = width * (f32::from(column) + 0.2 + 0.37 * f32::from(row % 3)) / 4.0;
            let wave = Area::new(x, y, width * 0.1, unit * 0.8);
            fill(pixmap, rounded_rect(wave, unit), &solid(foam));
        }
    }
}

fn draw_city(pixmap: &mut PixmapMut<'_>, stage: Area, horizon: f32, time: Option<Time>, rng: &mut Rng) {
    let base = horizon + stage.h * 0.12;
    let width = pixmap.width() as f32;
    let (wall, _) = shade(0x9a_a6_bc, 0x9a_a6_bc, time);
    let window = if matches!(time, Some(Time::Night | Time::Dusk)) { Rgb::from_hex(0xff_df_8a) } else { WHITE };
    let mut x = -width * 0.02;
    while x < width {
        let house = (width * rng.random_range(0.07, 0.12), stage.h * rng.random_range(0.2, 0.52));
        let body = Area::new(x, base - house.1, house.0, house.1);
        let tone = wall.mix(WHITE, rng.random_range(0.0, 0.22));
        fill(pixmap, rounded_rect(body, 0.0), &solid(tone.with_alpha(1.0)));
        let cell = house.0 / 4.0;
        for row in 0..((house.1 / cell / 1.4) as u16).min(9) {
            for column in 0..3_u8 {
                let at = (x + cell * (0.7 + f32::from(column)), body.y + cell * (0.6 + 1.4 * f32::from(row)));
                if rng.random_below(3) > 0 {
                    let pane = Area::new(at.0, at.1, cell * 0.6, cell * 0.7);
                    fill(pixmap, rounded_rect(pane, 0.0), &solid(window.with_alpha(0.75)));
                }
            }
        }
        x += house.0 * 1.06;
    }
    draw_ground(pixmap, base, shade(0x6a_70_7c, 0x50_56_60, time));
}
