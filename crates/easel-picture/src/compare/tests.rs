//! What is counted. The subjects with tests of their own are modules.

mod composites;
mod masks;
mod shifts;

use std::io::Cursor;

use super::*;
use crate::{Bounds, Limits, read};

/// A picture with shapes of many sizes, so that every shift of it differs from it.
fn scene(width: u32, height: u32) -> Picture {
    scene_at(width, height, (0, 0))
}

/// The same scene, moved to the right and down.
fn scene_at(width: u32, height: u32, (dx, dy): (i32, i32)) -> Picture {
    let wave = |x: f64, y: f64| (x * 0.031 + (y * 0.017).sin() * 3.0).sin() + (x * y * 0.000_7).cos();
    let pixel = |x: i32, y: i32| {
        let (x, y) = (f64::from(x - dx), f64::from(y - dy));
        let value = (wave(x, y) + 2.0) * 60.0;
        let block =
            if ((x / 37.0).floor() * 7.0 + (y / 29.0).floor() * 13.0).rem_euclid(5.0) < 2.0 { 40.0 } else { 0.0 };
        [value + block, value * 0.8, 255.0 - value].map(|channel| channel.clamp(0.0, 255.0) as u8)
    };
    let coordinates = (0..height as i32).flat_map(|y| (0..width as i32).map(move |x| (x, y)));
    let rgba = coordinates.flat_map(|(x, y)| {
        let [r, g, b] = pixel(x, y);
        [r, g, b, 255]
    });
    Picture { width, height, rgba: rgba.collect(), icc_profile: None }
}

fn flat(width: u32, height: u32, color: [u8; 4]) -> Picture {
    Picture { width, height, rgba: color.repeat((width * height) as usize), icc_profile: None }
}

/// A mask whose pixels in the columns `from..to` of all rows are transparent.
fn mask(width: u32, height: u32, columns: std::ops::Range<u32>) -> Mask {
    let alpha = |x: u32| if columns.contains(&x) { 0 } else { 255 };
    let rgba = (0..height).flat_map(|_| (0..width).flat_map(|x| [0, 0, 0, alpha(x)])).collect();
    Mask::new(&Picture { width, height, rgba, icc_profile: None }, (width, height)).unwrap()
}

fn compare(base: &Picture, edited: Picture, mask: Option<&Mask>) -> Comparison {
    Edit::new(base, edited).unwrap().compare(mask)
}

#[test]
fn equal_pictures_have_no_difference() {
    let picture = scene(200, 150);
    let same = compare(&picture, picture.clone(), None);
    assert_eq!((same.resampled, same.aspect_changed, same.shift, same.outside), (false, false, None, None));
    assert_eq!(same.inside, ChangedPixels { pixels: 30_000, ..ChangedPixels::default() });
}

#[test]
fn changed_pixel_is_counted_on_its_side_of_the_mask() {
    let base = scene(100, 60);
    let mask = mask(100, 60, 50..100);
    for (x, y) in [(10_usize, 20_usize), (70, 59)] {
        let mut edited = base.clone();
        edited.rgba[(y * 100 + x) * 4] ^= 128;
        let found = compare(&base, edited, Some(&mask));
        let outside = found.outside.unwrap();
        let (hit, other) = if x < 50 { (outside, found.inside) } else { (found.inside, outside) };
        let bounds = PixelBox { x: x as u32, y: y as u32, width: 1, height: 1 };
        assert_eq!((hit.pixels, hit.changed, hit.bounds), (3_000, 1, Some(bounds)));
        assert!(hit.mean_difference > 0.0);
        assert_eq!((other.changed, other.mean_difference), (0, 0.0));
    }
}

#[test]
fn tolerance_is_eight_and_the_mean_has_none() {
    let base = flat(10, 10, [100, 100, 100, 255]);
    for (value, changed) in [(108, 0), (109, 100), (92, 0), (91, 100)] {
        let found = compare(&base, flat(10, 10, [100, value, 100, 255]), None).inside;
        assert_eq!(found.changed, changed, "{value}");
        assert!((found.mean_difference - f64::from(value.abs_diff(100))).abs() < 1e-9);
    }
}

#[test]
fn invisible_colors_do_not_count_and_alpha_does() {
    let base = flat(4, 4, [200, 0, 0, 0]);
    assert_eq!(compare(&base, flat(4, 4, [0, 0, 200, 0]), None).inside.changed, 0);
    assert_eq!(compare(&base, flat(4, 4, [200, 0, 0, 255]), None).inside.changed, 16);
}

#[test]
fn pictures_of_any_size_are_compared() {
    for (width, height) in [(1, 1), (3, 200), (17, 5), (64, 64), (100, 9)] {
        let base = scene(width, height);
        assert_eq!(compare(&base, base.clone(), None).inside.changed, 0);
        let moved = compare(&base, scene_at(width, height, (4, 4)), None);
        assert_eq!(moved.inside.pixels, u64::from(width * height));
    }
}

#[test]
fn larger_result_is_scaled_and_another_aspect_named() {
    let base = scene(512, 512);
    let larger = compare(&base, scene(512, 512).stretch(528, 528).unwrap(), None);
    assert!(larger.resampled && !larger.aspect_changed);
    assert!(larger.inside.share() < 0.05, "{}", larger.inside.share());
    let wider = compare(&base, scene(768, 512), None);
    assert!(wider.resampled && wider.aspect_changed);
    assert!(!compare(&base, scene(517, 512), None).aspect_changed);
    assert!(compare(&base, scene(518, 512), None).aspect_changed);
}

#[test]
fn heat_map_is_transparent_where_nothing_changed() {
    let base = scene(20, 10);
    let mut edited = base.clone();
    edited.rgba[5 * 4] ^= 255;
    let heat_map = Edit::new(&base, edited).unwrap().to_heat_map();
    let visible: Vec<usize> = (0..200).filter(|at| heat_map.rgba[at * 4 + 3] > 0).collect();
    assert_eq!(visible, [5]);
}

/// The figures in the comment of [`TOLERANCE`].
#[test]
fn jpeg_noise_changes_few_pixels_and_little() {
    let base = scene(512, 512);
    let jpeg = base.to_jpeg(90).unwrap();
    let decoded = read(Cursor::new(jpeg), Bounds::edge(u32::MAX), Limits::default()).unwrap();
    let found = compare(&base, decoded, None).inside;
    assert!(found.share() < 0.06 && found.mean_difference < 3.0, "{} {}", found.share(), found.mean_difference);
    assert_eq!(found.damaged_blocks, 0);
}

#[test]
fn small_blots_make_damaged_blocks_and_faint_areas_none() {
    let base = scene(1_024, 1_024);
    let mask = mask(1_024, 1_024, 400..600);
    let with_blots = |strength: u8| {
        let mut edited = base.clone();
        for (left, top) in [(3, 5), (1_000, 1_002)] {
            for (x, y) in (top..top + 20).flat_map(|y| (left..left + 20).map(move |x| (x, y))) {
                let red = &mut edited.rgba[(y * 1_024 + x) * 4];
                *red = if *red < 128 { *red + strength } else { *red - strength };
            }
        }
        compare(&base, edited, Some(&mask)).outside.unwrap()
    };
    let strong = with_blots(100);
    assert_eq!((strong.changed, strong.pixels), (800, 824 * 1_024));
    assert!((4..=18).contains(&strong.damaged_blocks), "{}", strong.damaged_blocks);
    let faint = with_blots(30);
    assert_eq!((faint.changed, faint.damaged_blocks), (800, 0));
}
