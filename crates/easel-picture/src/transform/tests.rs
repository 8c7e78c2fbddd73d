mod golden;

use proptest::prelude::*;

use super::*;

const RED: [u8; 4] = [200, 0, 0, 255];
const CLEAR: [u8; 4] = [0; 4];

/// A picture of one pixel value with a rectangle of another: left, top, width and height.
fn framed(size: (u32, u32), around: [u8; 4], inside: [u8; 4], rectangle: (u32, u32, u32, u32)) -> Picture {
    let (left, top, width, height) = rectangle;
    let is_inside = |x: u32, y: u32| (left..left + width).contains(&x) && (top..top + height).contains(&y);
    let pixels = (0..size.1).flat_map(|y| (0..size.0).map(move |x| (x, y)));
    let rgba = pixels.flat_map(|(x, y)| if is_inside(x, y) { inside } else { around }).collect();
    Picture { width: size.0, height: size.1, rgba, icc_profile: Some(vec![1]) }
}

fn pixel(picture: &Picture, x: u32, y: u32) -> [u8; 4] {
    let at = (y * picture.width + x) as usize * 4;
    picture.rgba[at..at + 4].try_into().unwrap()
}

fn size(picture: &Picture) -> (u32, u32) {
    (picture.width, picture.height)
}

fn to(width: u32, height: u32, fit: Fit) -> Transform {
    Transform { width: Some(width), height: Some(height), fit, ..Transform::default() }
}

#[test]
fn nothing_to_do_changes_no_pixel() {
    let picture = framed((5, 3), CLEAR, RED, (1, 1, 2, 1));
    assert_eq!(picture.transform(&Transform::default()).unwrap(), picture);
}

#[test]
fn other_side_follows_the_aspect() {
    let picture = framed((40, 30), RED, RED, (0, 0, 0, 0));
    let scaled = |width, height| picture.transform(&Transform { width, height, ..Transform::default() }).unwrap();
    assert_eq!(size(&scaled(Some(20), None)), (20, 15));
    assert_eq!(size(&scaled(None, Some(60))), (80, 60));
    assert_eq!(size(&scaled(Some(20), Some(15))), (20, 15));
}

#[test]
fn sides_that_round_to_the_aspect_are_accepted() {
    let picture = framed((2_048, 1_152), RED, RED, (0, 0, 0, 0));
    let scaled = |width, height| picture.transform(&Transform { width, height, ..Transform::default() });
    for (width, height) in [(Some(102), None), (Some(102), Some(57)), (Some(101), Some(57)), (None, Some(57))] {
        assert!(scaled(width, height).is_ok(), "{width:?} x {height:?}");
    }
    assert!(matches!(scaled(Some(102), Some(59)), Err(TransformError::Aspect { .. })));
}

#[test]
fn other_aspect_is_refused() {
    let picture = framed((40, 30), RED, RED, (0, 0, 0, 0));
    let refused = picture.transform(&to(20, 20, Fit::Refuse)).unwrap_err();
    assert_eq!(refused.to_string(), "a picture of 40x30 pixels does not have the aspect of 20x20");
    assert!(picture.transform(&to(3, 2, Fit::Refuse)).is_ok(), "3x2 is as near as whole pixels come to 4:3");
}

#[test]
fn contain_shows_everything_in_the_middle() {
    let picture = framed((40, 20), RED, RED, (0, 0, 0, 0));
    let contained = picture.transform(&to(20, 20, Fit::Contain)).unwrap();
    assert_eq!((size(&contained), contained.icc_profile.as_deref()), ((20, 20), Some(&[1][..])));
    for (y, expected) in [(0, CLEAR), (4, CLEAR), (5, RED), (14, RED), (15, CLEAR), (19, CLEAR)] {
        assert_eq!(pixel(&contained, 10, y), expected, "{y}");
    }
}

#[test]
fn cover_cuts_off_both_ends() {
    // Blue at both ends, in a width that is cut off.
    let picture = framed((40, 20), [0, 0, 255, 255], RED, (10, 0, 20, 20));
    let covered = picture.transform(&to(20, 20, Fit::Cover)).unwrap();
    assert_eq!(covered.rgba, framed((20, 20), RED, RED, (0, 0, 0, 0)).rgba);
}

#[test]
fn borders_are_trimmed() {
    let trim = Transform { trim: true, ..Transform::default() };
    let noise = |value: u8| [250 - value, 250, 245 + value, 255];
    for (around, expected) in [(CLEAR, (3, 2)), ([9, 9, 9, 8], (3, 2)), (noise(0), (3, 2)), (noise(7), (3, 2))] {
        let trimmed = framed((10, 8), around, RED, (4, 5, 3, 2)).transform(&trim).unwrap();
        assert_eq!(size(&trimmed), expected, "{around:?}");
        assert!(trimmed.rgba.chunks_exact(4).all(|pixel| pixel == RED));
    }
    let edge = framed((10, 8), CLEAR, RED, (0, 0, 3, 8));
    assert_eq!(size(&edge.transform(&trim).unwrap()), (10, 8), "corners of two colors are no border");
    let blank = framed((10, 8), RED, RED, (0, 0, 0, 0)).transform(&trim);
    assert!(matches!(blank, Err(TransformError::Blank)));
}

#[test]
fn what_is_cut_off_does_not_color_the_edge() {
    let picture = framed((40, 40), [0, 0, 255, 255], RED, (10, 10, 20, 20));
    let trimmed = picture.transform(&Transform { trim: true, ..to(7, 7, Fit::Refuse) }).unwrap();
    assert!(trimmed.rgba.chunks_exact(4).all(|pixel| pixel == RED));
}

