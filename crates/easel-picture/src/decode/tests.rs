use std::io::Cursor;

use proptest::prelude::*;

use super::*;

mod samples;

use samples::{INTERLACED, JPEG, PROGRESSIVE};

const SMALL: Bounds = Bounds::edge(16);

fn decode(bytes: &[u8], edge: u32) -> Result<Picture, Error> {
    read(Cursor::new(bytes), Bounds::edge(edge), Limits::default())
}

fn pixel(picture: &Picture, x: u32, y: u32) -> [u8; 4] {
    let at = (y * picture.width + x) as usize * 4;
    picture.rgba[at..at + 4].try_into().unwrap()
}

/// Red at the left, blue at the right, half as high as wide.
fn assert_red_left_blue_right(bytes: &[u8], what: &str) {
    let picture = decode(bytes, 16).unwrap_or_else(|error| panic!("{what}: {error:?}"));
    assert_eq!((picture.width, picture.height), (16, 8), "{what}");
    let (left, right) = (pixel(&picture, 3, 4), pixel(&picture, 12, 4));
    assert!(left[0] > 180 && left[2] < 60, "{what}: {left:?}");
    assert!(right[2] > 180 && right[0] < 60, "{what}: {right:?}");
    assert_eq!(left[3], 255, "{what}");
}

#[test]
fn all_formats_are_scaled_with_their_aspect() {
    assert_red_left_blue_right(&samples::png(), "PNG");
    assert_red_left_blue_right(JPEG, "JPEG");
    assert_red_left_blue_right(PROGRESSIVE, "progressive JPEG");
    assert_red_left_blue_right(INTERLACED, "interlaced PNG");
    assert_red_left_blue_right(&samples::webp(), "WebP");
    assert_red_left_blue_right(&samples::gif(), "GIF");
}

#[test]
fn animations_show_their_first_frame() {
    assert_red_left_blue_right(&samples::animated_gif(), "GIF");
    assert_red_left_blue_right(samples::ANIMATED_WEBP, "WebP");
}

#[test]
fn png_of_every_sample_layout_is_read() {
    use ::png::{BitDepth, ColorType};
    for (color, depth, samples, expected) in [
        (ColorType::Grayscale, BitDepth::One, vec![0b1000_0000], [255, 255, 255, 255]),
        (ColorType::Grayscale, BitDepth::Sixteen, vec![128, 0], [128, 128, 128, 255]),
        (ColorType::GrayscaleAlpha, BitDepth::Eight, vec![200, 0], [200, 200, 200, 0]),
        (ColorType::Indexed, BitDepth::Two, vec![0b0100_0000], [0, 0, 255, 255]),
        (ColorType::Rgb, BitDepth::Sixteen, vec![255, 255, 0, 0, 0, 0], [255, 0, 0, 255]),
        (ColorType::Rgba, BitDepth::Eight, vec![255, 0, 0, 128], [255, 0, 0, 128]),
    ] {
        let picture = decode(&samples::png_of(1, 1, color, depth, &samples), 100).unwrap();
        assert_eq!(picture.rgba, expected, "{color:?} {depth:?}");
    }
}

#[test]
fn exif_orientation_is_applied_to_pixels() {
    // The stored picture is red at the left and blue at the right; where red is in the upright one.
    for (orientation, size, red) in [
        (1, (32, 16), (3, 8)),
        (2, (32, 16), (28, 8)),
        (3, (32, 16), (28, 8)),
        (4, (32, 16), (3, 8)),
        (5, (16, 32), (8, 3)),
        (6, (16, 32), (8, 3)),
        (7, (16, 32), (8, 28)),
        (8, (16, 32), (8, 28)),
        (9, (32, 16), (3, 8)),
    ] {
        for (what, bytes) in [("JPEG", samples::turned_jpeg(orientation)), ("PNG", samples::turned_png(orientation))] {
            let picture = decode(&bytes, 100).unwrap();
            assert_eq!((picture.width, picture.height), size, "{what} {orientation}");
            let [r, _, b, _] = pixel(&picture, red.0, red.1);
            assert!(r > 180 && b < 60, "{what} {orientation}");
        }
    }
}

#[test]
fn mirrored_orientations_differ_from_turned_ones() {
    // One red pixel in the upper left corner of 2x2 black ones.
    let corner = |orientation| {
        let mut rgba = vec![0; 16];
        rgba[0] = 255;
        let picture = Picture { width: 2, height: 2, rgba, icc_profile: None };
        let upright = Orientation::from_exif(&samples::exif(orientation)).upright(picture);
        upright.rgba.chunks_exact(4).position(|pixel| pixel[0] == 255).unwrap()
    };
    assert_eq!([1, 2, 3, 4, 5, 6, 7, 8].map(corner), [0, 1, 3, 2, 0, 1, 3, 2]);
    let column = |orientation| {
        // Stored: 0 1 / 2 3, told apart by red.
        let rgba = (0..4).flat_map(|red| [red, 0, 0, 255]).collect();
        let picture = Picture { width: 2, height: 2, rgba, icc_profile: None };
        let upright = Orientation::from_exif(&samples::exif(orientation)).upright(picture);
        [0, 4, 8, 12].map(|at| upright.rgba[at])
    };
    assert_eq!(column(5), [0, 2, 1, 3]);
    assert_eq!(column(6), [2, 0, 3, 1]);
    assert_eq!(column(7), [3, 1, 2, 0]);
    assert_eq!(column(8), [1, 3, 0, 2]);
}

