//! The images of one JSON text, written to disk while they arrive. All functions block on disk I/O.

use std::io::{self, Write};
use std::sync::Arc;

use easel_imagegen::phase;
use easel_imagegen::port::{Files, StagedImage, image_error};
use easel_protocol::record::{Billed, ImageError, ImageErrorKind};
use tracing::Instrument;

use super::BodyTooLarge;
use super::scanner::ImageEvent;

/// Bytes of one image. The largest images of today's models have a third of that.
const MAX_IMAGE_BYTES: u64 = 64 << 20;

/// One image of a JSON text.
#[derive(Debug)]
pub(crate) enum ImagePart<W> {
    /// The complete image.
    Complete(W),
    /// An empty string. Some servers send one next to a URL.
    Empty,
    /// An image beyond the number of images that are kept.
    Ignored,
    InvalidBase64,
    /// The image could not be written.
    Disk(io::Error),
}

impl<W> ImagePart<W> {
    pub(crate) fn is_complete(&self) -> bool {
        matches!(self, Self::Complete(_))
    }

    pub(crate) fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// Takes the image and leaves [`ImagePart::Empty`]: each image is used once, whatever the JSON says.
    pub(crate) fn take(&mut self) -> Self {
        std::mem::replace(self, Self::Empty)
    }
}

/// Collects the images of a JSON text in their order.
pub(crate) struct ImageParts<F: Files> {
    files: Arc<F>,
    limit: usize,
    parts: Vec<ImagePart<F::Writer>>,
    current: Option<ImagePart<F::Writer>>,
    /// Bytes of the current image.
    bytes: u64,
}

impl<F: Files> ImageParts<F> {
    /// Creates a collection that keeps the first `limit` images.
    pub(crate) fn new(files: Arc<F>, limit: usize) -> Self {
        Self { files, limit, parts: Vec::new(), current: None, bytes: 0 }
    }

    pub(crate) fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Returns whether an image has started and not ended.
    pub(crate) fn is_open(&self) -> bool {
        self.current.is_some()
    }

    /// Takes the collected images.
    pub(crate) fn take(&mut self) -> Vec<ImagePart<F::Writer>> {
        self.current = None;
        std::mem::take(&mut self.parts)
    }

    /// Adds the next event of the scanner.
    ///
    /// # Errors
    ///
    /// Fails if the image has more than 64 MiB.
    pub(crate) fn push(&mut self, event: &ImageEvent<'_>) -> Result<(), BodyTooLarge> {
        match event {
            ImageEvent::Start => {
                self.bytes = 0;
                self.current = Some(ImagePart::Empty);
            }
            ImageEvent::Data(bytes) => {
                self.bytes += bytes.len() as u64;
                if self.bytes > MAX_IMAGE_BYTES {
                    self.current = None;
                    return Err(BodyTooLarge::Image);
                }
                self.current = self.current.take().map(|part| self.write(part, bytes));
            }
            ImageEvent::End(end) => {
                let part = self.current.take().unwrap_or(ImagePart::Empty);
                self.parts.push(match (end, part) {
                    (Err(_), ImagePart::Complete(_) | ImagePart::Empty) => ImagePart::InvalidBase64,
                    (_, part) => part,
                });
            }
        }
        Ok(())
    }

    fn write(&self, part: ImagePart<F::Writer>, bytes: &[u8]) -> ImagePart<F::Writer> {
        let count = self.parts.iter().filter(|part| !matches!(part, ImagePart::Empty)).count();
        let writer = match part {
            ImagePart::Empty if count >= self.limit => return ImagePart::Ignored,
            // The file is created with the first byte, because an empty string needs none.
            ImagePart::Empty => self.files.create(),
            ImagePart::Complete(writer) => Ok(writer),
            ImagePart::Ignored | ImagePart::InvalidBase64 | ImagePart::Disk(_) => return part,
        };
        let written = writer.and_then(|mut writer| writer.write_all(bytes).map(|()| writer));
        written.map_or_else(ImagePart::Disk, ImagePart::Complete)
    }
}

/// The reason why a complete response lacks an image. The image is billed anyway.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UnusableImage {
    #[error("the provider's response contains no image")]
    Absent,
    #[error("the provider's image is not base64")]
    InvalidBase64,
    #[error("the provider's image is not a PNG, JPEG, WebP or GIF")]
    UnknownFormat,
    #[error("the image could not be stored: {0}")]
    Disk(#[source] io::Error),
}

impl UnusableImage {
    /// Converts to the error of an image call at a provider that bills.
    pub(crate) fn image_error(&self) -> ImageError {
        let kind = match self {
            Self::Absent | Self::InvalidBase64 | Self::UnknownFormat => ImageErrorKind::BadResponse,
            Self::Disk(_) => ImageErrorKind::Storage,
        };
        ImageError { billed: Billed::Yes, ..image_error(kind, self.to_string()) }
    }
}

/// Completes the file of an image and makes it durable.
///
/// # Errors
///
/// Fails if the part is not an image or cannot be stored.
pub(crate) async fn stage<F: Files>(files: &Arc<F>, part: ImagePart<F::Writer>) -> Result<StagedImage, UnusableImage> {
    let writer = match part {
        ImagePart::Complete(writer) => writer,
        ImagePart::Empty | ImagePart::Ignored => return Err(UnusableImage::Absent),
        ImagePart::InvalidBase64 => return Err(UnusableImage::InvalidBase64),
        ImagePart::Disk(error) => return Err(UnusableImage::Disk(error)),
    };
    let files = Arc::clone(files);
    // Making an image durable blocks on disk I/O, and has no time limit.
    let span = tracing::debug_span!(target: phase::TARGET, "sync");
    let staged = tokio::task::spawn_blocking(move || files.stage(writer)).instrument(span).await;
    staged.map_err(io::Error::other).flatten().map_err(|error| {
        let is_unknown = error.kind() == io::ErrorKind::InvalidData;
        if is_unknown { UnusableImage::UnknownFormat } else { UnusableImage::Disk(error) }
    })
}

/// Stages an unfinished image as a preview.
///
/// # Errors
///
/// Fails if the part is not an image. The caller skips such a preview: the final image may still be valid.
pub(crate) fn stage_preview<F: Files>(files: &F, part: Option<ImagePart<F::Writer>>) -> io::Result<StagedImage> {
    match part {
        Some(ImagePart::Complete(writer)) => files.stage_preview(writer),
        Some(ImagePart::Disk(error)) => Err(error),
        Some(ImagePart::InvalidBase64) => Err(io::Error::new(io::ErrorKind::InvalidData, "invalid base64")),
        Some(ImagePart::Empty | ImagePart::Ignored) | None => Err(io::ErrorKind::NotFound.into()),
    }
}
