//! The request for one response of the model, and the policy for sending it again.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use easel_imagegen::port::{Files, ModelError, ModelRequest, Reference, SendGate, image_error};
use easel_protocol::record::{AppliedImage, ImageAction, ImageError, ImageErrorKind, RequestedImage};
use easel_protocol::tool::ToolExposure;
use easel_protocol::turn::CodexErrorInfo;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};

use super::body::{ConversationBody, ConversationImage, OmissionReason, unreadable_message};
use super::prompt_cache::CacheField;
use super::refusals::{ImageRefusal, Refusals, find_refused_images, is_about_reasoning};
use super::retry_budget::{MAX_PAUSE, RetryBudget};
use super::state::ResponseContext;
use super::{ResponsesApi, other_error};
use crate::http::{OpenResponse, PreparedRequest, Request, SendError};
use crate::rejection::Rejection;

/// Characters of the prompt that is recorded with each hosted image. The standalone tool has the same limit.
const MAX_PROMPT: usize = 32_000;

/// How often refused images are omitted: first those that the provider names, then all.
const MAX_OMISSIONS: u32 = 2;

/// One request to the model.
pub(super) struct ModelCall<'a, F> {
    model: String,
    originator: String,
    pub(super) exposure: ToolExposure,
    pub(super) partial_images: u32,
    body: ConversationBody,
    files: Arc<F>,
    gate: SendGate,
    idle_timeout: Duration,
    /// The last user message, recorded as the prompt of hosted images: their tool has no prompt, because it sees the
    /// conversation.
    prompt: String,
    /// Images that the conversation may show.
    images: Vec<Reference>,
    refusals: &'a Refusals,
    pub(super) budget: RetryBudget,
    /// How often images were omitted because the provider refused them.
    omissions: u32,
    /// Whether an earlier attempt failed because an image could not be read.
    was_unreadable: bool,
}

impl<'a, F: Files> ModelCall<'a, F> {
    /// Creates the call for `request`. `body` is its conversation.
    pub(super) fn new<C>(
        api: &ResponsesApi<'a, C>,
        request: ModelRequest,
        mut body: ConversationBody,
        files: Arc<F>,
    ) -> Self {
        let mut prompt = request.history.last_user_text();
        if let Some((end, _)) = prompt.char_indices().nth(MAX_PROMPT) {
            prompt.truncate(end);
        }
        let ModelRequest { model, originator, images, exposure, partial_images, gate, .. } = request;
        let refused = api.refusals.images.collect(|(of, handle)| (*of == model).then(|| handle.clone()));
        body.omit(&refused, OmissionReason::Refused);
        if api.refusals.reasoning.contains(|refused| *refused == model) {
            body.omit_reasoning();
        }
        Self {
            model,
            originator,
            exposure,
            partial_images,
            body,
            files,
            gate,
            idle_timeout: api.timeouts.stream_idle,
            prompt,
            images,
            refusals: api.refusals,
            budget: RetryBudget::new(api.retries),
            omissions: 0,
            was_unreadable: false,
        }
    }

    /// Returns what the events of `response` do not contain.
    pub(super) fn context(&self, response: &OpenResponse) -> ResponseContext {
        let sent: HashSet<&str> = self.body.images().map(ConversationImage::handle).collect();
        let is_shown = |image: &&Reference| image.id.as_deref().is_some_and(|id| sent.contains(id));
        let references: Vec<Reference> = self.images.iter().filter(is_shown).cloned().collect();
        let action = if references.is_empty() { ImageAction::Generate } else { ImageAction::Edit };
        let (prompt, parameters) = (self.prompt.clone(), AppliedImage::default());
        ResponseContext {
            headers: response.response.headers().clone(),
            redactor: response.redactor.clone(),
            destination: response.destination.clone(),
            requested: RequestedImage { action, prompt, parameters },
            keep_reasoning: self.body.keeps_reasoning(),
            references,
        }
    }

    /// Omits what `rejection` is about: kept reasoning, or images. Returns `false` if it is about something else, or if
    /// that has been omitted already.
    #[must_use]
    pub(super) fn omit_refused(&mut self, rejection: &Rejection) -> bool {
        self.omit_refused_reasoning(rejection) || self.omit_refused_images(rejection)
    }

    fn omit_refused_reasoning(&mut self, rejection: &Rejection) -> bool {
        if !self.body.keeps_reasoning() || !is_about_reasoning(rejection) {
            return false;
        }
        tracing::warn!(
            model = self.model,
            status = rejection.status,
            code = rejection.code,
            "the provider refused kept reasoning; the request is sent again without it"
        );
        self.refusals.reasoning.add(self.model.clone());
        self.body.omit_reasoning();
        true
    }

