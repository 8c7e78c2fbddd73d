//! The order of a conversation's images.

use std::collections::{HashMap, HashSet};

use easel_imagegen::port::{Origin, ThreadImage};
use easel_protocol::id::ImageId;
use easel_protocol::response_item::{ContentItem, HANDLE_SCHEME, MessageRole, ResponseItem};

use super::images::ImagesBySequence;

/// Orders images as the conversation shows them. Attachments that no message shows are dropped: their turn never
/// started. A generated image that no output shows goes before the next newer one.
pub(super) fn order_by_conversation(history: &[ResponseItem], mut rest: ImagesBySequence) -> Vec<ThreadImage> {
    let sequences: HashMap<ImageId, i64> =
        rest.iter().filter_map(|(sequence, image)| Some((image.reference.id.clone()?, *sequence))).collect();
    let mut placed: Vec<(i64, ThreadImage)> = Vec::new();
    let mut seen = HashSet::new();
    let attached: HashSet<&str> =
        shown_images(history).filter_map(|(message, handle)| message.and(Some(handle))).collect();
    for (message, handle) in shown_images(history) {
        if !seen.insert(handle) {
            continue;
        }
        let Some(&sequence) = sequences.get(handle) else { continue };
        let Some(mut image) = rest.remove(&sequence) else { continue };
        if let Origin::Attached { message: ordinal } = &mut image.origin {
            match message {
                Some(message) => *ordinal = message,
                // The image is only mentioned here. A later user message attaches it.
                None if attached.contains(handle) => {
                    rest.insert(sequence, image);
                    seen.remove(handle);
                    continue;
                }
                // A client appended it as the output of a tool.
                None => image.origin = Origin::Generated,
            }
        }
        placed.push((sequence, image));
    }
    let unshown = rest.into_iter().filter(|(_, image)| image.origin == Origin::Generated);
    merge_by_sequence(placed, unshown)
}

/// Merges two lists: keeps the order of `placed`, and inserts each of `others`, which are sorted by sequence, before
/// the first placed image with a larger sequence.
fn merge_by_sequence(
    placed: Vec<(i64, ThreadImage)>,
    others: impl Iterator<Item = (i64, ThreadImage)>,
) -> Vec<ThreadImage> {
    let mut others = others.peekable();
    let mut images = Vec::new();
    for (sequence, image) in placed {
        while let Some((_, older)) = others.next_if(|(other, _)| *other < sequence) {
            images.push(older);
        }
        images.push(image);
    }
    images.extend(others.map(|(_, image)| image));
    images
}

/// Returns the handles that the conversation shows, in order, each with the ordinal of its user message if it is in
/// one.
pub(super) fn shown_images(history: &[ResponseItem]) -> impl Iterator<Item = (Option<usize>, &str)> {
    let mut messages = 0..;
    history.iter().flat_map(move |item| {
        let (message, content, result): (_, &[ContentItem], _) = match item {
            ResponseItem::Message { role: MessageRole::User, content } => (messages.next(), content, None),
            ResponseItem::Message { role: MessageRole::Assistant | MessageRole::Developer, content }
            | ResponseItem::FunctionCallOutput { output: content, .. } => (None, content, None),
            ResponseItem::ImageGenerationCall { result, .. } => (None, &[], Some(result.as_str())),
            ResponseItem::Reasoning { .. } | ResponseItem::FunctionCall { .. } | ResponseItem::ContextCompaction(_) => {
                (None, &[], None)
            }
        };
        let shown = content.iter().filter_map(|part| match part {
            ContentItem::InputImage { image_url, .. } => Some(image_url.as_str()),
            ContentItem::InputText { .. } | ContentItem::OutputText { .. } => None,
        });
        shown.chain(result).filter_map(move |url| Some((message, url.strip_prefix(HANDLE_SCHEME)?)))
    })
}
