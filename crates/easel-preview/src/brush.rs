//! Drawing helpers for tiny-skia: fills, gradients, and the outlines of `shapes`.

use std::f32::consts::PI;

use tiny_skia::{
    Color, FillRule, GradientStop, LinearGradient, Paint, Path, PathBuilder, PixmapMut, Point, RadialGradient, Rect,
    Shader, SpreadMode, Stroke, Transform,
};

/// A rectangle in pixels: left, top, width, height.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Area {
    pub(crate) x: f32,
    pub(crate) y: f32,
    pub(crate) w: f32,
    pub(crate) h: f32,
}

impl Area {
    pub(crate) fn new(x: f32, y: f32, w: f32, h: f32) -> Self {
        Self { x, y, w: w.max(0.0), h: h.max(0.0) }
    }

    pub(crate) fn center(self) -> (f32, f32) {
        (self.x + self.w / 2.0, self.y + self.h / 2.0)
    }

    pub(crate) fn bottom(self) -> f32 {
        self.y + self.h
    }

    pub(crate) fn shrink(self, by: f32) -> Self {
        Self::new(self.x + by, self.y + by, self.w - 2.0 * by, self.h - 2.0 * by)
    }

    /// Returns the largest rectangle with this aspect ratio (width over height) in the center of the area.
    pub(crate) fn fit(self, aspect: f32) -> Self {
        let w = self.w.min(self.h * aspect);
        let h = w / aspect;
        Self::new(self.x + (self.w - w) / 2.0, self.y + (self.h - h) / 2.0, w, h)
    }
}

pub(crate) fn solid(color: Color) -> Paint<'static> {
    Paint { shader: Shader::SolidColor(color), anti_alias: true, ..Paint::default() }
}

/// Returns a gradient from top to bottom of `area`, slightly inclined to the right.
pub(crate) fn vertical(area: Area, top: Color, bottom: Color) -> Paint<'static> {
    let lean = area.w * 0.15;
    let (x, _) = area.center();
    let shader = LinearGradient::new(
        Point::from_xy(x - lean, area.y),
        Point::from_xy(x + lean, area.bottom()),
        vec![GradientStop::new(0.0, top), GradientStop::new(1.0, bottom)],
        SpreadMode::Pad,
        Transform::identity(),
    );
    Paint { shader: shader.unwrap_or(Shader::SolidColor(top)), anti_alias: true, ..Paint::default() }
}

/// Draws a disc that fades out towards its edge.
pub(crate) fn glow(pixmap: &mut PixmapMut<'_>, (x, y): (f32, f32), radius: f32, color: Color) {
    let mut clear = color;
    clear.set_alpha(0.0);
    let center = Point::from_xy(x, y);
    let stops = vec![GradientStop::new(0.0, color), GradientStop::new(1.0, clear)];
    let shader = RadialGradient::new(center, center, radius, stops, SpreadMode::Pad, Transform::identity());
    let (Some(shader), Some(path)) = (shader, PathBuilder::from_circle(x, y, radius)) else { return };
    let paint = Paint { shader, anti_alias: false, ..Paint::default() };
    pixmap.fill_path(&path, &paint, FillRule::Winding, Transform::identity(), None);
}

pub(crate) fn fill(pixmap: &mut PixmapMut<'_>, path: Option<Path>, paint: &Paint<'_>) {
    if let Some(path) = path {
        pixmap.fill_path(&path, paint, FillRule::Winding, Transform::identity(), None);
    }
}

pub(crate) fn circle(x: f32, y: f32, radius: f32) -> Option<Path> {
    PathBuilder::from_circle(x, y, radius)
}

pub(crate) fn oval(x: f32, y: f32, rx: f32, ry: f32) -> Option<Path> {
    PathBuilder::from_oval(Rect::from_xywh(x - rx, y - ry, rx * 2.0, ry * 2.0)?)
}

