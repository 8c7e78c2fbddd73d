//! The art on the stage: background, landscape, weather, and the things of a scene.

mod arrange;
mod background;
mod landscape;
mod motif;
mod subjects;
mod weather;

use tiny_skia::PixmapMut;

use self::arrange::arrange;
use crate::brush::Area;
use crate::palette::{Palette, Rng};
use crate::scene::Scene;

/// What is drawn of a scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Everything.
    Whole,
    /// Everything but the motif, whose place the references take.
    WithoutMotif,
    /// Only the things, on a transparent picture.
    Things,
}

/// Draws a scene on `stage`, and its background on the whole pixmap.
pub(crate) fn draw_scene(pixmap: &mut PixmapMut<'_>, stage: Area, scene: &Scene, palette: &Palette, extent: Extent) {
    let mut rng = Rng::from_seed(scene.seed);
    let items = arrange(scene, stage);
    if extent == Extent::Things {
        subjects::draw_items(pixmap, palette, &items, false);
        return;
    }
    background::paint_background(pixmap, palette, &mut rng);
    landscape::draw_landscape(pixmap, stage, scene, palette, &mut rng);
    if extent == Extent::Whole && is_abstract(scene) {
        motif::draw_motif(pixmap, stage, palette, &mut rng);
    }
    weather::draw_sky(pixmap, stage, scene, palette);
    subjects::draw_items(pixmap, palette, &items, true);
    weather::draw_fall(pixmap, stage, scene, &mut rng);
}

/// Returns whether the scene has nothing to draw, so that a motif takes its place.
pub(crate) fn is_abstract(scene: &Scene) -> bool {
    scene.groups.is_empty() && scene.time.is_none() && scene.weather.is_none() && scene.setting.is_none()
}
