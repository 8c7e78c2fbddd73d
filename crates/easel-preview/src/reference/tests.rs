use proptest::prelude::*;

use super::*;

/// Red at the left, blue at the right.
const JPEG: &[u8] = include_bytes!("red-blue-32x16.jpg");

fn png_of(width: u32, height: u32, color: png::ColorType, depth: png::BitDepth, samples: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(color);
    encoder.set_depth(depth);
    if color == png::ColorType::Indexed {
        encoder.set_palette(vec![255, 0, 0, 0, 0, 255]);
    }
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(samples).unwrap();
    writer.finish().unwrap();
    out
}

/// The first 33 bytes of a PNG of this size, with a valid checksum, and an end.
fn png_header(width: u32, height: u32) -> Vec<u8> {
    let mut whole = png_of(1, 1, png::ColorType::Grayscale, png::BitDepth::Eight, &[0]);
    whole[16..20].copy_from_slice(&width.to_be_bytes());
    whole[20..24].copy_from_slice(&height.to_be_bytes());
    let checksum = crc(&whole[12..29]);
    whole[29..33].copy_from_slice(&checksum.to_be_bytes());
    whole
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

fn red_left_blue_right() -> Vec<u8> {
    (0..32 * 16).flat_map(|i| if i % 32 < 16 { [220, 10, 10, 255] } else { [10, 10, 220, 255] }).collect()
}

fn gif_of(width: u16, height: u16, frame: &gif::Frame<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = gif::Encoder::new(&mut out, width, height, &[220, 10, 10, 10, 10, 220]).unwrap();
    encoder.write_frame(frame).unwrap();
    drop(encoder);
    out
}

fn assert_red_left_blue_right(bytes: &[u8], what: &str) {
    let pixmap = decode_thumbnail(bytes, 16).unwrap_or_else(|error| panic!("{what}: {error:?}"));
    assert_eq!((pixmap.width(), pixmap.height()), (16, 8), "{what}");
    let (left, right) = (pixmap.pixel(3, 4).unwrap(), pixmap.pixel(12, 4).unwrap());
    assert!(left.red() > 180 && left.blue() < 60, "{what}: {left:?}");
    assert!(right.blue() > 180 && right.red() < 60, "{what}: {right:?}");
    assert_eq!(left.alpha(), 255, "{what}");
}

#[test]
fn all_formats_keep_their_aspect_ratio() {
    let rgba = red_left_blue_right();
    let png = png_of(32, 16, png::ColorType::Rgba, png::BitDepth::Eight, &rgba);
    assert_red_left_blue_right(&png, "PNG");
    assert_red_left_blue_right(JPEG, "JPEG");
    let mut webp = Vec::new();
    image_webp::WebPEncoder::new(&mut webp).encode(&rgba, 32, 16, image_webp::ColorType::Rgba8).unwrap();
    assert_red_left_blue_right(&webp, "WebP");
    let indices: Vec<u8> = (0..32 * 16).map(|i| u8::from(i % 32 >= 16)).collect();
    assert_red_left_blue_right(&gif_of(32, 16, &gif::Frame::from_indexed_pixels(32, 16, indices, None)), "GIF");
}

#[test]
fn png_of_every_sample_layout_is_read() {
    use png::{BitDepth, ColorType};
    for (color, depth, samples, expected) in [
        (ColorType::Grayscale, BitDepth::One, vec![0b1000_0000], [255, 255, 255, 255]),
        (ColorType::Grayscale, BitDepth::Sixteen, vec![128, 0], [128, 128, 128, 255]),
        (ColorType::GrayscaleAlpha, BitDepth::Eight, vec![200, 0], [0, 0, 0, 0]),
        (ColorType::Indexed, BitDepth::Two, vec![0b0100_0000], [0, 0, 255, 255]),
        (ColorType::Rgb, BitDepth::Sixteen, vec![255, 255, 0, 0, 0, 0], [255, 0, 0, 255]),
        (ColorType::Rgba, BitDepth::Eight, vec![255, 0, 0, 128], [128, 0, 0, 128]),
    ] {
        let pixmap = decode_thumbnail(&png_of(1, 1, color, depth, &samples), 100).unwrap();
        assert_eq!(pixmap.data(), expected, "{color:?} {depth:?}");
    }
}

#[test]
fn small_gif_frame_keeps_its_position() {
    let mut frame = gif::Frame::from_indexed_pixels(2, 2, vec![1; 4], None);
    (frame.left, frame.top) = (2, 1);
    let pixmap = decode_thumbnail(&gif_of(4, 4, &frame), 100).unwrap();
    assert_eq!(pixmap.pixel(0, 0).unwrap().alpha(), 0);
    assert_eq!(pixmap.pixel(2, 1).unwrap().blue(), 220);
    assert_eq!(pixmap.pixel(3, 3).unwrap().alpha(), 0);
}

#[test]
fn gif_frame_outside_its_canvas_is_cropped() {
    for (left, top) in [(3, 3), (4, 0), (0, 4), (9, 0), (9, 9), (u16::MAX, 0), (u16::MAX, u16::MAX)] {
        let mut frame = gif::Frame::from_indexed_pixels(3, 3, vec![1; 9], None);
        (frame.left, frame.top) = (left, top);
        let result = decode_thumbnail(&gif_of(4, 4, &frame), 100);
        assert!(matches!(result, Ok(_) | Err(ThumbnailError::Broken { .. })), "{left},{top}");
    }
}

#[test]
fn too_many_pixels_are_rejected_before_decoding() {
    for (width, height) in [(50_000, 50_000), (1 << 31, 1), (8_000, 6_251)] {
        let result = decode_thumbnail(&png_header(width, height), 100);
        assert!(
            matches!(result, Err(ThumbnailError::TooLarge { .. } | ThumbnailError::Broken { .. })),
            "{width}x{height}: {:?}",
            result.err()
        );
    }
    let result = decode_thumbnail(&png_header(50_000, 50_000), 100).err();
    assert_eq!(result, Some(ThumbnailError::TooLarge { format: "PNG", width: 50_000, height: 50_000 }));
    let mut gif = gif_of(1, 1, &gif::Frame::from_indexed_pixels(1, 1, vec![0], None));
    gif[6..10].copy_from_slice(&[0xff; 4]);
    assert!(matches!(decode_thumbnail(&gif, 100), Err(ThumbnailError::TooLarge { format: "GIF", .. })));
}

#[test]
fn rejects_other_and_truncated_files() {
    assert_eq!(decode_thumbnail(b"", 100).err(), Some(ThumbnailError::Unknown));
    assert_eq!(decode_thumbnail(b"<svg></svg>", 100).err(), Some(ThumbnailError::Unknown));
    let png = png_of(32, 16, png::ColorType::Rgba, png::BitDepth::Eight, &red_left_blue_right());
    assert_eq!(decode_thumbnail(&png[..60], 100).err(), Some(ThumbnailError::Broken { format: "PNG" }));
    assert_eq!(decode_thumbnail(&JPEG[..50], 100).err(), Some(ThumbnailError::Broken { format: "JPEG" }));
    assert_eq!(decode_thumbnail(b"RIFF\0\0\0\0WEBPVP8 ", 100).err(), Some(ThumbnailError::Broken { format: "WebP" }));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_files_never_panic(
        which in 0..4_usize,
        damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..6),
        keep in any::<proptest::sample::Index>(),
    ) {
        let rgba = red_left_blue_right();
        let mut bytes = match which {
            0 => png_of(32, 16, png::ColorType::Rgba, png::BitDepth::Eight, &rgba),
            1 => JPEG.to_vec(),
            2 => {
                let mut webp = Vec::new();
                let encoder = image_webp::WebPEncoder::new(&mut webp);
                encoder.encode(&rgba, 32, 16, image_webp::ColorType::Rgba8).unwrap();
                webp
            }
            _ => gif_of(32, 16, &gif::Frame::from_indexed_pixels(32, 16, vec![1; 512], None)),
        };
        for (at, value) in damage {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let _ = decode_thumbnail(&bytes, 16);
        bytes.truncate(keep.index(bytes.len()));
        let _ = decode_thumbnail(&bytes, 16);
    }
}
