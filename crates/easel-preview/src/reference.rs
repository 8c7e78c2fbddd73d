//! Decodes reference images to thumbnails. The header is checked first, so that no huge image is decoded.

use std::io::Cursor;
use std::num::NonZeroU64;

use tiny_skia::{Pixmap, PremultipliedColorU8};
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

/// Maximum number of pixels of a reference. A larger one is drawn as a placeholder.
pub const MAX_REFERENCE_PIXELS: u64 = 50_000_000;

/// Why a reference has no thumbnail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ThumbnailError {
    /// The bytes are not a PNG, JPEG, WebP or GIF image.
    Unknown,
    /// The header announces more than [`MAX_REFERENCE_PIXELS`].
    TooLarge { format: &'static str, width: u32, height: u32 },
    /// The image cannot be decoded.
    Broken { format: &'static str },
}

/// Decodes an image to a pixmap whose longer side has at most `side` pixels. A smaller image keeps its size.
///
/// # Errors
/// The bytes are not an image, are broken, or have too many pixels.
pub(crate) fn decode_thumbnail(bytes: &[u8], side: u32) -> Result<Pixmap, ThumbnailError> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => decode_png(bytes, side),
        [0xff, 0xd8, 0xff, ..] => decode_jpeg(bytes, side),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => decode_webp(bytes, side),
        [b'G', b'I', b'F', b'8', ..] => decode_gif(bytes, side),
        _ => Err(ThumbnailError::Unknown),
    }
}

fn decode_png(bytes: &[u8], side: u32) -> Result<Pixmap, ThumbnailError> {
    let broken = ThumbnailError::Broken { format: "PNG" };
    let limits = png::Limits { bytes: 64 << 20 };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let header = decoder.read_header_info().map_err(|_| broken.clone())?;
    let (width, height, interlaced) = (header.width, header.height, header.interlaced);
    check_size("PNG", width, height)?;

    let mut reader = decoder.read_info().map_err(|_| broken.clone())?;
    let channels = reader.output_color_type().0.samples();
    let mut shrink = Shrink::new(width, height, side);
    if interlaced {
        // The passes of an interlaced image are not its rows, so only this case needs the whole image in memory.
        let size = reader.output_buffer_size().ok_or(broken.clone())?;
        let mut whole = vec![0; size];
        reader.next_frame(&mut whole).map_err(|_| broken)?;
        shrink.add_image(&whole, channels);
    } else {
        for y in 0..height {
            let row = reader.next_row().ok().flatten().ok_or(broken.clone())?;
            shrink.add_row(y, row.data(), channels);
        }
    }
    shrink.finish().ok_or(ThumbnailError::Broken { format: "PNG" })
}

fn decode_jpeg(bytes: &[u8], side: u32) -> Result<Pixmap, ThumbnailError> {
    let broken = ThumbnailError::Broken { format: "JPEG" };
    let options = DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder =
        zune_jpeg::JpegDecoder::new_with_options(zune_jpeg::zune_core::bytestream::ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(|_| broken.clone())?;
    let info = decoder.info().ok_or(broken.clone())?;
    let (width, height) = (u32::from(info.width), u32::from(info.height));
    check_size("JPEG", width, height)?;
    let pixels = decoder.decode().map_err(|_| broken.clone())?;
    let mut shrink = Shrink::new(width, height, side);
    shrink.add_image(&pixels, 3);
    shrink.finish().ok_or(broken)
}

fn decode_webp(bytes: &[u8], side: u32) -> Result<Pixmap, ThumbnailError> {
    let broken = ThumbnailError::Broken { format: "WebP" };
    let mut decoder = image_webp::WebPDecoder::new(Cursor::new(bytes)).map_err(|_| broken.clone())?;
    let (width, height) = decoder.dimensions();
    check_size("WebP", width, height)?;
    let size = decoder.output_buffer_size().ok_or(broken.clone())?;
    let channels = if decoder.has_alpha() { 4 } else { 3 };
    let mut pixels = vec![0; size];
    decoder.read_image(&mut pixels).map_err(|_| broken.clone())?;
    let mut shrink = Shrink::new(width, height, side);
    shrink.add_image(&pixels, channels);
    shrink.finish().ok_or(broken)
}

/// Decodes the first frame, on the canvas that the header announces.
fn decode_gif(bytes: &[u8], side: u32) -> Result<Pixmap, ThumbnailError> {
    let broken = ThumbnailError::Broken { format: "GIF" };
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::RGBA);
    if let Some(limit) = NonZeroU64::new(MAX_REFERENCE_PIXELS * 4) {
        options.set_memory_limit(gif::MemoryLimit::Bytes(limit));
    }
    let mut decoder = options.read_info(bytes).map_err(|_| broken.clone())?;
    let (width, height) = (decoder.width(), decoder.height());
    check_size("GIF", width.into(), height.into())?;
    let frame = decoder.read_next_frame().ok().flatten().ok_or(broken.clone())?;
    // A frame may be outside of its canvas.
    let (left, top) = (usize::from(frame.left.min(width)), usize::from(frame.top));
    let visible = usize::from(frame.width).min(usize::from(width) - left);
    let mut shrink = Shrink::new(width.into(), height.into(), side);
    let mut canvas_row = vec![0; usize::from(width) * 4];
    let rows = frame.buffer.chunks_exact((usize::from(frame.width) * 4).max(4));
    let mut rows = rows.take(usize::from(height).saturating_sub(top));
    for y in 0..usize::from(height) {
        canvas_row.fill(0);
        if y >= top
            && let Some(row) = rows.next()
        {
            canvas_row[left * 4..(left + visible) * 4].copy_from_slice(&row[..visible * 4]);
        }
        shrink.add_row(y as u32, &canvas_row, 4);
    }
    shrink.finish().ok_or(broken)
}

