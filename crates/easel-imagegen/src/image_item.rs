//! The item of an image call that has images.

use easel_protocol::item::{ImageGenerationItem, ImageStatus, ItemInputImage};
use easel_protocol::record::{ImageError, ImageRecord, InputImage};

/// Fills the item of a call with its images. `missing` says why there are fewer than requested.
pub fn complete(
    item: &mut ImageGenerationItem,
    images: Vec<ImageRecord>,
    generation_id: Option<String>,
    missing: Option<ImageError>,
) {
    item.status = ImageStatus::Completed;
    item.generation_id = generation_id;
    item.error = missing;
    if let Some(first) = images.first() {
        item.saved_path = Some(first.path.clone());
        // Clients of the Codex app-server show this text. Recovery does not know the prompt of a hosted image.
        let prompt = first.revised_prompt.as_ref().unwrap_or(&first.requested.prompt);
        item.revised_prompt = (!prompt.is_empty()).then(|| prompt.clone());
        item.transparent_background = Some(first.applied.background.as_deref() == Some("transparent"));
        let input = |input: &InputImage| ItemInputImage { path: input.path.clone(), sha256: input.sha256.clone() };
        item.input_images = first.inputs.iter().map(input).collect();
    }
    item.images = images;
}
