//! Files whose bytes must be the same on every processor.

use std::io::Cursor;

use sha2::{Digest, Sha256};

use crate::{Bounds, Fit, Limits, Picture, Transform, read};

/// A picture with smooth and noisy parts, and with every alpha unless it is opaque.
fn sample(is_opaque: bool) -> Picture {
    let (width, height) = (203_u32, 101_u32);
    let mut noise = 1_u32;
    let mut rgba = Vec::new();
    for y in 0..height {
        for x in 0..width {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let smooth = [x, y, x + y].map(|value| value.to_le_bytes()[0]);
            let [.., rough] = noise.to_le_bytes();
            rgba.extend(if x < width / 2 { smooth } else { [rough, smooth[1], !rough] });
            rgba.push(if is_opaque { u8::MAX } else { rough });
        }
    }
    Picture { width, height, rgba, icc_profile: None }
}

/// Returns the SHA-256 of each format of a file's picture, smaller and larger.
fn hashes(file: Vec<u8>) -> Vec<String> {
    let picture = read(Cursor::new(file), Bounds::edge(u32::MAX), Limits::default()).unwrap();
    let scaled = |width, height, padding| {
        let (width, height) = (Some(width), Some(height));
        let transform = Transform { width, height, padding, fit: Fit::Contain, ..Transform::default() };
        picture.transform(&transform).unwrap()
    };
    let (small, large) = (scaled(64, 64, 3), scaled(401, 211, 0));
    let files = [small.to_png(), small.to_webp(), large.to_jpeg(90), crate::to_ico(&[small])];
    files.map(|file| hex::encode(Sha256::digest(file.unwrap()))).to_vec()
}

#[test]
fn files_from_a_png_have_their_golden_hashes() {
    let expected = [
        "909ee107d3d843b4b55b2f2c34c1fb85a50018656caab8a772b6b0d59d30069b",
        "27129cc5eb7ccdd0e842d5c18a7cbeccfd2df3cecaf3d2b823e65a1574c35264",
        "6883a9728eeb6034c7765f46ba5be7f46c68e616a7fbdcde4ed856bdd103e070",
        "5b47cc4bd07dda6dc661e52d9022ddbaaee128fd9771e365e4f6623188071ab1",
    ];
    assert_eq!(hashes(sample(false).to_png().unwrap()), expected);
}

#[test]
fn files_from_a_jpeg_have_their_golden_hashes() {
    let expected = [
        "d0ea71f45c2ea182153b9fdbb7ae0f946bfc273eda49a8a61bccb68bbc9e4148",
        "9301f1467a0572da9e4d9e231ca01afc317d62d9af3e7f8c2612cae741b47f8b",
        "8084c325f349d6683a2f7286f561cf2cc0db3e9658bef3bc61d6ee801d46a721",
        "60522846f5e2be7d4c05b1e187495e86988cfcfd373dbee3ce43f0eca1faa677",
    ];
    assert_eq!(hashes(sample(true).to_jpeg(80).unwrap()), expected);
}
