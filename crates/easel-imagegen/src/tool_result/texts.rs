//! The texts of a result. They do not say that the user has seen an image: only the client knows that.

use std::sync::Arc;

use easel_protocol::record::{ImageError, ImageRecord};
use easel_protocol::response_item::ContentItem;

use super::EncodedPicture;
use crate::edit;
use crate::output::{self, PROMPT_CHARS, deleted_line, shorten};

/// Describes an image for the model.
pub(super) fn describe_image(record: &ImageRecord, picture: Option<&EncodedPicture>) -> String {
    if record.deleted {
        return deleted_line(&record.id);
    }
    let facts = &record.facts;
    let note = if picture.is_some_and(|picture| picture.is_preview) {
        format!(" The picture here is a smaller copy of the file, which has {} bytes.", facts.bytes)
    } else {
        String::new()
    };
    let edit = record.edit.as_deref().and_then(edit::describe).map(|text| format!("{text}\n")).unwrap_or_default();
    format!(
        "Image {} is done: saved at {}, {}x{} pixels, {}, prompt: {}\n{edit}\
         Show the image or its path to the user. To edit it, call again with its id in `images`.{note}",
        record.id,
        record.path,
        facts.width,
        facts.height,
        facts.media_type.as_str(),
        shorten(&record.requested.prompt, PROMPT_CHARS),
    )
}

/// Describes why there is no image, or fewer than requested.
pub(super) fn describe_error(images: &[ImageRecord], error: Option<&ImageError>) -> Option<Arc<str>> {
    let content = match error {
        Some(error) if images.is_empty() => output::describe_failure(error),
        Some(error) => output::describe_missing(error),
        None => return images.is_empty().then(|| "No image was made.".into()),
    };
    match content {
        ContentItem::InputText { text } | ContentItem::OutputText { text } => Some(text),
        ContentItem::InputImage { .. } => None,
    }
}
