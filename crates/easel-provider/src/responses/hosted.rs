//! An image of the hosted tool, from what was taken out of an event to a staged file.

use std::io;
use std::sync::Arc;

use easel_imagegen::port::{Files, StagedImage, image_error};
use easel_protocol::record::{Billed, ImageError, ImageErrorKind};

use crate::inline::{self, Slot};

pub(super) const NO_IMAGE: &str = "the provider's image tool made no image";

/// Makes the image durable. A failure costs what an image costs: the provider has done its part.
pub(super) async fn stage<F: Files>(files: &Arc<F>, slot: Slot<F::Writer>) -> Result<StagedImage, ImageError> {
    let unreadable = "the provider's image is none that can be read";
    let (error, billed) = match slot {
        Slot::Whole(writer) => {
            let files = Arc::clone(files);
            let error = match tokio::task::spawn_blocking(move || files.stage(writer)).await {
                Ok(Ok(staged)) => return Ok(staged),
                Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => {
                    image_error(ImageErrorKind::BadResponse, unreadable)
                }
                Ok(Err(error)) => not_stored(&error),
                Err(_) => image_error(ImageErrorKind::Internal, "storing the image failed"),
            };
            (error, Billed::Yes)
        }
        Slot::NotBase64 => (image_error(ImageErrorKind::BadResponse, unreadable), Billed::Yes),
        Slot::Disk(error) => (not_stored(&error), Billed::Yes),
        Slot::Empty | Slot::Ignored => {
            let error = image_error(ImageErrorKind::BadResponse, NO_IMAGE);
            (ImageError { retryable: true, ..error }, Billed::Uncertain)
        }
    };
    Err(ImageError { billed, ..error })
}

/// Makes a file of what the image looks like so far. What cannot be shown is passed over: the image itself may be well.
pub(super) async fn stage_preview<F: Files>(files: &Arc<F>, slot: Slot<F::Writer>) -> Option<StagedImage> {
    let files = Arc::clone(files);
    let staged = tokio::task::spawn_blocking(move || inline::preview(&*files, Some(slot))).await;
    let staged = staged.map_err(io::Error::other).flatten();
    staged.inspect_err(|error| tracing::debug!(%error, "a preview is passed over")).ok()
}

fn not_stored(error: &io::Error) -> ImageError {
    image_error(ImageErrorKind::Storage, format!("the image cannot be stored: {error}"))
}
