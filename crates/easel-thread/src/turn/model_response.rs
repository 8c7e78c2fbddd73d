//! Requests to the model, and the events of its responses.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use easel_imagegen::history::{History, images_to_copy, render_for_model};
use easel_imagegen::model_copy::{ModelCopies, Pictures};
use easel_imagegen::phase;
use easel_imagegen::port::{ModelError, ModelEvent, ModelRequest, Provider, Store};
use easel_imagegen::spec;
use easel_protocol::record::{Billed, ImageErrorKind};
use easel_protocol::tool::ToolExposure;
use easel_protocol::turn::CodexErrorInfo;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::{TurnRunner, spans};
use crate::config::Reserved;
use crate::event_sink::EventSink;
use crate::machine::{Effect, Input, Turn};

const RESPONSE_CANCELLED: &str = "the response that was making the image was cancelled";

/// A model response that is being received.
pub(super) struct OpenResponse<'a> {
    events: BoxStream<'a, Result<ModelEvent, ModelError>>,
    /// The tool that the request offers.
    exposure: ToolExposure,
    /// Whether the request was sent. Set for the hosted tool only.
    was_sent: Arc<AtomicBool>,
    /// Ends the stream after the events that have arrived.
    stop: CancellationToken,
}

impl OpenResponse<'_> {
    /// Waits for the next event of the response, or forever if no response is open. Drops the response at its last
    /// event, so that the end of the stream behind that event is not mistaken for an early end.
    pub(super) async fn next(response: &mut Option<Self>) -> Option<Result<ModelEvent, ModelError>> {
        let Some(open) = response else { return std::future::pending().await };
        let event = open.events.next().await;
        if matches!(event, None | Some(Err(_) | Ok(ModelEvent::Completed { .. }))) {
            *response = None;
        }
        event
    }
}

