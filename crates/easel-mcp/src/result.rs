//! The result of a call, within the limits of hosts.
//!
//! Hosts have a limit for the whole result, of 1,048,576 characters or less, and every host shows the text. So the text
//! says where the images are, and the pictures are previews.

use std::time::Duration;

use easel_protocol::image::{ImagePreview, ImageReadResponse};
use easel_protocol::record::MediaType;
use easel_protocol::tool::{McpContent, McpToolResult};
use rmcp::model::{Annotations, CallToolResult, ContentBlock, ImageContent, MetaObject, Resource, Role};
use serde_json::Value;

/// The longest edge of a preview in pixels: what models keep, and less than the 2,000 that end conversations with many
/// images.
pub(crate) const EDGE: u32 = 1_568;
/// Pictures in a result. Further images are links.
pub(crate) const MAX_PICTURES: usize = 4;
/// Characters of a whole result.
const MAX_CHARS: usize = 900_000;
/// Longest prompt in `_meta`, in Unicode scalar values.
const MAX_PROMPT_CHARS: usize = 1_000;
/// Characters that each picture takes besides its base64.
const PICTURE_CHARS: usize = 200;
/// The largest preview in bytes. More does not look better.
const MAX_BYTES: usize = 600_000;
/// What the model reads about images that an earlier call has made.
const MADE_BEFORE: &str = "An earlier call with these arguments has made this; nothing was drawn again.";
/// What the model reads about the failure of an earlier call.
const FAILED_BEFORE: &str = "An earlier call with these arguments failed; nothing was sent again.";

/// Shortens the prompts of the records, which would leave no room for pictures.
pub(crate) fn shorten_prompts(result: &mut McpToolResult) {
    for image in &mut result.meta.images {
        for prompt in [Some(&mut image.requested.prompt), image.revised_prompt.as_mut()].into_iter().flatten() {
            if let Some((end, _)) = prompt.char_indices().nth(MAX_PROMPT_CHARS) {
                prompt.truncate(end);
                prompt.push('…');
            }
        }
    }
}

/// Returns how many pictures a result has, and the most bytes of each before base64, so that `result` stays within the
/// limit of hosts together with them.
pub(crate) fn budget(result: &McpToolResult) -> (usize, u32) {
    let images = result.meta.images.len().min(MAX_PICTURES);
    // Serializing these types does not fail.
    let text = serde_json::to_string(result).map_or(MAX_CHARS, |json| json.len());
    let left = MAX_CHARS.saturating_sub(text + images * PICTURE_CHARS);
    let bytes = (left / images.max(1) / 4 * 3).min(MAX_BYTES);
    (images, u32::try_from(bytes).unwrap_or(u32::MAX))
}

/// Puts a result together: text, pictures, links.
///
/// `pictures` are those of the first images. `is_repeat` says that an earlier request has begun the call, and that the
/// host has not got its result.
pub(crate) fn assemble(result: McpToolResult, pictures: &[Option<ImagePreview>], is_repeat: bool) -> CallToolResult {
    let (mut texts, mut links) = (Vec::new(), Vec::new());
    for block in result.content {
        match block {
            McpContent::Text { text } => texts.push(text.to_string()),
            McpContent::ResourceLink { uri, name, mime_type, size } => {
                let link = Resource::new(uri, name).with_mime_type(media_type(mime_type)).with_size(size);
                links.push(ContentBlock::resource_link(link));
            }
            // The app-server was asked for none.
            McpContent::Image { .. } => {}
        }
    }
    let shown = pictures.iter().flatten().count();
    if let Some(text) = texts.first_mut() {
        *text = with_notes(text, &notes(result.meta.images.len(), shown, is_repeat), is_repeat);
    }
    let pictures = pictures.iter().flatten().map(|picture| {
        let annotations = Annotations::default().with_audience(vec![Role::User, Role::Assistant]).with_priority(1.0);
        let content = ImageContent::new(picture.data.clone(), media_type(picture.media_type));
        ContentBlock::Image(content.with_annotations(annotations))
    });
    let content = texts.into_iter().map(ContentBlock::text).chain(pictures).chain(links).collect();
    let mut assembled = if result.is_error { CallToolResult::error(content) } else { CallToolResult::success(content) };
    assembled.meta = match serde_json::to_value(&result.meta) {
        Ok(Value::Object(meta)) => Some(MetaObject(meta)),
        Ok(_) | Err(_) => None,
    };
    assembled
}

