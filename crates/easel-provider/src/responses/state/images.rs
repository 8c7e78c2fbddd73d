//! The hosted images of one response. Each starts once and ends once.

use easel_imagegen::port::{ModelError, ModelEvent, Reference, image_error};
use easel_protocol::record::{AppliedImage, Billed, ImageError, ImageErrorKind, RequestedImage};
use easel_protocol::turn::CodexErrorInfo;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::identity::Fingerprint;
use super::{HostedImage, MAX_CALL_ID, ResponseEvent, ResponseEvents, provider_error};
use crate::http::Destination;
use crate::rejection::{self, Redactor, Rejection};
use crate::responses::staging::NO_IMAGE;
use crate::responses::wire::{ImageItem, ItemKey};

/// Hosted images of one response.
const MAX_IMAGES: usize = 64;
/// The `status` of an image that was not generated.
const FAILED: &str = "failed";

/// What the state of a response needs and its events do not contain.
#[derive(Debug)]
pub(in super::super) struct ResponseContext {
    pub(in super::super) headers: HeaderMap,
    pub(in super::super) redactor: Redactor,
    pub(in super::super) destination: Destination,
    /// The request to the hosted tool, as far as it can be derived from the conversation.
    pub(in super::super) requested: RequestedImage,
    /// Whether the provider encrypts its reasoning, so that later requests can send it back.
    pub(in super::super) keep_reasoning: bool,
    /// The images that the conversation shows.
    pub(in super::super) references: Vec<Reference>,
}

#[derive(Debug)]
pub(super) struct HostedImages {
    context: ResponseContext,
    request_id: Option<String>,
    calls: Vec<HostedCall>,
    /// The provider's error that ended the response.
    rejection: Option<Rejection>,
}

/// One hosted image.
#[derive(Debug)]
struct HostedCall {
    key: ItemKey,
    /// Unique in the response.
    id: String,
    state: CallState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CallState {
    Open,
    Ended,
}

/// The kind of an event about an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EventStage {
    /// The image is new.
    Added,
    /// The image continues or ends.
    Later,
}

impl HostedImages {
    pub(super) fn new(context: ResponseContext) -> Self {
        let request_id = rejection::request_id(&context.headers, &context.redactor);
        Self { context, request_id, calls: Vec::new(), rejection: None }
    }

    /// Keeps the provider's error that ends the response.
    pub(super) fn on_error(&mut self, error: &Value) -> ModelError {
        let rejection = self.parse_rejection(error);
        let error = rejection.model_error();
        self.rejection = Some(rejection);
        error
    }

    /// Returns the provider's error that ended the response before any image started.
    pub(super) fn rejection(&self) -> Option<&Rejection> {
        self.rejection.as_ref().filter(|_| self.calls.is_empty())
    }

    fn parse_rejection(&self, error: &Value) -> Rejection {
        let context = &self.context;
        Rejection::from_json(200, &context.headers, error, &context.redactor).at(context.destination.clone())
    }

    /// Returns how many images have ended.
    pub(super) fn count_ended(&self) -> usize {
        self.calls.iter().filter(|call| call.state == CallState::Ended).count()
    }

    /// Returns the images that have started.
    pub(super) fn known(&self) -> Vec<Fingerprint> {
        self.calls.iter().map(|call| Fingerprint::of_image(call.key.clone())).collect()
    }

    pub(super) fn on_added(&mut self, key: &ItemKey, events: &mut ResponseEvents) -> Result<(), ModelError> {
        self.find_or_start(key, EventStage::Added, events).map(drop)
    }

    pub(super) fn on_started(&mut self, key: &ItemKey, events: &mut ResponseEvents) -> Result<(), ModelError> {
        self.find_or_start(key, EventStage::Later, events).map(drop)
    }

    pub(super) fn on_preview(
        &mut self,
        key: &ItemKey,
        index: u32,
        image: Option<usize>,
        events: &mut ResponseEvents,
    ) -> Result<(), ModelError> {
        let at = self.find_or_start(key, EventStage::Later, events)?;
        let HostedCall { id, state, .. } = &self.calls[at];
        if let Some(image) = image.filter(|_| *state == CallState::Open) {
            events.push_back(ResponseEvent::HostedPreview { id: id.clone(), index, image });
        }
        Ok(())
    }

    pub(super) fn on_done(
        &mut self,
        key: &ItemKey,
        image: ImageItem,
        events: &mut ResponseEvents,
    ) -> Result<(), ModelError> {
        let at = self.find_or_start(key, EventStage::Later, events)?;
        // An image without bytes and without an error may still arrive in the complete response.
        if image.result.is_some() || image.error.is_some() || image.status == FAILED {
            self.end(at, key, image, events);
        }
        Ok(())
    }

    /// Processes an image of the complete response. `known` is its index among the images that have started.
    pub(super) fn on_output(
        &mut self,
        known: Option<usize>,
        key: &ItemKey,
        image: ImageItem,
        events: &mut ResponseEvents,
    ) -> Result<(), ModelError> {
        let at = known.map_or_else(|| self.start(key, events), Ok)?;
        self.end(at, key, image, events);
        Ok(())
    }

