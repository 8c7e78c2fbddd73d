//! Sample images, and a decoder for the pixels of an image.

use std::io::Cursor;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::rng::Rng;

/// Pure red, as RGB.
pub const RED: [u8; 3] = [255, 0, 0];
/// Pure blue, as RGB.
pub const BLUE: [u8; 3] = [0, 0, 255];
/// A JPEG file of 32x16 pixels without metadata, red at the left and blue at the right.
pub const JPEG: &[u8] = include_bytes!("image/red-blue-32x16.jpg");

/// Returns a PNG file of one color.
///
/// # Panics
///
/// Panics if a side is 0.
pub fn solid_png(width: u32, height: u32, color: [u8; 3]) -> Vec<u8> {
    encode(width, height, png::Compression::default(), &color.repeat((width * height) as usize))
}

/// Returns an uncompressed PNG file of random pixels with at least `min_len` bytes.
///
/// # Panics
///
/// Panics if the file would have more than 2^32 pixels on a side.
pub fn noise_png(min_len: u64) -> Vec<u8> {
    let side = u32::try_from(min_len.div_ceil(3).isqrt() + 1).expect("a side fits in 32 bits");
    let samples = Rng::new(1).bytes(3 * side as usize * side as usize);
    let png = encode(side, side, png::Compression::NoCompression, &samples);
    assert!(png.len() as u64 >= min_len, "{} bytes", png.len());
    png
}

fn encode(width: u32, height: u32, compression: png::Compression, samples: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(compression);
    let mut writer = encoder.write_header().expect("a PNG header is written");
    writer.write_image_data(samples).expect("the pixels are written");
    writer.finish().expect("the end of the file is written");
    out
}

/// Returns a PNG file of one pixel whose header claims another size. Its checksum is valid.
pub fn png_with_claimed_size(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = solid_png(1, 1, RED);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let crc = crc32(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&crc.to_be_bytes());
    bytes
}

/// Returns the checksum of a PNG chunk, over its type and its data (PNG specification, section 5.5).
pub fn crc32(bytes: &[u8]) -> u32 {
    let add_byte = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 })
    };
    !bytes.iter().fold(u32::MAX, add_byte)
}

/// Returns a `data:` URL of a PNG file.
pub fn data_url(png: &[u8]) -> String {
    format!("data:image/png;base64,{}", STANDARD.encode(png))
}

/// Returns the SHA-256 hash in lower-case hexadecimal, as in image records.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A decoded PNG with three samples per pixel.
#[derive(Debug)]
pub struct DecodedPng {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    samples: Vec<u8>,
}

impl DecodedPng {
    /// Decodes a whole file.
    ///
    /// # Panics
    ///
    /// Panics if the bytes are not one whole PNG file with 8 bits of red, green and blue per pixel.
    pub fn decode(bytes: &[u8]) -> Self {
        let mut reader = png::Decoder::new(Cursor::new(bytes)).read_info().expect("a PNG header");
        let mut samples = vec![0; reader.output_buffer_size().expect("a size that fits in memory")];
        let info = reader.next_frame(&mut samples).expect("all pixels");
        reader.finish().expect("the end of the file");
        assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Rgb, png::BitDepth::Eight));
        Self { width: info.width, height: info.height, samples }
    }

    /// Returns the number of pixels of exactly this color, and the mean of their coordinates.
    pub fn color_area(&self, color: [u8; 3]) -> (usize, (f64, f64)) {
        self.area_of(|sample| sample == color)
    }

    /// Returns the number of pixels whose color is part of an area, and the mean of their coordinates.
    pub fn area_of(&self, is_part: impl Fn([u8; 3]) -> bool) -> (usize, (f64, f64)) {
        let is_part = |sample: &[u8]| is_part([sample[0], sample[1], sample[2]]);
        let pixels = self.samples.chunks_exact(3).enumerate().filter(|(_, sample)| is_part(sample));
        let coordinates = pixels.map(|(index, _)| (index as u32 % self.width, index as u32 / self.width));
        let (count, x, y) = coordinates.fold((0, 0.0, 0.0), |(count, sum_x, sum_y), (x, y)| {
            (count + 1, sum_x + f64::from(x), sum_y + f64::from(y))
        });
        (count, (x / count as f64, y / count as f64))
    }
}
