//! Detects format, size and transparency of an image from its first bytes. File names and declared types are ignored.
//!
//! Sources of the layouts: PNG (W3C, third edition) 5.6 and 11.2.1, JPEG (ITU-T T.81) B.1 and B.2.2, WebP (RFC 9649)
//! 2.3 to 2.7, GIF89a 18 to 23.

use std::io::{self, Read};

use easel_protocol::record::MediaType;

/// Maximum number of header bytes to read. A JPEG may carry large profiles before its size.
pub const MAX_HEADER_BYTES: u64 = 4 << 20;

/// The properties in the header of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ImageHeader {
    /// The format.
    pub media_type: MediaType,
    /// Width in pixels, at least 1.
    pub width: u32,
    /// Height in pixels, at least 1.
    pub height: u32,
    /// Whether the image can have transparent pixels.
    pub has_alpha: bool,
}

impl ImageHeader {
    /// Returns the number of pixels.
    pub fn pixel_count(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }
}

/// Reads the header of an image. Returns `None` if it is not a PNG, JPEG, WebP or GIF image, is cut off within the
/// header, or has no pixels.
///
/// # Errors
/// Those of the reader.
pub fn sniff(reader: impl Read) -> io::Result<Option<ImageHeader>> {
    let mut header = Header(reader.take(MAX_HEADER_BYTES));
    match header.parse() {
        Ok(sniffed) => Ok(sniffed.filter(|sniffed| sniffed.pixel_count() > 0)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

struct Header<R>(io::Take<R>);

impl<R: Read> Header<R> {
    fn parse(&mut self) -> io::Result<Option<ImageHeader>> {
        let start: [u8; 6] = self.read_array()?;
        match &start {
            [0x89, b'P', b'N', b'G', b'\r', b'\n'] => self.read_png(),
            [0xff, 0xd8, 0xff, ..] => self.read_jpeg(start),
            [b'R', b'I', b'F', b'F', ..] => self.read_webp(),
            b"GIF87a" | b"GIF89a" => self.read_gif(),
            _ => Ok(None),
        }
    }

    fn read_png(&mut self) -> io::Result<Option<ImageHeader>> {
        let rest: [u8; 2] = self.read_array()?;
        let ihdr: [u8; 8] = self.read_array()?;
        if rest != [0x1a, b'\n'] || ihdr != [0, 0, 0, 13, b'I', b'H', b'D', b'R'] {
            return Ok(None);
        }
        let [w0, w1, w2, w3, h0, h1, h2, h3, depth, color, ..]: [u8; 17] = self.read_array()?;
        let (width, height) = (u32::from_be_bytes([w0, w1, w2, w3]), u32::from_be_bytes([h0, h1, h2, h3]));
        if !matches!(depth, 1 | 2 | 4 | 8 | 16) || !matches!(color, 0 | 2 | 3 | 4 | 6) {
            return Ok(None);
        }
        let has_alpha = matches!(color, 4 | 6) || self.has_png_transparency()?;
        Ok(Some(ImageHeader { media_type: MediaType::Png, width, height, has_alpha }))
    }

    /// Returns whether a tRNS chunk precedes the pixels.
    fn has_png_transparency(&mut self) -> io::Result<bool> {
        loop {
            let [l0, l1, l2, l3, kind @ ..]: [u8; 8] = self.read_array()?;
            match &kind {
                b"tRNS" => return Ok(true),
                b"IDAT" | b"IEND" => return Ok(false),
                _ => self.skip(u64::from(u32::from_be_bytes([l0, l1, l2, l3])) + 4)?,
            }
        }
    }

    fn read_jpeg(&mut self, start: [u8; 6]) -> io::Result<Option<ImageHeader>> {
        // The first segment's marker and length are already read.
        let [_, _, _, mut marker, l0, l1] = start;
        let mut length = u16::from_be_bytes([l0, l1]);
        loop {
            if length < 2 {
                return Ok(None);
            }
            match marker {
                // Start of frame. DHT, JPG and DAC share its range.
                0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                    let [_, h0, h1, w0, w1]: [u8; 5] = self.read_array()?;
                    let (width, height) = (u16::from_be_bytes([w0, w1]).into(), u16::from_be_bytes([h0, h1]).into());
                    return Ok(Some(ImageHeader { media_type: MediaType::Jpeg, width, height, has_alpha: false }));
                }
                // Start of scan or end of image before any frame.
                0xda | 0xd9 => return Ok(None),
                _ => self.skip(u64::from(length - 2))?,
            }
            let [prefix]: [u8; 1] = self.read_array()?;
            if prefix != 0xff {
                return Ok(None);
            }
            [marker] = self.read_array()?;
            while marker == 0xff {
                [marker] = self.read_array()?;
            }
            length = u16::from_be_bytes(self.read_array()?);
        }
    }

    fn read_webp(&mut self) -> io::Result<Option<ImageHeader>> {
        let [_, _, form @ ..]: [u8; 6] = self.read_array()?;
        let [f0, f1, f2, f3, ..]: [u8; 8] = self.read_array()?;
        if &form != b"WEBP" {
            return Ok(None);
        }
        let (width, height, has_alpha) = match &[f0, f1, f2, f3] {
            b"VP8X" => {
                let [flags, _, _, _, w0, w1, w2, h0, h1, h2]: [u8; 10] = self.read_array()?;
                let size = |a, b, c| u32::from_le_bytes([a, b, c, 0]) + 1;
                (size(w0, w1, w2), size(h0, h1, h2), flags & 0x10 != 0)
            }
            b"VP8L" => {
                let [signature, b0, b1, b2, b3]: [u8; 5] = self.read_array()?;
                if signature != 0x2f {
                    return Ok(None);
                }
                let bits = u32::from_le_bytes([b0, b1, b2, b3]);
                ((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1, bits & (1 << 28) != 0)
            }
            b"VP8 " => {
                let [_, _, _, s0, s1, s2, w0, w1, h0, h1]: [u8; 10] = self.read_array()?;
                if [s0, s1, s2] != [0x9d, 0x01, 0x2a] {
                    return Ok(None);
                }
                let size = |a, b| u32::from(u16::from_le_bytes([a, b]) & 0x3fff);
                (size(w0, w1), size(h0, h1), false)
            }
            _ => return Ok(None),
        };
        Ok(Some(ImageHeader { media_type: MediaType::Webp, width, height, has_alpha }))
    }

    fn read_gif(&mut self) -> io::Result<Option<ImageHeader>> {
        let [w0, w1, h0, h1, flags, _, _]: [u8; 7] = self.read_array()?;
        if flags & 0x80 != 0 {
            self.skip(3 << ((flags & 7) + 1))?;
        }
        let has_alpha = self.has_gif_transparency()?;
        let (width, height) = (u16::from_le_bytes([w0, w1]).into(), u16::from_le_bytes([h0, h1]).into());
        Ok(Some(ImageHeader { media_type: MediaType::Gif, width, height, has_alpha }))
    }

    /// Returns whether a graphic control extension before the first image has a transparent color.
    fn has_gif_transparency(&mut self) -> io::Result<bool> {
        loop {
            let [introducer]: [u8; 1] = self.read_array()?;
            if introducer != 0x21 {
                return Ok(false);
            }
            let [label, size]: [u8; 2] = self.read_array()?;
            if label == 0xf9 {
                let [flags]: [u8; 1] = self.read_array()?;
                return Ok(flags & 1 != 0);
            }
            let mut block = size;
            while block != 0 {
                self.skip(block.into())?;
                [block] = self.read_array()?;
            }
        }
    }

    fn read_array<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.0.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn skip(&mut self, count: u64) -> io::Result<()> {
        let skipped = io::copy(&mut self.0.by_ref().take(count), &mut io::sink())?;
        if skipped == count { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }
}

#[cfg(test)]
mod tests;
