//! Staging of hosted images.

use std::io;
use std::sync::Arc;

use easel_imagegen::phase;
use easel_imagegen::port::{Files, StagedImage, image_error};
use easel_protocol::record::{Billed, ImageError, ImageErrorKind};
use tracing::Instrument;

use crate::json_images::{self, ImagePart};

/// The error message for a hosted image without bytes.
pub(super) const NO_IMAGE: &str = "the provider's image tool generated no image";

/// Completes the file of a hosted image and makes it durable.
///
/// # Errors
///
/// Fails if the image is invalid or cannot be stored. The image is billed anyway.
pub(super) async fn stage<F: Files>(files: &Arc<F>, part: ImagePart<F::Writer>) -> Result<StagedImage, ImageError> {
    let unreadable = "the provider's image cannot be read";
    let (error, billed) = match part {
        ImagePart::Complete(writer) => {
            let files = Arc::clone(files);
            let span = tracing::debug_span!(target: phase::TARGET, "sync");
            let error = match tokio::task::spawn_blocking(move || files.stage(writer)).instrument(span).await {
                Ok(Ok(staged)) => return Ok(staged),
                Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => {
                    image_error(ImageErrorKind::BadResponse, unreadable)
                }
                Ok(Err(error)) => storage_error(&error),
                Err(_) => image_error(ImageErrorKind::Internal, "storing the image failed"),
            };
            (error, Billed::Yes)
        }
        ImagePart::InvalidBase64 => (image_error(ImageErrorKind::BadResponse, unreadable), Billed::Yes),
        ImagePart::Disk(error) => (storage_error(&error), Billed::Yes),
        ImagePart::Empty | ImagePart::Ignored => {
            let error = image_error(ImageErrorKind::BadResponse, NO_IMAGE);
            (ImageError { retryable: true, ..error }, Billed::Uncertain)
        }
    };
    Err(ImageError { billed, ..error })
}

/// Stages a preview. Returns `None` for a preview that is not an image, because the final image may still be valid.
pub(super) async fn stage_preview<F: Files>(files: &Arc<F>, part: ImagePart<F::Writer>) -> Option<StagedImage> {
    let files = Arc::clone(files);
    let staged = tokio::task::spawn_blocking(move || json_images::stage_preview(&*files, Some(part))).await;
    let staged = staged.map_err(io::Error::other).flatten();
    staged.inspect_err(|error| tracing::debug!(%error, "a preview is skipped")).ok()
}

fn storage_error(error: &io::Error) -> ImageError {
    image_error(ImageErrorKind::Storage, format!("the image cannot be stored: {error}"))
}