#[test]
fn rgb_profile_is_kept_and_grey_one_is_not() {
    for (space, kept) in [(b"RGB ", true), (b"GRAY", false)] {
        let mut profile = vec![0; 128];
        profile[16..20].copy_from_slice(space);
        let picture = decode(&samples::profiled_png(&profile, 255), 100).unwrap();
        assert_eq!(picture.icc_profile, kept.then_some(profile));
    }
}

#[test]
fn small_gif_frame_lies_at_its_offset() {
    let picture = decode(&samples::gif_frame(4, 4, (2, 1), (2, 2)), 100).unwrap();
    assert_eq!(pixel(&picture, 0, 0)[3], 0);
    assert_eq!(pixel(&picture, 2, 1), [10, 10, 220, 255]);
    assert_eq!(pixel(&picture, 3, 3)[3], 0);
}

#[test]
fn gif_frame_outside_its_canvas_is_cut_off() {
    for offset in [(3, 3), (4, 0), (0, 4), (9, 0), (9, 9), (u16::MAX, 0), (u16::MAX, u16::MAX)] {
        let decoded = decode(&samples::gif_frame(4, 4, offset, (3, 3)), 100);
        assert!(matches!(decoded, Ok(_) | Err(Error::Damaged { .. })), "{offset:?}");
    }
}

#[test]
fn header_with_too_many_pixels_is_refused_before_decoding() {
    let too_large = |bytes: &[u8]| matches!(decode(bytes, 100), Err(Error::TooLarge { .. }));
    assert!(too_large(&samples::png_header(50_000, 50_000, false)));
    assert!(too_large(&samples::png_header(8_000, 6_600, false)));
    assert!(too_large(&samples::png_header(4_100, 4_100, true)), "interlaced");
    let mut gif = samples::gif();
    gif[6..10].copy_from_slice(&[0xff; 4]);
    assert!(too_large(&gif));
    let limits = Limits { progressive: 500, ..Limits::default() };
    assert!(matches!(read(Cursor::new(PROGRESSIVE), SMALL, limits), Err(Error::TooLarge { .. })));
    assert!(read(Cursor::new(JPEG), SMALL, limits).is_ok());
}

#[test]
fn narrow_jpeg_keeps_its_length() {
    for (width, height) in [(1, 200), (200, 1), (2, 999)] {
        let jpeg = samples::plain_jpeg(width, height);
        let whole = decode(&jpeg, 1_000).unwrap();
        assert_eq!((whole.width, whole.height), (width.into(), height.into()));
        let scaled = decode(&jpeg, 100).unwrap();
        assert_eq!(scaled.width.max(scaled.height), 100);
    }
}

#[test]
fn cmyk_jpeg_is_unsupported() {
    let decoded = decode(&samples::cmyk_jpeg(), 100);
    assert!(matches!(decoded, Err(Error::Unsupported { format: Format::Jpeg, .. })), "{decoded:?}");
}

#[test]
fn other_files_and_cut_off_pictures_are_errors() {
    assert!(matches!(decode(b"", 100), Err(Error::UnknownFormat)));
    assert!(matches!(decode(b"<svg></svg>", 100), Err(Error::UnknownFormat)));
    assert!(matches!(decode(&samples::png()[..60], 100), Err(Error::Damaged { format: Format::Png, .. })));
    assert!(matches!(decode(&JPEG[..50], 100), Err(Error::Damaged { format: Format::Jpeg, .. })));
    let webp = decode(b"RIFF\0\0\0\0WEBPVP8 ", 100);
    assert!(matches!(webp, Err(Error::Damaged { format: Format::WebP, .. })));
}

fn copy(bytes: &[u8]) -> crate::Encoded {
    crate::copy(Cursor::new(bytes), SMALL, Limits::default()).unwrap()
}

#[test]
fn opaque_picture_is_copied_as_jpeg_with_equal_bytes() {
    let jpeg = copy(&samples::png());
    assert_eq!(jpeg.format, Format::Jpeg);
    assert_eq!(jpeg, copy(&samples::png()));
    assert_red_left_blue_right(&jpeg.bytes, "a copy");
}

#[test]
fn transparent_picture_is_copied_as_png() {
    let clear = samples::png_of(1, 1, ::png::ColorType::Rgba, ::png::BitDepth::Eight, &[255, 0, 0, 128]);
    let png = copy(&clear);
    assert_eq!(png.format, Format::Png);
    assert_eq!(decode(&png.bytes, 100).unwrap().rgba, [255, 0, 0, 128]);
}

#[test]
fn copies_keep_the_color_profile() {
    let mut profile = vec![0; 128];
    profile[16..20].copy_from_slice(b"RGB ");
    for alpha in [128, 255] {
        let copy = copy(&samples::profiled_png(&profile, alpha));
        assert_eq!(copy.format, if alpha == 255 { Format::Jpeg } else { Format::Png });
        assert_eq!(decode(&copy.bytes, 100).unwrap().icc_profile.as_ref(), Some(&profile));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_files_never_panic(
        which in 0..7_usize,
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        keep in any::<prop::sample::Index>(),
    ) {
        let mut bytes = match which {
            0 => samples::png(),
            1 => JPEG.to_vec(),
            2 => samples::webp(),
            3 => samples::gif(),
            4 => PROGRESSIVE.to_vec(),
            5 => samples::turned_jpeg(6),
            _ => samples::ANIMATED_WEBP.to_vec(),
        };
        for (at, value) in damage {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let _ = decode(&bytes, 16);
        bytes.truncate(keep.index(bytes.len()));
        let _ = decode(&bytes, 16);
    }
}
