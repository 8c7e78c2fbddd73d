//! Images to attach, and a look at those that were made.

use std::fs::File;
use std::io::{BufReader, Cursor, Read};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

pub(crate) const RED: [u8; 3] = [255, 0, 0];
pub(crate) const BLUE: [u8; 3] = [0, 0, 255];

/// A PNG file of one colour.
pub(crate) fn solid_png(width: u32, height: u32, colour: [u8; 3]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, width, height);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(&colour.repeat((width * height) as usize)).expect("pixels");
    writer.finish().expect("an end");
    out
}

/// A PNG file whose header promises more than its bytes hold.
pub(crate) fn png_with_claimed_size(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = solid_png(1, 1, RED);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let crc = crc32(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&crc.to_be_bytes());
    bytes
}

fn crc32(bytes: &[u8]) -> u32 {
    let of_byte = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 })
    };
    !bytes.iter().fold(u32::MAX, of_byte)
}

pub(crate) fn data_url(png: &[u8]) -> String {
    format!("data:image/png;base64,{}", STANDARD.encode(png))
}

/// As records have it.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

pub(crate) fn read(path: impl AsRef<Path>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let file = File::open(path.as_ref()).unwrap_or_else(|error| panic!("{}: {error}", path.as_ref().display()));
    BufReader::new(file).read_to_end(&mut bytes).expect("a readable file");
    bytes
}

/// A decoded picture, three samples a pixel.
pub(crate) struct DecodedPng {
    pub(crate) width: u32,
    pub(crate) height: u32,
    samples: Vec<u8>,
}

impl DecodedPng {
    /// Fails on a file that is not one whole PNG.
    pub(crate) fn decode(bytes: &[u8]) -> Self {
        let mut reader = png::Decoder::new(Cursor::new(bytes)).read_info().expect("a PNG header");
        let mut samples = vec![0; reader.output_buffer_size().expect("a size")];
        let info = reader.next_frame(&mut samples).expect("whole pixels");
        reader.finish().expect("a whole file");
        assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Rgb, png::BitDepth::Eight));
        Self { width: info.width, height: info.height, samples }
    }

    /// How many pixels have exactly this colour, and their middle.
    pub(crate) fn patch(&self, colour: [u8; 3]) -> (usize, (f64, f64)) {
        let places = self.samples.chunks_exact(3).enumerate().filter(|(_, sample)| *sample == colour);
        let places = places.map(|(at, _)| (at as u32 % self.width, at as u32 / self.width));
        let (count, x, y) = places.fold((0, 0.0, 0.0), |(count, sum_x, sum_y), (x, y)| {
            (count + 1, sum_x + f64::from(x), sum_y + f64::from(y))
        });
        (count, (x / count as f64, y / count as f64))
    }
}
