//! Pixels in memory, and their encoders.

use std::fmt;

/// A file format that can be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Portable Network Graphics.
    Png,
    /// JPEG, baseline or progressive.
    Jpeg,
    /// WebP, lossy or lossless.
    WebP,
    /// Graphics Interchange Format.
    Gif,
}

impl Format {
    /// Returns the format whose signature `start` has; 12 bytes are enough for all of them.
    pub fn from_signature(start: &[u8]) -> Option<Self> {
        match start {
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(Self::Png),
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::WebP),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Self::Gif),
            _ => None,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::WebP => "WebP",
            Self::Gif => "GIF",
        })
    }
}

/// A decoded picture, upright, with straight (not premultiplied) alpha.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Pixels, at least 1.
    pub width: u32,
    /// Pixels, at least 1.
    pub height: u32,
    /// Red, green, blue and alpha of each pixel, row by row from the top left: `4 * width * height` bytes.
    pub rgba: Vec<u8>,
    /// The ICC profile of the colors, if the file has one for RGB. Without one they are sRGB.
    pub icc_profile: Option<Vec<u8>>,
}

impl Picture {
    /// Returns whether every pixel is fully opaque.
    pub fn is_opaque(&self) -> bool {
        self.rgba.iter().skip(3).step_by(4).all(|alpha| *alpha == u8::MAX)
    }
}
