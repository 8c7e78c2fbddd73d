//! Errors of decoding and encoding.

use crate::Format;

/// Why a picture could not be decoded or encoded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The bytes do not start like a PNG, JPEG, WebP or GIF file.
    #[error("not a PNG, JPEG, WebP or GIF file")]
    UnknownFormat,
    /// The size in the header exceeds the limit for files of this kind.
    #[error("a {format} of {width}x{height} pixels is too large")]
    TooLarge {
        /// The format of the file.
        format: Format,
        /// Pixels, as the header says.
        width: u32,
        /// Pixels, as the header says.
        height: u32,
    },
    /// The file uses a feature without a decoder, such as CMYK colors.
    #[error("a {format} with {feature} cannot be decoded")]
    Unsupported {
        /// The format of the file.
        format: Format,
        /// The feature, in words.
        feature: &'static str,
    },
    /// The file is damaged or cut off.
    #[error("a damaged {format}")]
    Damaged {
        /// The format of the file.
        format: Format,
        /// What the decoder reports.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The reader failed.
    #[error(transparent)]
    Read(#[from] std::io::Error),
    /// The encoder refused the pixels, for example for a side of more than 65,535 pixels.
    #[error("the picture cannot be encoded")]
    Encode(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No preview of any size has so few bytes.
    #[error("no preview fits into {max_bytes} bytes")]
    NoPreview {
        /// The maximum number of bytes that was asked for.
        max_bytes: usize,
    },
}

impl Error {
    pub(crate) fn damaged(format: Format, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Damaged { format, source: source.into() }
    }
}
