//! One request to the model, and what is known of the images that its answer may bring.

use std::sync::Arc;

use easel_imagegen::output;
use easel_imagegen::port::{Files, ModelRequest, Reference};
use easel_protocol::record::{AppliedImage, ImageAction, RequestedImage};
use easel_protocol::response_item::{ContentItem, MessageRole, ResponseItem};

use super::answer::Context;
use super::body::Body;
use super::send::{Begun, Request};

/// Characters of a prompt, as the standalone tool takes them: each image of an answer repeats it.
const MAX_PROMPT: usize = 32_000;

pub(super) struct Asked<F> {
    pub(super) request: Request<F>,
    requested: RequestedImage,
    shown: Vec<Reference>,
    pub(super) partial_images: u32,
}

impl<F: Files> Asked<F> {
    pub(super) fn new(request: ModelRequest, body: Body, files: Arc<F>) -> Self {
        let requested = requested(&request);
        let ModelRequest { model, originator, images: shown, exposure, partial_images, .. } = request;
        let request = Request { model, originator, exposure, body: Arc::new(body), files };
        Self { request, requested, shown, partial_images }
    }

    pub(super) fn context(&self, begun: &Begun) -> Context {
        Context {
            headers: begun.response.headers().clone(),
            masks: begun.masks.clone(),
            requested: self.requested.clone(),
            shown: self.shown.clone(),
        }
    }
}

/// The hosted tool's arguments are not told: it sees the conversation, and what the user said last in their own words.
fn requested(request: &ModelRequest) -> RequestedImage {
    let action = if request.images.is_empty() { ImageAction::Generate } else { ImageAction::Edit };
    let said = request.input.iter().rev().find_map(|item| match item {
        ResponseItem::Message { role: MessageRole::User, content } => Some(text(content)),
        ResponseItem::Message { .. }
        | ResponseItem::FunctionCall { .. }
        | ResponseItem::FunctionCallOutput { .. }
        | ResponseItem::ImageGenerationCall { .. } => None,
    });
    let mut prompt = said.unwrap_or_default();
    if let Some((end, _)) = prompt.char_indices().nth(MAX_PROMPT) {
        prompt.truncate(end);
    }
    RequestedImage { action, prompt, parameters: AppliedImage::default() }
}

fn text(content: &[ContentItem]) -> String {
    let texts = content.iter().filter_map(|piece| match piece {
        ContentItem::InputText { text } if !output::names_attachment(text) => Some(text.as_str()),
        ContentItem::InputText { .. } | ContentItem::OutputText { .. } | ContentItem::InputImage { .. } => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}
