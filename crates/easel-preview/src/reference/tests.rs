use super::*;

/// Red at the left, blue at the right.
const JPEG: &[u8] = include_bytes!("red-blue-32x16.jpg");

fn rgba_png(width: u32, height: u32, rgba: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(png::ColorType::Rgba);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(rgba).unwrap();
    writer.finish().unwrap();
    out
}

#[test]
fn thumbnail_has_the_aspect_ratio_and_colors_of_the_image() {
    let pixmap = decode_thumbnail(JPEG, 16).unwrap();
    assert_eq!((pixmap.width(), pixmap.height()), (16, 8));
    let (left, right) = (pixmap.pixel(3, 4).unwrap(), pixmap.pixel(12, 4).unwrap());
    assert!(left.red() > 180 && left.blue() < 60, "{left:?}");
    assert!(right.blue() > 180 && right.red() < 60, "{right:?}");
}

#[test]
fn thumbnail_colors_are_premultiplied() {
    let pixmap = decode_thumbnail(&rgba_png(1, 1, &[255, 0, 0, 128]), 100).unwrap();
    assert_eq!(pixmap.data(), [128, 0, 0, 128]);
}

#[test]
fn other_files_have_no_thumbnail() {
    assert!(matches!(decode_thumbnail(b"<svg></svg>", 100), Err(Error::UnknownFormat)));
    assert!(matches!(decode_thumbnail(&JPEG[..50], 100), Err(Error::Damaged { .. })));
}
