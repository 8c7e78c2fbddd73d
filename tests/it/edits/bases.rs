//! Images of several formats that are edited.

use easel_picture::Picture;
use easel_protocol::record::{CompositeStatus, ImageRecord};
use png::{BitDepth, ColorType, Encoder};
use serde_json::json;

use super::{SIDE, Studio, pixels, protected_differences, report, scene};

/// Edits a file that the user has, and asks for a composite.
async fn edit_file(studio: &mut Studio, name: &str, file: Vec<u8>) -> ImageRecord {
    let path = studio.sandbox.project().join(name);
    std::fs::write(&path, file).expect("a file");
    let arguments = json!({ "prompt": "repaint all", "images": [path], "preserve": true });
    studio.edit_with(arguments).await.images.remove(0)
}

/// Encodes samples as a PNG of the size of the mask.
fn png(
    color: ColorType,
    depth: BitDepth,
    samples: &[u8],
    prepare: impl FnOnce(&mut Encoder<'_, &mut Vec<u8>>),
) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, SIDE, SIDE);
    encoder.set_color(color);
    encoder.set_depth(depth);
    prepare(&mut encoder);
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(samples).expect("samples");
    writer.finish().expect("the end");
    file
}

fn jpeg() -> Vec<u8> {
    scene(SIDE, SIDE, 0).to_jpeg(90).expect("a JPEG")
}

/// A JPEG that lies on its side, with the orientation that turns it upright (Exif 2.32, 4.6.4).
fn rotated_jpeg() -> Vec<u8> {
    let upright = scene(SIDE, SIDE, 0);
    let side = SIDE as usize;
    let places = (0..side).flat_map(|y| (0..side).map(move |x| (x, y)));
    let rgba = places.flat_map(|(x, y)| {
        let from = (x * side + side - 1 - y) * 4;
        upright.rgba[from..from + 4].to_vec()
    });
    let lying = Picture { rgba: rgba.collect(), ..upright.clone() };
    let orientation = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    let length = u16::try_from(orientation.len() + 2).expect("a short segment").to_be_bytes();
    let file = lying.to_jpeg(90).expect("a JPEG");
    [&file[..2], b"\xff\xe1", &length, orientation, &file[2..]].concat()
}

fn translucent() -> Vec<u8> {
    let mut picture = scene(SIDE, SIDE, 0);
    picture.rgba.iter_mut().skip(3).step_by(4).enumerate().for_each(|(at, alpha)| *alpha = (at / 256) as u8);
    picture.to_png().expect("a PNG")
}

fn palette() -> Vec<u8> {
    let samples: Vec<u8> = scene(SIDE, SIDE, 0).rgba.iter().step_by(4).map(|red| red / 16).collect();
    let colors: Vec<u8> = (0..16).flat_map(|level| [level * 16, 255 - level * 9, level * 3]).collect();
    png(ColorType::Indexed, BitDepth::Eight, &samples, |encoder| encoder.set_palette(colors))
}

fn deep() -> Vec<u8> {
    let samples: Vec<u8> = scene(SIDE, SIDE, 0).rgba.iter().flat_map(|value| [*value, 7]).collect();
    png(ColorType::Rgba, BitDepth::Sixteen, &samples, |_| {})
}

fn animated() -> Vec<u8> {
    let picture = scene(SIDE, SIDE, 0);
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, SIDE, SIDE);
    encoder.set_color(ColorType::Rgba);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_animated(2, 0).expect("two frames");
    let mut writer = encoder.write_header().expect("a header");
    for _ in 0..2 {
        writer.write_image_data(&picture.rgba).expect("a frame");
    }
    writer.finish().expect("the end");
    file
}

#[tokio::test]
async fn composite_keeps_protected_pixels_of_every_kind_of_file() {
    let mut studio = Studio::open("").await;
    let files = [
        ("a.jpg", jpeg()),
        ("turned.jpg", rotated_jpeg()),
        ("translucent.png", translucent()),
        ("palette.png", palette()),
    ];
    for (name, file) in files {
        let record = edit_file(&mut studio, name, file).await;
        assert!(record.derived.is_some(), "{name}: {:?}", record.edit);
        let base = pixels(studio.sandbox.project().join(name));
        assert_eq!(protected_differences(&base, &pixels(&record.path)), 0, "{name}");
    }
    let (upright, drawn) = (pixels(studio.sandbox.project().join("turned.jpg")), scene(SIDE, SIDE, 0));
    let difference = upright.rgba.iter().zip(&drawn.rgba).map(|(a, b)| u64::from(a.abs_diff(*b)));
    assert!(difference.sum::<u64>() / (u64::from(SIDE) * u64::from(SIDE) * 4) < 4, "it is upright");
    studio.server.close().await;
}

#[tokio::test]
async fn composite_of_deep_and_animated_images_is_refused() {
    let mut studio = Studio::open("").await;
    for (name, file, reason) in [("deep.png", deep(), "more than 8 bits"), ("moving.png", animated(), "an animation")] {
        let record = edit_file(&mut studio, name, file).await;
        assert!(record.derived.is_none(), "{name}");
        let report = report(&record);
        assert!(report.outside.as_ref().is_some_and(|outside| outside.share > 0.9), "{name}: {report:?}");
        let CompositeStatus::Refused(refused) = &report.composite else { panic!("{name}: {report:?}") };
        assert!(refused.refused.contains(reason), "{name}: {refused:?}");
    }
    studio.server.close().await;
}