    /// Omits the images that `rejection` is about. Returns `false` if it is not about images of the request, or if
    /// images have been omitted too often.
    fn omit_refused_images(&mut self, rejection: &Rejection) -> bool {
        let ImageRefusal { mut handles, are_named } = find_refused_images(rejection, &self.body);
        if self.omissions == MAX_OMISSIONS || handles.is_empty() {
            return false;
        }
        if are_named {
            for handle in &handles {
                self.refusals.images.add((self.model.clone(), handle.clone()));
            }
        }
        if self.omissions > 0 {
            handles = self.body.handles();
        }
        self.omissions += 1;
        tracing::warn!(
            images = ?handles,
            reason = rejection.message,
            "the provider refused images; the request is sent again without them"
        );
        self.body.omit(&handles, OmissionReason::Refused);
        true
    }

    /// Omits the field for the prompt cache that `rejection` names. Returns `false` if it names none.
    #[must_use]
    fn omit_refused_field(&mut self, rejection: &Rejection) -> bool {
        let Some(field) = CacheField::find_refused(rejection) else { return false };
        if !self.body.omit_cache_field(field) {
            return false;
        }
        self.refusals.fields.add(field);
        tracing::info!(?field, reason = rejection.message, "the provider refused a field; it is not sent again");
        true
    }

    fn retry_after_rejection(&mut self, rejection: &Rejection) -> Option<Duration> {
        if rejection.is_too_long() {
            // The caller can shorten the conversation. Leaving out all images would only hide them.
            return None;
        }
        let is_usage_limit = rejection.model_error().info == CodexErrorInfo::UsageLimitExceeded;
        let may_retry = match rejection.status {
            429 => !is_usage_limit,
            503 if rejection.retry_after.is_some() => !is_usage_limit,
            // The hosted tool may have generated and billed an image.
            500..=599 => !is_usage_limit && self.exposure != ToolExposure::Hosted,
            _ => {
                let is_changed = self.omit_refused_field(rejection) || self.omit_refused(rejection);
                return is_changed.then_some(Duration::ZERO);
            }
        };
        let server_pause = rejection.retry_after;
        if !may_retry || server_pause.is_some_and(|server_pause| server_pause > MAX_PAUSE) {
            return None;
        }
        let pause = self.budget.after_no_response()?;
        Some(server_pause.unwrap_or(pause))
    }
}

impl<F: Files> Request for ModelCall<'_, F> {
    type Files = F;

    async fn prepare(&mut self) -> Result<PreparedRequest<F>, ImageError> {
        let measured = self.body.measure(&self.files).await;
        self.body = measured.map_err(|error| image_error(ImageErrorKind::Storage, unreadable_message(&error)))?;
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(PreparedRequest {
            path: "responses",
            model: self.model.clone(),
            offers_hosted_tool: self.exposure == ToolExposure::Hosted,
            originator: self.originator.clone(),
            headers,
            body: self.body.to_request_body(),
            files: Arc::clone(&self.files),
            gate: self.gate.clone(),
            idle_timeout: self.idle_timeout,
        })
    }

    fn retry_after(&mut self, error: &SendError) -> Option<Duration> {
        match error {
            SendError::Rejected(rejection) => self.retry_after_rejection(rejection),
            SendError::Unreachable(_) => self.budget.after_no_response(),
            // The hosted tool may have generated and billed an image.
            SendError::Lost(_) if self.exposure == ToolExposure::Hosted => None,
            SendError::Lost(_) => self.budget.after_no_response(),
            // The next attempt opens the images again and omits those that are missing.
            SendError::Unreadable(_) => (!std::mem::replace(&mut self.was_unreadable, true)).then_some(Duration::ZERO),
            SendError::Credential(_)
            | SendError::Refresh { .. }
            | SendError::Endpoint(_)
            | SendError::Refused(_)
            | SendError::Idle { .. }
            | SendError::LimitReached { .. } => None,
        }
    }
}

/// Converts the error of a request that got no response.
pub(super) fn to_model_error(error: &SendError) -> ModelError {
    match error {
        SendError::Rejected(rejection) => rejection.model_error(),
        SendError::Credential(source) | SendError::Refresh { source, .. } => {
            ModelError { message: source.message.clone(), info: CodexErrorInfo::Unauthorized, was_refused: true }
        }
        // The provider never had the whole request.
        SendError::Unreadable(error) => ModelError { was_refused: true, ..other_error(unreadable_message(error)) },
        SendError::Endpoint(_) | SendError::Refused(_) | SendError::Unreachable(_) => {
            ModelError { was_refused: true, ..other_error(error.to_string()) }
        }
        SendError::Lost(_) | SendError::Idle { .. } | SendError::LimitReached { .. } => other_error(error.to_string()),
    }
}
