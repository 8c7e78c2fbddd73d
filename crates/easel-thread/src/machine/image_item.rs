//! The item of an image call, from its start to its end.

use easel_imagegen::port::image_error;
use easel_protocol::item::{ImageFailure, ImageGenerationItem, ImageStatus, ItemInputImage};
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
    let Some(first) = output.records.first() else {
        return Err(Box::new(image_error(ImageErrorKind::BadResponse, "the provider's response contains no image")));
    };
    item.status = ImageStatus::Completed;
    // Clients of the Codex app-server show this text, so it is never empty for a completed image.
    item.revised_prompt = first.revised_prompt.clone().or_else(|| Some(first.requested.prompt.clone()));
    item.transparent_background = Some(first.applied.background.as_deref() == Some("transparent"));
    item.saved_path = Some(first.path.clone());
    item.generation_id = output.generation_id;
    item.input_images = first
        .inputs
        .iter()
        .map(|input| ItemInputImage { path: input.path.clone(), sha256: input.sha256.clone() })
        .collect();
    item.images.clone_from(&output.records);
    item.error = output.missing.map(|error| *error);
    Ok(output.records)
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
