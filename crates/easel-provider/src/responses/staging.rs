//! Staging of hosted images.

use std::io;
use std::sync::Arc;

use easel_imagegen::port::{Files, StagedImage, image_error};
use easel_protocol::record::{Billed, ImageError, ImageErrorKind};

use crate::json_images::{self, ImagePart, UnusableImage};

/// The error message for a hosted image without bytes.
pub(super) const NO_IMAGE: &str = "the provider's image tool generated no image";

/// Completes the file of a hosted image and makes it durable.
///
/// # Errors
///
/// Fails if there is no image, or if it is invalid or cannot be stored.
pub(super) async fn stage<F: Files>(files: &Arc<F>, part: ImagePart<F::Writer>) -> Result<StagedImage, ImageError> {
    json_images::stage(files, part).await.map_err(|unusable| match unusable {
        UnusableImage::Absent => {
            let error = image_error(ImageErrorKind::BadResponse, NO_IMAGE);
            ImageError { retryable: true, billed: Billed::Uncertain, ..error }
        }
        UnusableImage::InvalidBase64 | UnusableImage::UnknownFormat | UnusableImage::Disk(_) => unusable.image_error(),
    })
}

/// Stages a preview. Returns `None` for a preview that is not an image, because the final image may still be valid.
pub(super) async fn stage_preview<F: Files>(files: &Arc<F>, part: ImagePart<F::Writer>) -> Option<StagedImage> {
    let files = Arc::clone(files);
    let staged = tokio::task::spawn_blocking(move || json_images::stage_preview(&*files, Some(part))).await;
    let staged = staged.map_err(io::Error::other).flatten();
    staged.inspect_err(|error| tracing::debug!(%error, "a preview is skipped")).ok()
}
