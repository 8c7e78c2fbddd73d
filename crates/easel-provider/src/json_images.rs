//! Images inside JSON, extracted to disk while the JSON arrives. The JSON without them is small enough to parse whole.
//!
//! By hand because no crate decodes a string of a JSON document in pieces, and an image has tens of MiB.

mod base64;
mod image_parts;
mod scanner;

use std::sync::Arc;

use easel_imagegen::port::Files;

pub(crate) use image_parts::{ImagePart, ImageParts, UnusableImage, stage, stage_preview};
use scanner::Scanner;
pub(crate) use scanner::{ImageEvent, ImageKeys};

/// Splits a JSON text into its images and the rest while it arrives. All methods block on disk I/O.
pub(crate) struct BodyAssembler<F: Files> {
    scanner: Scanner,
    images: ImageParts<F>,
}

/// The reason to stop reading a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BodyTooLarge {
    /// The JSON around the images is larger than any provider needs.
    #[error("it is too long")]
    Json,
    /// An image is larger than 64 MiB.
    #[error("the provider's image is larger than 64 MiB")]
    Image,
}

impl<F: Files> BodyAssembler<F> {
    /// Creates an assembler that keeps the first `limit` images of each text.
    pub(crate) fn new(keys: ImageKeys, files: Arc<F>, limit: usize) -> Self {
        Self { scanner: Scanner::new(keys), images: ImageParts::new(files, limit) }
    }

    /// Sets how many images are kept of the current text.
    pub(crate) fn set_limit(&mut self, limit: usize) {
        self.images.set_limit(limit);
    }

    /// Returns whether the text so far ends inside an image.
    pub(crate) fn is_in_image(&self) -> bool {
        self.images.is_open()
    }

    /// Adds the next bytes of the text.
    ///
    /// # Errors
    ///
    /// Fails if the JSON or an image is too large.
    pub(crate) fn feed(&mut self, text: &[u8]) -> Result<(), BodyTooLarge> {
        let mut result = Ok(());
        let images = &mut self.images;
        self.scanner.feed(text, &mut |event| {
            if result.is_ok() {
                result = images.push(&event);
            }
        })?;
        result
    }

    /// Ends the current text. Returns its JSON, with a number in place of each image, and the images by number.
    pub(crate) fn take(&mut self) -> (Vec<u8>, Vec<ImagePart<F::Writer>>) {
        (self.scanner.take_rest(), self.images.take())
    }
}