fn check_size(format: &'static str, width: u32, height: u32) -> Result<(), ThumbnailError> {
    if width == 0 || height == 0 {
        return Err(ThumbnailError::Broken { format });
    }
    if u64::from(width) * u64::from(height) > MAX_REFERENCE_PIXELS {
        return Err(ThumbnailError::TooLarge { format, width, height });
    }
    Ok(())
}

/// Averages rows of a large image into the pixels of a small one, without a second full copy.
struct Shrink {
    from: (u32, u32),
    to: (u32, u32),
    /// Premultiplied sums of red, green, blue and alpha (each times 255), and the number of pixels.
    sums: Vec<[u64; 5]>,
}

impl Shrink {
    fn new(width: u32, height: u32, side: u32) -> Self {
        let longer = width.max(height).max(1);
        let scale = (f64::from(side.max(1)) / f64::from(longer)).min(1.0);
        let to = |edge: u32| ((f64::from(edge) * scale).round() as u32).max(1);
        let to = (to(width), to(height));
        Self { from: (width, height), to, sums: vec![[0; 5]; to.0 as usize * to.1 as usize] }
    }

    fn add_image(&mut self, pixels: &[u8], channels: usize) {
        let stride = self.from.0 as usize * channels;
        for (y, row) in pixels.chunks_exact(stride.max(1)).take(self.from.1 as usize).enumerate() {
            self.add_row(y as u32, row, channels);
        }
    }

    /// Adds a row of grey (1), grey and alpha (2), RGB (3) or RGBA (4) samples.
    fn add_row(&mut self, y: u32, row: &[u8], channels: usize) {
        let target = (u64::from(y) * u64::from(self.to.1) / u64::from(self.from.1)) as usize * self.to.0 as usize;
        let line = &mut self.sums[target..target + self.to.0 as usize];
        let (from, to) = (self.from.0 as usize, self.to.0 as usize);
        // `ahead` advances with the pixels, so that no pixel needs a division to find its target.
        let (mut column, mut ahead) = (0, 0);
        for sample in row.chunks_exact(channels.max(1)).take(from) {
            let (r, g, b, a) = match *sample {
                [grey] => (grey, grey, grey, 255),
                [grey, a] => (grey, grey, grey, a),
                [r, g, b] => (r, g, b, 255),
                [r, g, b, a, ..] => (r, g, b, a),
                [] => (0, 0, 0, 0),
            };
            let alpha = u64::from(a);
            let sum = &mut line[column];
            sum[0] += u64::from(r) * alpha;
            sum[1] += u64::from(g) * alpha;
            sum[2] += u64::from(b) * alpha;
            sum[3] += alpha;
            sum[4] += 1;
            ahead += to;
            if ahead >= from {
                ahead -= from;
                column = (column + 1).min(to - 1);
            }
        }
    }

    fn finish(self) -> Option<Pixmap> {
        let mut pixmap = Pixmap::new(self.to.0, self.to.1)?;
        for (pixel, sum) in pixmap.pixels_mut().iter_mut().zip(&self.sums) {
            let count = sum[4].max(1);
            let alpha = (sum[3] / count).min(255);
            let channel = |sum: u64| (sum / (count * 255)).min(alpha) as u8;
            *pixel = PremultipliedColorU8::from_rgba(channel(sum[0]), channel(sum[1]), channel(sum[2]), alpha as u8)?;
        }
        Some(pixmap)
    }
}

#[cfg(test)]
mod tests;