    fn find_or_start(
        &mut self,
        key: &ItemKey,
        stage: EventStage,
        events: &mut ResponseEvents,
    ) -> Result<usize, ModelError> {
        self.find(key, stage).map_or_else(|| self.start(key, events), Ok)
    }

    /// Returns the index of the image that an event is about.
    ///
    /// A known id decides; else the position, if the ids do not differ or the image at that position is open; else, if
    /// the event has neither id nor position, the first open image.
    fn find(&self, key: &ItemKey, stage: EventStage) -> Option<usize> {
        let agree = |known: &HostedCall| {
            let position = key.position.zip(known.key.position).map(|(a, b)| a == b);
            let ids = [&key.id, &known.key.id];
            let id = ids.iter().all(|id| !id.is_empty()).then(|| ids[0] == ids[1]);
            (position, id, known.state == CallState::Open && stage == EventStage::Later)
        };
        let first = |rule: fn(_) -> bool| self.calls.iter().position(|known| rule(agree(known)));
        first(|(position, id, _)| id == Some(true) && position != Some(false))
            .or_else(|| first(|(_, id, _)| id == Some(true)))
            .or_else(|| first(|(position, id, _)| position == Some(true) && id.is_none()))
            .or_else(|| first(|(position, _, open)| position == Some(true) && open))
            .or_else(|| first(|(position, id, open)| position.is_none() && id.is_none() && open))
    }

    fn start(&mut self, key: &ItemKey, events: &mut ResponseEvents) -> Result<usize, ModelError> {
        let at = self.calls.len();
        if at == MAX_IMAGES {
            return Err(provider_error("the provider's model started too many images in one response"));
        }
        let is_new = |id: &String| self.calls.iter().all(|known| known.id != *id);
        let fits = |id: &String| !id.is_empty() && id.chars().count() <= MAX_CALL_ID && is_new(id);
        let numbered = || (at + 1..).map(|number| format!("image_{number}")).find(is_new);
        let id = Some(key.id.clone()).filter(fits).or_else(numbered).unwrap_or_default();
        let (requested, references) = (self.context.requested.clone(), self.context.references.clone());
        events.push_back(ModelEvent::HostedStarted { call_id: id.as_str().into(), requested, references }.into());
        self.calls.push(HostedCall { key: key.clone(), id, state: CallState::Open });
        Ok(at)
    }

    fn end(&mut self, at: usize, key: &ItemKey, image: ImageItem, events: &mut ResponseEvents) {
        if std::mem::replace(&mut self.calls[at].state, CallState::Ended) == CallState::Open {
            let outcome = self.to_outcome(key, image);
            events.push_back(ResponseEvent::HostedEnded { id: self.calls[at].id.clone(), outcome });
        }
    }

    /// Ends the images that are still open when the response is complete.
    pub(super) fn end_missing(&mut self, events: &mut ResponseEvents) {
        self.end_open(&self.image_error("the response ended without the image"), events);
    }

    /// Ends the images that are still open when the response ends with an error.
    pub(super) fn abandon(&mut self, error: &ModelError, events: &mut ResponseEvents) {
        let message = format!("the response ended before the image: {}", error.message);
        let failed = match &self.rejection {
            Some(rejection) => ImageError { attempts: 1, message, ..rejection.image_error() },
            None => {
                let is_network = error.info == CodexErrorInfo::Other;
                let kind = if is_network { ImageErrorKind::Network } else { ImageErrorKind::BadResponse };
                ImageError { kind, ..self.image_error(&message) }
            }
        };
        self.end_open(&failed, events);
    }

    fn end_open(&mut self, error: &ImageError, events: &mut ResponseEvents) {
        for HostedCall { id, state, .. } in &mut self.calls {
            if std::mem::replace(state, CallState::Ended) == CallState::Open {
                events.push_back(ResponseEvent::HostedEnded { id: id.clone(), outcome: Err(error.clone()) });
            }
        }
    }

    fn to_outcome(&self, key: &ItemKey, image: ImageItem) -> Result<HostedImage, ImageError> {
        // An image that arrived is used, whatever is said about it.
        let number = match (image.result, &image.error) {
            (Some(number), _) => number,
            (None, Some(error)) => {
                return Err(ImageError { attempts: 1, ..self.parse_rejection(error).image_error() });
            }
            (None, None) => return Err(self.image_error(NO_IMAGE)),
        };
        let redactor = &self.context.redactor;
        let label = |text: Option<String>| redactor.clean_label(&text?);
        let AppliedImage { size, quality, background, output_format, n } = image.applied;
        let applied = AppliedImage {
            size: label(size),
            quality: label(quality),
            background: label(background),
            output_format: label(output_format),
            n,
        };
        let revised_prompt = image.revised_prompt.and_then(|prompt| redactor.clean_prompt(&prompt));
        let (request_id, generation_id) = (self.request_id.clone(), redactor.clean_label(&key.id));
        Ok(HostedImage { image: number, revised_prompt, applied, request_id, generation_id })
    }

    fn image_error(&self, message: &str) -> ImageError {
        let request_id = self.request_id.clone();
        let error = image_error(ImageErrorKind::BadResponse, message);
        ImageError { attempts: 1, billed: Billed::Uncertain, request_id, retryable: true, ..error }
    }
}
