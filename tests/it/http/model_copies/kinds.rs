//! Files of every kind, and what the model sees of each.

use std::io::Cursor;

use easel_picture::{Bounds, Limits};
use easel_protocol::turn::TurnStatus;

use super::*;

/// What the model sees of a file.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    /// The file.
    File,
    /// A copy with this media type, width and height. It is red at the start and blue at the end.
    Copy(&'static str, u32, u32),
}

/// Bytes after the end of an image make its file so large that a copy is worthwhile.
fn padded(image: &[u8]) -> Vec<u8> {
    [image, &[0; 200_000]].concat()
}

fn png(color: png::ColorType, depth: png::BitDepth, pixels: [&[u8]; 2]) -> Vec<u8> {
    let mut info = png::Info::with_size(32, 16);
    (info.color_type, info.bit_depth) = (color, depth);
    let samples = [pixels[0].repeat(16), pixels[1].repeat(16)].concat().repeat(16);
    let mut bytes = Vec::new();
    let mut writer = png::Encoder::with_info(&mut bytes, info).and_then(png::Encoder::write_header).expect("a header");
    writer.write_image_data(&samples).expect("the pixels");
    writer.finish().expect("the end");
    bytes
}

/// A JPEG of 32 by 16 pixels, red at the left and blue at the right. Orientation 6 shows it turned by a right angle.
fn jpeg(orientation: Option<u8>) -> Vec<u8> {
    let pixels = [[220, 10, 10].repeat(16), [10, 10, 220].repeat(16)].concat().repeat(16);
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 90);
    if let Some(orientation) = orientation {
        let mut exif = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0".to_vec();
        exif[18] = orientation;
        encoder.add_exif_metadata(&exif).expect("Exif data");
    }
    encoder.encode(&pixels, 32, 16, jpeg_encoder::ColorType::Rgb).expect("the pixels");
    bytes
}

fn cmyk_jpeg() -> Vec<u8> {
    let mut bytes = Vec::new();
    let encoder = jpeg_encoder::Encoder::new(&mut bytes, 90);
    encoder.encode(&[0; 32 * 16 * 4], 32, 16, jpeg_encoder::ColorType::Cmyk).expect("the pixels");
    bytes
}

fn files() -> Vec<(&'static str, Vec<u8>, Seen)> {
    use png::{BitDepth, ColorType};
    const INTERLACED: &[u8] = include_bytes!("../../../../crates/easel-picture/src/decode/tests/interlaced.png");
    const PROGRESSIVE: &[u8] = include_bytes!("../../../../crates/easel-picture/src/decode/tests/progressive.jpg");
    const ANIMATED: &[u8] = include_bytes!("../../../../crates/easel-picture/src/decode/tests/animated.webp");
    let rgb = png(ColorType::Rgb, BitDepth::Eight, [&[220, 10, 10], &[10, 10, 220]]);
    let alpha = png(ColorType::Rgba, BitDepth::Eight, [&[220, 10, 10, 128], &[10, 10, 220, 128]]);
    let opaque = png(ColorType::Rgba, BitDepth::Eight, [&[220, 10, 10, 255], &[10, 10, 220, 255]]);
    let deep = png(ColorType::Rgb, BitDepth::Sixteen, [&[220, 0, 10, 0, 10, 0], &[10, 0, 10, 0, 220, 0]]);
    let mut broken = padded(&rgb);
    broken[45] ^= 0xff;
    let jpeg_copy = Seen::Copy("image/jpeg", 32, 16);
    vec![
        ("small.png", rgb.clone(), Seen::File),
        ("rgb.png", padded(&rgb), Seen::Copy("image/jpeg", 32, 16)),
        ("transparent.png", padded(&alpha), Seen::Copy("image/png", 32, 16)),
        ("opaque.png", padded(&opaque), Seen::Copy("image/jpeg", 32, 16)),
        ("deep.png", padded(&deep), Seen::Copy("image/jpeg", 32, 16)),
        ("interlaced.png", padded(INTERLACED), Seen::Copy("image/jpeg", 32, 16)),
        ("broken.png", broken, Seen::File),
        ("baseline.jpg", padded(&jpeg(None)), Seen::Copy("image/jpeg", 32, 16)),
        ("progressive.jpg", padded(PROGRESSIVE), jpeg_copy),
        ("turned.jpg", padded(&jpeg(Some(6))), Seen::Copy("image/jpeg", 16, 32)),
        ("cmyk.jpg", padded(&cmyk_jpeg()), Seen::File),
        ("animated.webp", padded(ANIMATED), Seen::Copy("image/jpeg", 32, 16)),
    ]
}

#[tokio::test]
async fn files_of_every_kind_are_shown_small_and_upright() {
    let provider = provider();
    // Without stripping, a file arrives as it is.
    let (sandbox, mut server) = start(&provider, "images.strip_metadata = false\n", STANDALONE).await;
    for (name, bytes, expected) in files() {
        let thread = server.start_thread().await;
        let file = sandbox.write_file(name, &bytes);
        let events = server.run_turn(&thread.id, vec![text("hello"), local_image(&file)]).await;
        assert_eq!(completed_turn(&events).status, TurnStatus::Completed, "{name}");
        let [(media_type, sent)] = newest_images(&provider).try_into().expect("one image");
        match expected {
            Seen::File => assert!(sent == bytes, "{name}: {} bytes as {media_type}", sent.len()),
            Seen::Copy(expected, width, height) => {
                assert_eq!(media_type, expected, "{name}");
                assert!(sent.len() < 5_000, "{name}: {} bytes", sent.len());
                assert_red_then_blue(name, &sent, (width, height));
            }
        }
    }
    server.close().await;
}

fn assert_red_then_blue(name: &str, image: &[u8], size: (u32, u32)) {
    let picture = easel_picture::read(Cursor::new(image), Bounds::edge(100), Limits::default()).expect(name);
    assert_eq!((picture.width, picture.height), size, "{name}");
    let pixels: Vec<[u8; 4]> = picture.rgba.as_chunks().0.to_vec();
    let (first, last) = (pixels[0], pixels[pixels.len() - 1]);
    assert!(first[0] > 180 && first[2] < 60, "{name}: {first:?}");
    assert!(last[2] > 180 && last[0] < 60, "{name}: {last:?}");
    assert_eq!(first[3], if name == "transparent.png" { 128 } else { 255 }, "{name}");
}
