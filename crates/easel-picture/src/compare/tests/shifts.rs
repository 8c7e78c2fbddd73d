//! The search for a shift of the whole picture.

use super::*;

/// A white picture with a black disc, with soft edges.
fn disc(size: u32, radius: f64, (dx, dy): (i32, i32)) -> Picture {
    let middle = f64::from(size) / 2.0;
    let pixel = |x: i32, y: i32| {
        let distance = (f64::from(x - dx) - middle).hypot(f64::from(y - dy) - middle);
        let value = ((distance - radius + 0.5).clamp(0.0, 1.0) * 255.0) as u8;
        [value, value, value, 255]
    };
    let size_pixels = size as i32;
    let rgba = (0..size_pixels).flat_map(|y| (0..size_pixels).flat_map(move |x| pixel(x, y))).collect();
    Picture { width: size, height: size, rgba, icc_profile: None }
}

#[test]
fn shift_of_the_whole_picture_is_found_exactly() {
    let base = scene(512, 384);
    for shift in [(12, 0), (0, -20), (-9, 7), (32, 0), (4, 0), (-30, 30)] {
        assert_eq!(compare(&base, scene_at(512, 384, shift), None).shift, Some(shift));
    }
    for shift in [(0, 0), (1, 1), (3, 0), (0, -3)] {
        assert_eq!(compare(&base, scene_at(512, 384, shift), None).shift, None, "{shift:?}");
    }
}

#[test]
fn shift_is_found_outside_the_mask_beside_new_content() {
    let base = scene(512, 384);
    let mut edited = scene_at(512, 384, (12, 0));
    for row in edited.rgba.chunks_exact_mut(512 * 4) {
        row[200 * 4..].fill(90);
    }
    let protected = mask(512, 384, 200..512);
    assert_eq!(compare(&base, edited, Some(&protected)).shift, Some((12, 0)));
}

#[test]
fn flat_periodic_and_replaced_pictures_have_no_shift() {
    let stripes = |offset: u32| {
        let row = (0..256).flat_map(|x| if ((x + offset) / 8).is_multiple_of(2) { [0, 0, 0, 255] } else { [255; 4] });
        Picture { width: 256, height: 256, rgba: row.collect::<Vec<u8>>().repeat(256), icc_profile: None }
    };
    assert_eq!(compare(&stripes(0), stripes(8), None).shift, None, "stripes");
    let grey = flat(256, 256, [90, 90, 90, 255]);
    assert_eq!(compare(&grey, flat(256, 256, [160, 90, 90, 255]), None).shift, None, "flat");
    let other = Picture { rgba: scene(256, 256).rgba.iter().rev().copied().collect(), ..scene(256, 256) };
    assert_eq!(compare(&scene(256, 256), other, None).shift, None, "another picture");
}

#[test]
fn shift_of_flat_artwork_is_found() {
    for radius in [100.0, 250.0, 400.0] {
        let base = disc(1024, radius, (0, 0));
        for shift in [(8, 0), (12, 0), (-12, 5), (0, 32)] {
            let moved = disc(1024, radius, shift);
            assert_eq!(compare(&base, moved.clone(), None).shift, Some(shift), "{radius}");
            let small = moved.stretch(512, 512).unwrap();
            let (x, y) = compare(&base, small, None).shift.unwrap();
            assert!((x - shift.0).abs().max((y - shift.1).abs()) <= 1, "{radius}: {x} {y} for {shift:?}");
        }
        assert_eq!(compare(&base, base.clone(), None).shift, None);
        assert_eq!(compare(&base, disc(1024, radius, (2, 1)), None).shift, None);
    }
}

#[test]
fn flat_artwork_that_changed_is_no_shift() {
    let base = disc(512, 100.0, (0, 0));
    assert_eq!(compare(&base, disc(512, 112.0, (0, 0)), None).shift, None, "it grew");
    assert_eq!(compare(&base, flat(512, 512, [255; 4]), None).shift, None, "it went away");
    let dots = |offset: u32| {
        let is_dot = |x: u32, y: u32| (x + offset) % 32 < 8 && y % 32 < 8;
        let pixels = (0..512).flat_map(|y| (0..512).map(move |x| (x, y)));
        let rgba = pixels.flat_map(|(x, y)| if is_dot(x, y) { [0, 0, 0, 255] } else { [255; 4] }).collect();
        Picture { width: 512, height: 512, rgba, icc_profile: None }
    };
    assert_eq!(compare(&dots(0), dots(12), None).shift, None, "a pattern");
}

#[test]
fn shift_beyond_the_search_is_not_claimed() {
    let base = scene(512, 384);
    for shift in [(33, 0), (35, 0), (0, -34), (48, 0)] {
        let found = compare(&base, scene_at(512, 384, shift), None).shift;
        assert!(found.is_none_or(|(x, y)| x.abs().max(y.abs()) <= 32), "{found:?}");
    }
}