pub(crate) fn rounded_rect(area: Area, radius: f32) -> Option<Path> {
    let Area { x, y, w, h } = area;
    let r = radius.min(w / 2.0).min(h / 2.0);
    if r <= 0.0 {
        return Rect::from_xywh(x, y, w, h).map(PathBuilder::from_rect);
    }
    let (right, bottom) = (x + w, y + h);
    // The control points of a cubic curve that deviates from a quarter circle by at most 0.03 %.
    let k = r * 0.447_715;
    let mut path = PathBuilder::new();
    path.move_to(x + r, y);
    path.line_to(right - r, y);
    path.cubic_to(right - k, y, right, y + k, right, y + r);
    path.line_to(right, bottom - r);
    path.cubic_to(right, bottom - k, right - k, bottom, right - r, bottom);
    path.line_to(x + r, bottom);
    path.cubic_to(x + k, bottom, x, bottom - k, x, bottom - r);
    path.line_to(x, y + r);
    path.cubic_to(x, y + k, x + k, y, x + r, y);
    path.close();
    path.finish()
}

/// Parses the outline of a layer of `shapes`; `None` if the text is invalid.
pub(crate) fn parse_outline(layer: &str) -> Option<Path> {
    let (kind, rest) = layer.split_at_checked(1)?;
    if kind == "M" {
        return parse_curve(layer);
    }
    let numbers = rest.split_whitespace().map(str::parse).collect::<Result<Vec<f32>, _>>().ok()?;
    match (kind, numbers.as_slice()) {
        ("O", [x, y, r]) => circle(*x, *y, *r),
        ("E", [x, y, rx, ry]) => oval(*x, *y, *rx, *ry),
        ("R", [x, y, w, h, r]) => rounded_rect(Area::new(*x, *y, *w, *h), *r),
        ("P", points) => polygon(points.chunks_exact(2).map(|pair| (pair[0], pair[1]))),
        ("S", [x, y, outer, inner, n]) => star((*x, *y), *outer, *inner, *n as u32),
        ("L", [width, x1, y1, x2, y2]) => line(*width, (*x1, *y1), (*x2, *y2)),
        _ => None,
    }
}

pub(crate) fn polygon(points: impl Iterator<Item = (f32, f32)>) -> Option<Path> {
    let mut path = PathBuilder::new();
    for (x, y) in points {
        if path.is_empty() {
            path.move_to(x, y);
        } else {
            path.line_to(x, y);
        }
    }
    path.close();
    path.finish()
}

fn star((x, y): (f32, f32), outer: f32, inner: f32, points: u32) -> Option<Path> {
    let step = PI / points as f32;
    polygon((0..points * 2).map(|i| {
        let radius = if i % 2 == 0 { outer } else { inner };
        let angle = step * i as f32 - PI / 2.0;
        (x + radius * angle.cos(), y + radius * angle.sin())
    }))
}

fn line(width: f32, from: (f32, f32), to: (f32, f32)) -> Option<Path> {
    let mut path = PathBuilder::new();
    path.move_to(from.0, from.1);
    path.line_to(to.0, to.1);
    let stroke = Stroke { width, line_cap: tiny_skia::LineCap::Round, ..Stroke::default() };
    // The grid is small, so round ends require a finer resolution than one pixel per unit.
    path.finish()?.stroke(&stroke, 16.0)
}

fn parse_curve(text: &str) -> Option<Path> {
    let mut words = text.split_whitespace();
    let mut path = PathBuilder::new();
    while let Some(command) = words.next() {
        let mut number = || words.next()?.parse::<f32>().ok();
        match command {
            "M" => path.move_to(number()?, number()?),
            "L" => path.line_to(number()?, number()?),
            "Q" => path.quad_to(number()?, number()?, number()?, number()?),
            "C" => path.cubic_to(number()?, number()?, number()?, number()?, number()?, number()?),
            "Z" => path.close(),
            _ => return None,
        }
    }
    path.finish()
}
