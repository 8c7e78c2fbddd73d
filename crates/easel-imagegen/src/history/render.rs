//! Renders items of a conversation, for a model and for clients.

use std::collections::HashSet;

use easel_protocol::response_item::{ContentItem, HANDLE_SCHEME, MessageRole, ResponseItem};

use super::catalogue;
use super::window::Window;
use super::{History, ImageBudget};
use crate::model_copy::ModelCopies;
use crate::output::{deleted_line, image_line};
use crate::port::{Reference, ThreadImage};

/// Renders a stored conversation for a model: with the images of the window, and with a line of text for each image,
/// sent or not. Also returns the images that are sent, oldest first.
///
/// An image that the conversation shows several times counts each time. An image that is sent as a copy counts with the
/// size of the copy.
pub fn render_for_model(
    history: &History,
    budget: ImageBudget,
    copies: &ModelCopies,
) -> (Vec<ResponseItem>, Vec<Reference>) {
    let window = Window::new(&history.items, &history.images, budget, copies);
    let (mut indexes, mut sent, mut seen) = (0.., Vec::new(), HashSet::new());
    let mut is_sent = |handle: &str| {
        let index = indexes.next().unwrap_or(usize::MAX);
        let Some(image) = window.find_sent(index, handle) else { return false };
        if seen.insert(image.id.clone()) {
            sent.push(image.clone());
        }
        true
    };
    let lookup = |handle: &str| window.find(handle);
    let input = history.items.iter().flat_map(|item| render(item, &lookup, &mut is_sent)).collect();
    (input, sent)
}

/// Renders a stored item for a client: with a line after each image. A call of the hosted tool becomes two items.
pub fn render_item(item: &ResponseItem, thread: &[ThreadImage]) -> Vec<ResponseItem> {
    let lookup = |handle: &str| thread.iter().rev().find(|image| image.reference.id.as_deref() == Some(handle));
    render(item, &lookup, &mut |handle| lookup(handle).is_some())
}

/// Renders an item. `is_sent` is called once for each image, in their order.
fn render<'a>(
    item: &ResponseItem,
    lookup: &dyn Fn(&str) -> Option<&'a ThreadImage>,
    is_sent: &mut dyn FnMut(&str) -> bool,
) -> Vec<ResponseItem> {
    let line = |handle: &str, attachment: Option<usize>| {
        let text = lookup(handle).map_or_else(|| deleted_line(handle), |image| image_line(image, attachment));
        ContentItem::InputText { text: text.into() }
    };
    let mut content = |parts: &[ContentItem], in_user_message: bool| {
        let (mut rendered, mut images) = (Vec::with_capacity(parts.len()), 0);
        for part in parts {
            match image_url(part).and_then(to_handle) {
                Some(handle) => {
                    images += 1;
                    rendered.extend(is_sent(handle).then(|| part.clone()));
                    rendered.push(line(handle, in_user_message.then_some(images)));
                }
                None => rendered.push(part.clone()),
            }
        }
        rendered
    };
    match item {
        ResponseItem::Message { role, content: parts } => {
            vec![ResponseItem::Message { role: *role, content: content(parts, *role == MessageRole::User) }]
        }
        ResponseItem::FunctionCallOutput { call_id, output } => {
            vec![ResponseItem::FunctionCallOutput { call_id: call_id.clone(), output: content(output, false) }]
        }
        ResponseItem::ImageGenerationCall { result, .. } => match to_handle(result) {
            // The call has no content besides its image.
            Some(handle) => {
                let line = ResponseItem::Message { role: MessageRole::Developer, content: vec![line(handle, None)] };
                is_sent(handle).then(|| item.clone()).into_iter().chain([line]).collect()
            }
            None => vec![item.clone()],
        },
        ResponseItem::ContextCompaction(catalogue) => {
            let content = vec![ContentItem::InputText { text: catalogue::to_text(catalogue).into() }];
            vec![ResponseItem::Message { role: MessageRole::User, content }]
        }
        ResponseItem::Reasoning { .. } | ResponseItem::FunctionCall { .. } => vec![item.clone()],
    }
}

/// Returns the handles of the images that an item shows, in order.
pub fn to_handles(item: &ResponseItem) -> Vec<&str> {
    match item {
        ResponseItem::Message { content, .. } | ResponseItem::FunctionCallOutput { output: content, .. } => {
            content.iter().filter_map(image_url).filter_map(to_handle).collect()
        }
        ResponseItem::ImageGenerationCall { result, .. } => to_handle(result).into_iter().collect(),
        ResponseItem::Reasoning { .. } | ResponseItem::FunctionCall { .. } | ResponseItem::ContextCompaction(_) => {
            Vec::new()
        }
    }
}

pub(super) fn image_url(content: &ContentItem) -> Option<&str> {
    match content {
        ContentItem::InputImage { image_url, .. } => Some(image_url),
        ContentItem::InputText { .. } | ContentItem::OutputText { .. } => None,
    }
}

pub(super) fn to_handle(image_url: &str) -> Option<&str> {
    image_url.strip_prefix(HANDLE_SCHEME)
}
