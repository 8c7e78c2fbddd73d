//! Image calls as tool calls.

use std::collections::HashMap;

use easel_imagegen::edit;
use easel_protocol::id::{ImageId, ItemId};
use easel_protocol::item::{ImageGenerationItem, ImageStatus};
use easel_protocol::record::{ImageRecord, InputImage};
use serde_json::{Value, json};

use super::files::{file_name, file_uri};
use crate::schema::{ContentBlock, Location, ToolCall, ToolCallContent, ToolCallStatus};

/// Longest prompt in a title, in characters.
const TITLE_CHARS: usize = 60;

/// The pictures that are shown, by the handle of their image: the type and the base64 of each.
pub(crate) type Pictures = HashMap<ImageId, (&'static str, String)>;

/// Returns the tool call of an image call that has started. Its prompt is not known yet.
pub(crate) fn started_tool_call(id: ItemId) -> ToolCall {
    ToolCall {
        title: Some("Image".to_owned()),
        kind: Some("other"),
        status: Some(ToolCallStatus::InProgress),
        ..ToolCall::new(id)
    }
}

/// Returns the update that shows a picture of an image that is being made.
pub(crate) fn partial_tool_call(id: ItemId, mime_type: &str, data: String) -> ToolCall {
    let content = ContentBlock::Image { data, mime_type: mime_type.to_owned(), uri: None };
    ToolCall { content: Some(vec![ToolCallContent::Content { content }]), ..ToolCall::new(id) }
}

/// Returns the tool call of an image call that has ended, with the pictures that are given. Base64 is only in the
/// content, and only once.
pub(crate) fn finished_tool_call(item: &ImageGenerationItem, mut pictures: Pictures) -> ToolCall {
    let mut content = Vec::new();
    for image in item.images.iter().filter(|image| !image.deleted) {
        let uri = file_uri(&image.path);
        if let Some((mime_type, data)) = pictures.remove(&image.id) {
            content.push(ContentBlock::Image { data, mime_type: mime_type.to_owned(), uri: Some(uri.clone()) });
        }
        content.push(ContentBlock::ResourceLink {
            uri,
            name: file_name(&image.path),
            mime_type: Some(image.facts.media_type.as_str().to_owned()),
            size: i64::try_from(image.facts.bytes).ok(),
        });
    }
    content.push(ContentBlock::Text { text: summary(item) });
    let requested = item.images.first().map(|image| &image.requested);
    ToolCall {
        title: requested.map(|requested| title(&requested.prompt)),
        status: Some(match item.status {
            ImageStatus::InProgress => ToolCallStatus::InProgress,
            ImageStatus::Completed => ToolCallStatus::Completed,
            ImageStatus::Failed => ToolCallStatus::Failed,
        }),
        content: Some(content.into_iter().map(|content| ToolCallContent::Content { content }).collect()),
        locations: item.images.iter().map(|image| Location { path: image.path.clone() }).collect(),
        raw_input: item.images.first().map(raw_input),
        raw_output: Some(raw_output(item)),
        ..ToolCall::new(item.id.clone())
    }
}

/// Returns the title of a call: the start of its prompt, in one line.
pub(crate) fn title(prompt: &str) -> String {
    let line: String = prompt.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(TITLE_CHARS) {
        Some((end, _)) => format!("Image: {}…", &line[..end]),
        None => format!("Image: {line}"),
    }
}

fn raw_input(image: &ImageRecord) -> Value {
    let inputs: Vec<&str> = image
        .inputs
        .iter()
        .map(|InputImage { id, path, .. }| id.as_ref().map_or(path.as_str(), ImageId::as_str))
        .collect();
    json!({ "prompt": image.requested.prompt, "action": image.requested.action, "images": inputs })
}

/// Returns the facts of a call that has ended. The whole records are in Easel's history.
fn raw_output(item: &ImageGenerationItem) -> Value {
    let images: Vec<Value> = item
        .images
        .iter()
        .map(|image| {
            let size = format!("{}x{}", image.facts.width, image.facts.height);
            json!({ "id": image.id, "path": image.path, "size": size })
        })
        .collect();
    match &item.error {
        Some(error) => {
            let error = json!({ "kind": error.kind, "message": error.message, "billed": error.billed });
            json!({ "images": images, "error": error })
        }
        None => json!({ "images": images }),
    }
}

/// Says in words what the call made, what stands out in an edit, and why the call made nothing or less.
fn summary(item: &ImageGenerationItem) -> String {
    let mut lines: Vec<String> = item
        .images
        .iter()
        .map(|image| {
            let (width, height) = (image.facts.width, image.facts.height);
            if image.deleted {
                return format!("Image {} was deleted.", image.id.as_str());
            }
            let saved = format!("Image {} is saved at {} ({width}x{height}).", image.id.as_str(), image.path);
            match image.edit.as_deref().and_then(edit::describe) {
                Some(report) => format!("{saved} {report}"),
                None => saved,
            }
        })
        .collect();
    if let Some(error) = &item.error {
        lines.push(error.message.clone());
    }
    if lines.is_empty() {
        lines.push("No image was made.".to_owned());
    }
    lines.join("\n")
}