impl<S: Store, P: Provider, E: EventSink> TurnRunner<'_, S, P, E> {
    /// Creates the stream of a response. The request is sent when the stream is first polled. A panic inside the
    /// provider ends the response as failed. `reserved` is what the request has reserved for a hosted image.
    pub(super) fn request_response<'p>(
        &mut self,
        provider: &'p P,
        turn: &Turn,
        reserved: Option<Reserved>,
    ) -> OpenResponse<'p> {
        let (exposure, was_sent) = (turn.tool_to_offer(), Arc::new(AtomicBool::new(false)));
        self.hosted_request = reserved.is_some().then(|| Arc::clone(&was_sent));
        self.model_request_id = None;
        let history = History { items: self.conversation.history.clone(), images: self.conversation.images.clone() };
        let to_copy = match self.pictures {
            // The embedded provider looks at no images.
            Pictures::Copy if !provider.info().synthetic => images_to_copy(&history, self.budget, exposure),
            Pictures::Copy | Pictures::Original => Vec::new(),
        };
        let request = ModelRequest {
            thread_id: self.context.thread_id.clone(),
            originator: self.context.originator.clone(),
            model: self.model.clone(),
            instructions: match turn.withheld_note() {
                Some(note) => format!("{}\n\n{note}", self.instructions),
                None => self.instructions.clone(),
            },
            input: Vec::new(),
            history,
            images: Vec::new(),
            copies: ModelCopies::new(),
            exposure,
            reasoning: self.reasoning.clone(),
            output_schema: self.output_schema.clone(),
            partial_images: self.context.partial_images,
            gate: self.context.gate.for_model_request(exposure, reserved, Arc::clone(&was_sent)),
            tools: spec::tool_entries(exposure, &provider.image_info().capabilities, self.context.partial_images),
        };
        let (context, stop) = (Arc::clone(&self.context), CancellationToken::new());
        let (token, budget) = (stop.clone(), self.budget);
        let span = spans::model_request(provider.info(), &self.model);
        let events = async move {
            let copies = if to_copy.is_empty() {
                ModelCopies::new()
            } else {
                let span = tracing::debug_span!(target: phase::TARGET, "copy");
                context.store.model_copies(to_copy).instrument(span).await
            };
            let span = tracing::debug_span!(target: phase::TARGET, "plan");
            let (input, images) = span.in_scope(|| render_for_model(&request.history, budget, &copies));
            drop(span);
            let request = ModelRequest { input, images, copies, ..request };
            provider.respond(request, context.store.files(&context.thread_id), token)
        };
        // The panic hook has logged why.
        let panicked = |_| {
            let message = "The provider failed inside Easel; the log has details.".to_owned();
            Err(ModelError { message, info: CodexErrorInfo::InternalServerError, was_refused: false })
        };
        let events = AssertUnwindSafe(stream::once(events).flatten())
            .catch_unwind()
            .map(move |event| event.unwrap_or_else(panicked))
            .inspect(move |event| spans::record_event(&span, event))
            .boxed();
        OpenResponse { events, exposure, was_sent, stop }
    }

    /// Closes the response. Hosted images that have arrived completely are kept, and those that have only started fail;
    /// everything else that is left of it is ignored.
    ///
    /// A call that starts here must be journaled before its image is stored. The effects then end with another
    /// [`Effect::CloseResponse`], which continues.
    pub(super) async fn close_response(
        &mut self,
        response: &mut Option<OpenResponse<'_>>,
        turn: &mut Turn,
    ) -> Vec<Effect> {
        let mut effects = Vec::new();
        let mut was_sent = false;
        // A response that is complete, or was refused, makes no further image.
        let mut billed = Billed::Uncertain;
        if let Some(open) = response {
            open.stop.cancel();
            was_sent = open.was_sent.load(Ordering::Relaxed);
            while open.exposure == ToolExposure::Hosted
                && let Some(event) = open.events.next().await
            {
                match event {
                    Ok(event @ ModelEvent::HostedStarted { .. }) => {
                        self.look_up(turn.lookups_for(&event)).await;
                        effects.extend(self.handle(turn, Input::ModelEvent(event)));
                        effects.push(Effect::CloseResponse);
                        return effects;
                    }
                    Ok(ModelEvent::HostedEnded { call_id, outcome }) => {
                        effects.extend(self.on_hosted_ended(turn, &call_id, outcome).await);
                    }
                    Ok(ModelEvent::RequestId { request_id }) => self.model_request_id = Some(request_id),
                    Ok(
                        ModelEvent::Reasoning { .. }
                        | ModelEvent::TextDelta { .. }
                        | ModelEvent::Message { .. }
                        | ModelEvent::FunctionCall(_)
                        | ModelEvent::HostedPreview { .. },
                    ) => {}
                    Ok(ModelEvent::Completed { .. }) => billed = Billed::No,
                    Err(error) if error.was_refused => billed = Billed::No,
                    Err(_) => {}
                }
            }
        }
        *response = None;
        // An image that has started has an item, which says what it may cost.
        let has_lost_image = was_sent
            && billed == Billed::Uncertain
            && self.hosted.is_empty()
            && self.context.provider.info().capabilities.bills;
        let (kind, message) = match (self.interrupt.is_cancelled(), turn.is_withdrawn()) {
            (true, _) => (ImageErrorKind::Interrupted, RESPONSE_CANCELLED),
            (false, true) => (ImageErrorKind::Interrupted, "image generation was turned off"),
            (false, false) => (ImageErrorKind::BadResponse, RESPONSE_CANCELLED),
        };
        // A call that was not journaled takes what the request has reserved.
        effects.extend(self.fail_hosted_calls(turn, kind, message).await);
        self.end_hosted_request(billed).await;
        effects.extend(self.handle(turn, Input::ResponseClosed { has_lost_image }));
        effects
    }

    pub(super) async fn on_model_response(
        &mut self,
        turn: &mut Turn,
        event: Option<Result<ModelEvent, ModelError>>,
    ) -> Vec<Effect> {
        let (input, end) = match event {
            Some(Ok(ModelEvent::RequestId { request_id })) => {
                self.model_request_id = Some(request_id);
                return Vec::new();
            }
            // These own files, which the machine must not touch.
            Some(Ok(ModelEvent::HostedPreview { call_id, preview })) => {
                return self.on_hosted_preview(turn, &call_id, preview);
            }
            Some(Ok(ModelEvent::HostedEnded { call_id, outcome })) => {
                return self.on_hosted_ended(turn, &call_id, outcome).await;
            }
            Some(Ok(event)) => {
                self.look_up(turn.lookups_for(&event)).await;
                let end = matches!(event, ModelEvent::Completed { .. }).then_some(Billed::No);
                (Input::ModelEvent(event), end)
            }
            Some(Err(error)) => {
                // The end of the turn is logged with it, unless the request is sent again.
                tracing::info!(
                    thread_id = %self.context.thread_id,
                    error = &error as &dyn std::error::Error,
                    "the model request failed"
                );
                let billed = if error.was_refused { Billed::No } else { Billed::Uncertain };
                (Input::ResponseFailed(error), Some(billed))
            }
            None => {
                let message = "The model's response ended early.".to_owned();
                let error = ModelError { message, info: CodexErrorInfo::Other, was_refused: false };
                (Input::ResponseFailed(error), Some(Billed::Uncertain))
            }
        };
        let mut effects = Vec::new();
        if let Some(billed) = end {
            let message = "the model's response ended before its image was complete";
            effects = self.fail_hosted_calls(turn, ImageErrorKind::BadResponse, message).await;
            self.end_hosted_request(billed).await;
        }
        effects.extend(self.handle(turn, input));
        effects
    }
}
