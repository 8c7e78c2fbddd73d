//! One request to the model, and what is known of the images that its answer may bring.

use std::collections::HashSet;
use std::sync::Arc;

use easel_imagegen::port::{Files, ModelRequest, Reference};
use easel_protocol::record::{AppliedImage, ImageAction, RequestedImage};

use super::answer::Context;
use super::body::{Body, Picture, Reason};
use super::refusal::{Blamed, RefusedPictures, blamed};
use super::send::{Begun, Request};
use crate::failure::Refused;

/// Characters of a prompt, as the standalone tool takes them: each image of an answer repeats it.
const MAX_PROMPT: usize = 32_000;

/// How often pictures that the provider refuses are left out: first those that it names, then all.
const MAX_REFUSALS: u32 = 2;

pub(super) struct Asked<F> {
    pub(super) request: Request<F>,
    /// What the user said last. The hosted tool's arguments are not told: it sees the conversation.
    prompt: String,
    images: Vec<Reference>,
    pub(super) partial_images: u32,
    refusals: u32,
    was_unreadable: bool,
}

impl<F: Files> Asked<F> {
    pub(super) fn new(request: ModelRequest, body: Body, files: Arc<F>) -> Self {
        let prompt = prompt(&request);
        let ModelRequest { model, originator, images, exposure, partial_images, gate, .. } = request;
        let request = Request { model, originator, exposure, body: Arc::new(body), files, gate };
        Self { request, prompt, images, partial_images, refusals: 0, was_unreadable: false }
    }

    pub(super) fn context(&self, begun: &Begun) -> Context {
        let sent: HashSet<&str> = self.request.body.pictures().map(Picture::handle).collect();
        let is_shown = |image: &&Reference| image.id.as_deref().is_some_and(|id| sent.contains(id));
        let shown: Vec<Reference> = self.images.iter().filter(is_shown).cloned().collect();
        let action = if shown.is_empty() { ImageAction::Generate } else { ImageAction::Edit };
        let (prompt, parameters) = (self.prompt.clone(), AppliedImage::default());
        Context {
            headers: begun.response.headers().clone(),
            masks: begun.masks.clone(),
            requested: RequestedImage { action, prompt, parameters },
            shown,
        }
    }

    /// Leaves out the pictures that a refusal is about. False when it is about none that is left.
    pub(super) fn leave_out_refused(&mut self, refused: &Refused, known: &RefusedPictures) -> bool {
        let Blamed { mut handles, are_named } = blamed(refused, &self.request.body);
        if self.refusals == MAX_REFUSALS || handles.is_empty() {
            return false;
        }
        if are_named {
            known.add(&self.request.model, &handles);
        }
        if self.refusals > 0 {
            handles = self.request.body.handles();
        }
        self.refusals += 1;
        tracing::warn!(images = ?handles, reason = refused.message, "the provider refused pictures; it is asked without them");
        Arc::make_mut(&mut self.request.body).leave_out(&handles, Reason::Refused);
        true
    }

    /// Whether the pictures may be looked at once more, after one could not be read while it was sent.
    pub(super) fn may_measure_again(&mut self) -> bool {
        !std::mem::replace(&mut self.was_unreadable, true)
    }
}

fn prompt(request: &ModelRequest) -> String {
    let mut prompt = request.history.last_user_text();
    if let Some((end, _)) = prompt.char_indices().nth(MAX_PROMPT) {
        prompt.truncate(end);
    }
    prompt
}
