//! Small files for the tests: 32x16 pixels, red at the left and blue at the right, unless they say otherwise.

use jpeg_encoder::{ColorType, Encoder};

/// Baseline.
pub(super) const JPEG: &[u8] = include_bytes!("red-blue-32x16.jpg");
pub(super) const PROGRESSIVE: &[u8] = include_bytes!("progressive.jpg");
pub(super) const INTERLACED: &[u8] = include_bytes!("interlaced.png");
/// The second frame is green.
pub(super) const ANIMATED_WEBP: &[u8] = include_bytes!("animated.webp");

fn rgba() -> Vec<u8> {
    (0..32 * 16).flat_map(|i| if i % 32 < 16 { [220, 10, 10, 255] } else { [10, 10, 220, 255] }).collect()
}

pub(super) fn png_of(width: u32, height: u32, color: png::ColorType, depth: png::BitDepth, samples: &[u8]) -> Vec<u8> {
    let mut info = png::Info::with_size(width, height);
    (info.color_type, info.bit_depth) = (color, depth);
    if color == png::ColorType::Indexed {
        info.palette = Some(vec![255, 0, 0, 0, 0, 255].into());
    }
    png_with(info, samples)
}

fn png_with(info: png::Info<'_>, samples: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut writer = png::Encoder::with_info(&mut out, info).unwrap().write_header().unwrap();
    writer.write_image_data(samples).unwrap();
    writer.finish().unwrap();
    out
}

fn info() -> png::Info<'static> {
    let mut info = png::Info::with_size(32, 16);
    (info.color_type, info.bit_depth) = (png::ColorType::Rgba, png::BitDepth::Eight);
    info
}

pub(super) fn png() -> Vec<u8> {
    png_with(info(), &rgba())
}

/// Its first pixel has `alpha`.
pub(super) fn profiled_png(profile: &[u8], alpha: u8) -> Vec<u8> {
    let (mut info, mut rgba) = (info(), rgba());
    info.icc_profile = Some(profile.to_vec().into());
    rgba[3] = alpha;
    png_with(info, &rgba)
}

pub(super) fn turned_png(orientation: u8) -> Vec<u8> {
    let mut info = info();
    info.exif_metadata = Some(exif(orientation).into());
    png_with(info, &rgba())
}

pub(super) fn turned_jpeg(orientation: u8) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = Encoder::new(&mut out, 90);
    encoder.add_exif_metadata(&exif(orientation)).unwrap();
    encoder.encode(&rgba(), 32, 16, ColorType::Rgba).unwrap();
    out
}

pub(super) fn cmyk_jpeg() -> Vec<u8> {
    let mut out = Vec::new();
    Encoder::new(&mut out, 90).encode(&[0; 16 * 16 * 4], 16, 16, ColorType::Cmyk).unwrap();
    out
}

pub(super) fn plain_jpeg(width: u16, height: u16) -> Vec<u8> {
    let samples = vec![0x80; 3 * usize::from(width) * usize::from(height)];
    let mut out = Vec::new();
    Encoder::new(&mut out, 90).encode(&samples, width, height, ColorType::Rgb).unwrap();
    out
}

/// A TIFF structure with the orientation and nothing else.
pub(super) fn exif(orientation: u8) -> Vec<u8> {
    let mut tiff = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\0\0\0\0\0\0\0\0".to_vec();
    tiff[18] = orientation;
    tiff
}

/// A PNG of one pixel whose header, with a valid checksum, names another size.
pub(super) fn png_header(width: u32, height: u32, interlaced: bool) -> Vec<u8> {
    let mut whole = png_of(1, 1, png::ColorType::Grayscale, png::BitDepth::Eight, &[0]);
    whole[16..20].copy_from_slice(&width.to_be_bytes());
    whole[20..24].copy_from_slice(&height.to_be_bytes());
    whole[28] = u8::from(interlaced);
    let checksum = crc(&whole[12..29]);
    whole[29..33].copy_from_slice(&checksum.to_be_bytes());
    whole
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

pub(super) fn webp() -> Vec<u8> {
    let mut out = Vec::new();
    image_webp::WebPEncoder::new(&mut out).encode(&rgba(), 32, 16, image_webp::ColorType::Rgba8).unwrap();
    out
}

fn gif_with(width: u16, height: u16, frames: &[gif::Frame<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = gif::Encoder::new(&mut out, width, height, &[220, 10, 10, 10, 10, 220]).unwrap();
    for frame in frames {
        encoder.write_frame(frame).unwrap();
    }
    drop(encoder);
    out
}

fn gif_frames() -> [gif::Frame<'static>; 2] {
    let halves: Vec<u8> = (0..32 * 16).map(|i| u8::from(i % 32 >= 16)).collect();
    [halves, vec![1; 32 * 16]].map(|indices| gif::Frame::from_indexed_pixels(32, 16, indices, None))
}

pub(super) fn gif() -> Vec<u8> {
    gif_with(32, 16, &gif_frames()[..1])
}

/// The second frame is blue.
pub(super) fn animated_gif() -> Vec<u8> {
    gif_with(32, 16, &gif_frames())
}

/// A blue frame of `size` at `offset`.
pub(super) fn gif_frame(width: u16, height: u16, offset: (u16, u16), size: (u16, u16)) -> Vec<u8> {
    let pixels = usize::from(size.0) * usize::from(size.1);
    let mut frame = gif::Frame::from_indexed_pixels(size.0, size.1, vec![1; pixels], None);
    (frame.left, frame.top) = offset;
    gif_with(width, height, &[frame])
}
