//! The item of an image call, from its start to its end.

use easel_imagegen::image_item;
use easel_imagegen::port::image_error;
use easel_protocol::item::{ImageFailure, ImageGenerationItem, ImageStatus};
use easel_protocol::record::{ImageError, ImageErrorKind, ImageRecord};

use super::CallOutput;

/// Fills the item and returns its images.
///
/// # Errors
/// The output has no image.
pub(super) fn complete(
    item: &mut ImageGenerationItem,
    output: CallOutput,
) -> Result<Vec<ImageRecord>, Box<ImageError>> {
    if output.records.is_empty() {
        return Err(Box::new(image_error(ImageErrorKind::BadResponse, "the provider's response contains no image")));
    }
    let missing = output.missing.map(|error| *error);
    image_item::complete(item, output.records, output.generation_id, missing);
    Ok(item.images.clone())
}

/// Marks the item as failed.
pub(super) fn fail(item: &mut ImageGenerationItem, error: ImageError) {
    item.status = ImageStatus::Failed;
    // The only failure that clients of the Codex app-server know. They require the id of a limit.
    item.failure = (error.kind == ImageErrorKind::UsageLimit).then(|| {
        let limit = error.usage_limit.as_deref();
        let limit_id = limit.and_then(|limit| limit.limit_id.clone()).or_else(|| error.code.clone());
        ImageFailure::UsageLimitExceeded {
            limit_id: limit_id.unwrap_or_else(|| "image_generation".to_owned()),
            resets_at: limit.and_then(|limit| limit.resets_at),
        }
    });
    item.error = Some(error);
}
