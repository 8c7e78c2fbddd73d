//! The item of an image call, from its start to its end.

use easel_imagegen::port::image_error;
use easel_protocol::id::ItemId;
use easel_protocol::item::{ImageFailure, ImageGenerationItem, ImageStatus, ItemInputImage};
use easel_protocol::record::{ImageError, ImageErrorKind, ImageRecord};
use easel_protocol::response_item::{ContentItem, HANDLE_SCHEME, MessageRole, ResponseItem};

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

/// Returns the history of a hosted call: an item for each image, and a message with what else the output says.
pub(super) fn to_hosted_history(item_id: &ItemId, content: Vec<ContentItem>) -> Vec<ResponseItem> {
    let mut history = Vec::new();
    for content in content {
        match content {
            ContentItem::InputImage { image_url, .. } if image_url.starts_with(HANDLE_SCHEME) => {
                history.push(ResponseItem::ImageGenerationCall {
                    // The id of the call's item, which is unique in the thread.
                    id: item_id.as_str().into(),
                    status: "completed".to_owned(),
                    revised_prompt: None,
                    result: image_url,
                });
            }
            content @ (ContentItem::InputText { .. }
            | ContentItem::OutputText { .. }
            | ContentItem::InputImage { .. }) => {
                history.push(ResponseItem::Message { role: MessageRole::Developer, content: vec![content] });
            }
        }
    }
    history
}