#[test]
fn padding_is_within_a_size_and_around_a_picture() {
    let picture = framed((10, 10), RED, RED, (0, 0, 0, 0));
    let padded = |width, height, padding| {
        picture.transform(&Transform { width, height, padding, ..Transform::default() }).map(|padded| {
            let area = padded.content().unwrap();
            (size(&padded), (area.left, area.top), area.size)
        })
    };
    assert_eq!(padded(None, None, 3).unwrap(), ((16, 16), (3, 3), (10, 10)));
    assert_eq!(padded(Some(20), Some(20), 5).unwrap(), ((20, 20), (5, 5), (10, 10)));
    assert_eq!(padded(Some(20), None, 5).unwrap(), ((20, 20), (5, 5), (10, 10)));
    assert!(matches!(padded(Some(20), Some(20), 10), Err(TransformError::NoRoom)));
    assert!(matches!(padded(Some(20), None, 10), Err(TransformError::NoRoom)));
    assert!(matches!(padded(None, None, u32::MAX), Err(TransformError::TooLarge(..))));
    assert!(matches!(padded(Some(20), Some(20), u32::MAX), Err(TransformError::NoRoom)));
}

#[test]
fn background_is_mixed_in_by_alpha() {
    let picture = framed((4, 4), [200, 100, 0, 128], CLEAR, (0, 0, 1, 1));
    let background = Some("#0064ff".parse().unwrap());
    let filled = picture.transform(&Transform { background, padding: 1, ..Transform::default() }).unwrap();
    assert!(filled.is_opaque());
    for at in [(0, 0), (1, 1), (5, 5)] {
        assert_eq!(pixel(&filled, at.0, at.1), [0, 100, 255, 255], "{at:?}");
    }
    assert_eq!(pixel(&filled, 2, 2), [100, 100, 127, 255]);
}

#[test]
fn transparent_pixels_do_not_darken_their_neighbours() {
    let picture = framed((64, 64), CLEAR, RED, (16, 16, 32, 32));
    let scaled = picture.transform(&to(23, 23, Fit::Refuse)).unwrap();
    for pixel in scaled.rgba.as_chunks::<4>().0.iter().filter(|pixel| pixel[3] > 16) {
        // The filter overshoots at edges, but never towards the black of the transparent pixels.
        assert!(pixel[0] >= 192 && pixel[1] == 0 && pixel[2] == 0, "{pixel:?}");
    }
}

#[test]
fn colors_have_six_digits() {
    assert_eq!("#00ff7F".parse(), Ok(Color([0, 255, 127])));
    for text in ["", "#", "ffffff", "#fff", "#ffffff0", "#gggggg", "#+fffff", "#é12345"] {
        assert_eq!(text.parse::<Color>(), Err(canvas::ColorError), "{text}");
    }
}

#[test]
fn border_color_needs_one_opaque_color_all_around() {
    let inside = (1, 1, 8, 6);
    assert_eq!(framed((10, 8), RED, CLEAR, inside).border_color(), Some(Color([200, 0, 0])));
    assert_eq!(framed((10, 8), CLEAR, RED, inside).border_color(), None);
    assert_eq!(framed((10, 8), RED, [0, 0, 0, 255], (9, 3, 1, 1)).border_color(), None);
    assert_eq!(framed((1, 1), RED, RED, inside).border_color(), Some(Color([200, 0, 0])));
}

#[test]
fn large_results_are_refused_before_they_are_allocated() {
    let picture = framed((2, 2), RED, RED, (0, 0, 0, 0));
    for (width, height) in [(16_385, 1), (16_384, 16_384), (u32::MAX, u32::MAX), (0, 1)] {
        let refused = picture.transform(&to(width, height, Fit::Cover));
        assert!(matches!(refused, Err(TransformError::TooLarge(..))), "{width}x{height}");
    }
}

proptest! {
    #[test]
    fn one_side_alone_is_filled(
        from in (1_u32..200, 1_u32..200),
        side in 1_u32..200,
        is_width in any::<bool>(),
        fit in prop::sample::select(vec![Fit::Refuse, Fit::Contain, Fit::Cover]),
    ) {
        let picture = framed(from, RED, RED, (0, 0, 0, 0));
        let (width, height) = (is_width.then_some(side), (!is_width).then_some(side));
        match picture.transform(&Transform { width, height, fit, ..Transform::default() }) {
            Ok(scaled) => {
                prop_assert_eq!(if is_width { scaled.width } else { scaled.height }, side);
                prop_assert!(scaled.is_opaque());
            }
            Err(error) => prop_assert!(matches!(error, TransformError::TooLarge(..)), "{}", error),
        }
    }

    #[test]
    fn every_result_has_its_size(
        from in (1_u32..50, 1_u32..50),
        wanted in (1_u32..50, 1_u32..50),
        is_cover in any::<bool>(),
        padding in 0_u32..4,
    ) {
        let picture = framed(from, RED, RED, (0, 0, 0, 0));
        let fit = if is_cover { Fit::Cover } else { Fit::Contain };
        match picture.transform(&Transform { padding, ..to(wanted.0, wanted.1, fit) }) {
            Ok(result) => {
                prop_assert_eq!(size(&result), wanted);
                prop_assert_eq!(result.rgba.len(), (wanted.0 * wanted.1 * 4) as usize);
                let content = result.rgba.chunks_exact(4).filter(|pixel| pixel[3] > 0);
                prop_assert!(content.into_iter().all(|pixel| pixel == RED));
            }
            Err(error) => prop_assert!(matches!(error, TransformError::NoRoom), "{}", error),
        }
    }
}
