//! Composites: the base outside the mask, the edit inside it.

use proptest::prelude::*;

use super::*;

/// A mask of the pixels for which `is_inside` holds.
fn drawn_mask(width: u32, height: u32, is_inside: impl Fn(u32, u32) -> bool) -> Mask {
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let rgba = pixels.flat_map(|(x, y)| [0, 0, 0, if is_inside(x, y) { 0 } else { 255 }]).collect();
    Mask::new(&Picture { width, height, rgba, icc_profile: None }, (width, height)).unwrap()
}

/// A color profile of the version 2 with a description and a copyright.
fn profile_of(description: &[u8], copyright: &[u8]) -> Vec<u8> {
    let text = |kind: &[u8], text: &[u8]| {
        let length = u32::try_from(text.len()).unwrap().to_be_bytes();
        [kind, &[0; 4], &length, text].concat()
    };
    let (description, copyright) = (text(b"desc", description), text(b"desc", copyright));
    let mut profile = vec![0; 128];
    profile.extend(2_u32.to_be_bytes());
    let mut start = 132 + 24;
    for (name, tag) in [(b"cprt", &copyright), (b"desc", &description)] {
        let size = u32::try_from(tag.len()).unwrap();
        profile.extend_from_slice(name);
        profile.extend([u32::to_be_bytes(start), size.to_be_bytes()].concat());
        start += size;
    }
    profile.extend([copyright, description].concat());
    profile
}

#[test]
fn composite_equals_the_base_outside_and_the_edit_deep_inside() {
    let base = scene(200, 100);
    let edited = flat(200, 100, [10, 200, 30, 255]);
    let protected = mask(200, 100, 80..150);
    let edit = Edit::new(&base, edited).unwrap();
    let composite = edit.composite(&edit.compare(Some(&protected)), &protected, 8).unwrap();
    assert_eq!(composite.feather, 8);
    for (at, pixel) in composite.picture.rgba.chunks_exact(4).enumerate() {
        let x = at % 200;
        let original = &base.rgba[at * 4..at * 4 + 4];
        if (80..150).contains(&x) {
            assert!(!(88..142).contains(&x) || pixel == [10, 200, 30, 255], "{x}");
        } else {
            assert_eq!(pixel, original, "{x}");
        }
    }
    // The blend rises from the edge inwards.
    let green = |x: usize| i32::from(composite.picture.rgba[(50 * 200 + x) * 4 + 1]);
    let original = |x: usize| i32::from(base.rgba[(50 * 200 + x) * 4 + 1]);
    let part = |x: usize| (green(x) - original(x)) * 100 / (200 - original(x));
    assert!(part(80) < 20 && part(84) > 30 && part(84) < 80 && part(87) > 80, "{} {} {}", part(80), part(84), part(87));
}

#[test]
fn narrow_mask_gets_a_shorter_feather() {
    let base = scene(64, 64);
    let protected = mask(64, 64, 30..33);
    let edit = Edit::new(&base, flat(64, 64, [1, 2, 3, 255])).unwrap();
    let composite = edit.composite(&edit.compare(Some(&protected)), &protected, 64).unwrap();
    assert!(composite.feather < 3, "{}", composite.feather);
    assert_eq!(composite.picture.rgba[31 * 4..32 * 4], [1, 2, 3, 255]);
    let hard = edit.composite(&edit.compare(Some(&protected)), &protected, 0).unwrap();
    assert_eq!(hard.picture.rgba[30 * 4..31 * 4], [1, 2, 3, 255]);
    assert_eq!(hard.picture.rgba[33 * 4..34 * 4], base.rgba[33 * 4..34 * 4]);
}

#[test]
fn thin_line_beside_a_square_keeps_the_edit() {
    let base = scene(200, 120);
    for thickness in [1, 4, 12] {
        let line = 60..60 + thickness;
        let mask = drawn_mask(200, 120, |x, y| {
            (10..90).contains(&x) && (20..110).contains(&y) || (90..190).contains(&x) && line.contains(&y)
        });
        let edit = Edit::new(&base, flat(200, 120, [10, 200, 30, 255])).unwrap();
        let composite = edit.composite(&edit.compare(Some(&mask)), &mask, 16).unwrap();
        assert_eq!(composite.feather, 16);
        let pixel = |x: u32, y: u32| &composite.picture.rgba[((y * 200 + x) * 4) as usize..][..4];
        let middle = 60 + thickness / 2;
        assert!((110..185).all(|x| pixel(x, middle) == [10, 200, 30, 255]), "{thickness}");
        assert_eq!(pixel(50, 60), [10, 200, 30, 255]);
        // The square fades in.
        assert_ne!(pixel(12, 60), [10, 200, 30, 255]);
    }
}