/// Returns the result of a call that has none of its own.
pub(crate) fn failure(reason: &str, is_repeat: bool) -> CallToolResult {
    sentence(if is_repeat { format!("{reason}\n{FAILED_BEFORE}") } else { reason.to_owned() }, true)
}

/// Returns a result that is one sentence.
pub(crate) fn sentence(text: impl Into<String>, is_error: bool) -> CallToolResult {
    let content = vec![ContentBlock::text(text)];
    if is_error { CallToolResult::error(content) } else { CallToolResult::success(content) }
}

/// Returns the answer to a request whose host would give up on it.
pub(crate) fn too_long(age: Duration, asks: bool) -> String {
    let (seconds, doing) = (age.as_secs(), if asks { "waiting for the user's approval" } else { "being drawn" });
    format!(
        "The image is still {doing}, after {seconds} s. Call imagegen again with exactly the same arguments to get it; \
         that draws nothing again and costs nothing more."
    )
}

/// Returns what the text must say about the pictures.
fn notes(images: usize, shown: usize, is_repeat: bool) -> Vec<String> {
    let mut notes = Vec::new();
    if images > 0 && shown == 0 {
        notes.push("No preview could be made; the path has the image.".to_owned());
    } else if shown < images {
        notes.push(format!("{shown} of {images} images are shown as previews here; all have a path and a link."));
    }
    if is_repeat {
        notes.push(if images > 0 { MADE_BEFORE } else { FAILED_BEFORE }.to_owned());
    }
    notes
}

/// Adds sentences before the last line of a text, which is a record as JSON. The record of a repeat says so.
fn with_notes(text: &str, notes: &[String], is_repeat: bool) -> String {
    let (sentences, record) = match text.rsplit_once('\n') {
        Some((sentences, record)) if record.starts_with(['{', '[']) => (sentences, Some(record)),
        _ => (text, None),
    };
    let mut lines: Vec<String> = vec![sentences.to_owned()];
    lines.extend(notes.iter().cloned());
    if let Some(record) = record {
        lines.push(match serde_json::from_str(record) {
            Ok(Value::Object(mut members)) if is_repeat => {
                members.insert("replayed".to_owned(), true.into());
                Value::Object(members).to_string()
            }
            _ => record.to_owned(),
        });
    }
    lines.join("\n")
}

/// Returns the name of a media type.
pub(crate) fn media_type(media_type: MediaType) -> &'static str {
    match media_type {
        MediaType::Png => "image/png",
        MediaType::Jpeg => "image/jpeg",
        MediaType::Webp => "image/webp",
        MediaType::Gif => "image/gif",
    }
}

/// Adds a reason to the text of a failed call.
pub(crate) fn add_reason(result: &mut McpToolResult, reason: &str) {
    if let Some(McpContent::Text { text }) = result.content.first_mut() {
        *text = with_notes(text, &[reason.to_owned()], false).into();
    }
}

/// Returns the result of `image_view`.
pub(crate) fn view(response: &ImageReadResponse) -> CallToolResult {
    let image = &response.entry.image;
    let facts = &image.facts;
    let text = format!("Image {}, {}x{} pixels, saved at {}.", image.id, facts.width, facts.height, image.path);
    let mut content = vec![ContentBlock::text(text)];
    if let Some(preview) = &response.preview {
        content.push(ContentBlock::image(preview.data.clone(), media_type(preview.media_type)));
    }
    CallToolResult::success(content)
}