#[test]
fn disc_and_corner_have_the_edit_in_the_middle() {
    let base = scene(120, 120);
    let disc = drawn_mask(120, 120, |x, y| x.abs_diff(60).pow(2) + y.abs_diff(60).pow(2) < 400);
    // At the border of the picture nothing is protected, so nothing fades.
    let corner = drawn_mask(120, 120, |x, y| x < 30 && y < 30);
    for (mask, x, y) in [(disc, 60, 60), (corner, 0, 0)] {
        let edit = Edit::new(&base, flat(120, 120, [10, 200, 30, 255])).unwrap();
        let composite = edit.composite(&edit.compare(Some(&mask)), &mask, 8).unwrap();
        assert_eq!(composite.picture.rgba[(y * 120 + x) * 4..][..4], [10, 200, 30, 255]);
    }
}

#[test]
fn composite_is_refused_with_its_reason() {
    let base = scene(512, 384);
    let refusal = |edited: Picture, mask: &Mask| {
        let edit = Edit::new(&base, edited).unwrap();
        edit.composite(&edit.compare(Some(mask)), mask, 8).map(|_| ())
    };
    let left = mask(512, 384, 0..200);
    assert_eq!(refusal(base.clone(), &left), Ok(()));
    assert_eq!(refusal(scene(700, 384), &left), Err(CompositeError::AspectChanged));
    assert_eq!(refusal(scene_at(512, 384, (12, 0)), &left), Err(CompositeError::Shifted { x: 12, y: 0 }));
    assert_eq!(refusal(base.clone(), &mask(512, 384, 0..0)), Err(CompositeError::NothingInside));
    assert_eq!(refusal(base.clone(), &mask(512, 384, 0..512)), Err(CompositeError::NothingOutside));
    let profile = |name: &str| Picture { icc_profile: Some(name.as_bytes().to_vec()), ..base.clone() };
    assert_eq!(refusal(profile("Display P3"), &left), Err(CompositeError::OtherProfile));
    assert_eq!(refusal(profile("not sRGB"), &left), Err(CompositeError::OtherProfile));
    let other = Picture { icc_profile: Some(profile_of(b"Wide, not sRGB", b"sRGB")), ..base.clone() };
    assert_eq!(refusal(other, &left), Err(CompositeError::OtherProfile));
    let srgb = Picture { icc_profile: Some(profile_of(b"sRGB IEC61966-2.1", b"")), ..base.clone() };
    assert_eq!(refusal(srgb, &left), Ok(()));
}

#[test]
fn transparent_pixels_blend_without_dark_edges() {
    assert_eq!(composite::blend([0, 0, 0, 0], [200, 100, 50, 255], 128), [200, 100, 50, 128]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn composite_never_touches_a_protected_pixel(
        size in (2_u32..60, 1_u32..40),
        seed in any::<u32>(),
        feather in 0_u32..100,
    ) {
        let (width, height) = size;
        let mut state = seed;
        let mut noise = |alpha: bool| {
            let rgba = (0..width * height * 4).map(|at| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let value = state.to_be_bytes()[0];
                if at % 4 == 3 && !alpha { 255 } else if at % 4 == 3 { value & 1 } else { value }
            }).collect();
            Picture { width, height, rgba, icc_profile: None }
        };
        let (base, edited, drawn) = (noise(false), noise(false), noise(true));
        let mask = Mask::new(&drawn, (width, height)).unwrap();
        let edit = Edit::new(&base, edited).unwrap();
        let comparison = Comparison { shift: None, ..edit.compare(Some(&mask)) };
        if let Ok(composite) = edit.composite(&comparison, &mask, feather) {
            let found = Edit::new(&base, composite.picture).unwrap().compare(Some(&mask));
            prop_assert_eq!(found.outside.unwrap().mean_difference, 0.0);
        }
    }
}
