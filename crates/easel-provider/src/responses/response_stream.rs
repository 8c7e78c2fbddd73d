//! The stream of one response: its attempts, its time limit and its images.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use easel_imagegen::port::{Files, GeneratedImage, GeneratedImages, ModelError, ModelEvent, Preview, ReasoningEvent};
use easel_protocol::record::ImageError;
use easel_protocol::tool::ToolExposure;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::model_call::{ModelCall, to_model_error};
use super::open_stream::{OpenStream, StreamEnd};
use super::state::{HostedImage, ResponseEvent, ResponseEvents, ResponseState};
use super::{ResponsesApi, other_error, staging};
use crate::credential::Credentials;
use crate::http::{LimitReached, NetworkLimit, SendError, send};
use crate::json_images::ImagePart;
use crate::rejection::request_id;

#[cfg(any(fuzzing, test))]
pub(crate) mod fuzzing;

/// The events of one response.
pub(super) struct ResponseStream<'a, C, F: Files> {
    api: ResponsesApi<'a, C>,
    files: Arc<F>,
    call: ModelCall<'a, F>,
    phase: Phase<F>,
    /// Events that the caller has not taken yet.
    events: ResponseEvents,
    /// The images of `events`, by number.
    images: Vec<ImagePart<F::Writer>>,
    /// Whether the caller has taken an event that matters. If so, the request is not sent again.
    progress: Progress,
    /// The error that ends the stream, after all `events`.
    error: Option<ModelError>,
    started: Instant,
    limit: NetworkLimit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    NoEvents,
    SomeEvents,
}

enum Phase<F: Files> {
    /// The request is sent after this pause.
    Waiting(Duration),
    Receiving(Box<OpenStream<F>>),
    Ended,
}

impl<'a, C: Credentials, F: Files> ResponseStream<'a, C, F> {
    pub(super) fn new(
        api: ResponsesApi<'a, C>,
        call: ModelCall<'a, F>,
        files: Arc<F>,
        stop: CancellationToken,
    ) -> Self {
        let started = Instant::now();
        let limit = NetworkLimit::new(stop, started + api.timeouts.response);
        Self {
            api,
            files,
            call,
            phase: Phase::Waiting(Duration::ZERO),
            events: VecDeque::new(),
            images: Vec::new(),
            progress: Progress::NoEvents,
            error: None,
            started,
            limit,
        }
    }

    /// Returns the next event, or `None` at the end of the response.
    pub(super) async fn next(&mut self) -> Option<Result<ModelEvent, ModelError>> {
        loop {
            if let Some(event) = self.events.pop_front() {
                if is_progress(&event) {
                    self.progress = Progress::SomeEvents;
                }
                let Some(event) = self.stage(event).await else { continue };
                return Some(Ok(event));
            }
            if let Some(error) = self.error.take() {
                return Some(Err(error));
            }
            if matches!(self.phase, Phase::Ended) {
                return None;
            }
            match self.advance().await {
                Ok(ControlFlow::Continue(())) => {}
                // Closes the connection before the caller learns about the end.
                Ok(ControlFlow::Break(())) => self.phase = Phase::Ended,
                Err(end) => self.on_end(end).await,
            }
        }
    }

    /// Sends the request, or reads the next event. Breaks when the response is complete.
    async fn advance(&mut self) -> Result<ControlFlow<()>, StreamEnd> {
        match &mut self.phase {
            Phase::Waiting(pause) => {
                self.limit.sleep(*pause).await?;
                let response = match send(self.api.client, &mut self.call, &self.limit).await {
                    Ok(response) => response,
                    Err(SendError::LimitReached { reason, .. }) => return Err(reason.into()),
                    Err(error) => {
                        if let SendError::Rejected(rejection) | SendError::Refresh { rejection, .. } = &error {
                            self.events.extend(rejection.request_id.clone().map(request_id_event));
                        }
                        return Err(to_model_error(&error).into());
                    }
                };
                let headers = response.response.headers();
                self.events.extend(request_id(headers, &response.redactor).map(request_id_event));
                let state = ResponseState::new(self.call.context(&response));
                let provider = self.api.client.description();
                let stream = OpenStream::new(response, provider, self.call.exposure, Arc::clone(&self.files), state);
                self.phase = Phase::Receiving(Box::new(stream));
                Ok(ControlFlow::Continue(()))
            }
            Phase::Receiving(stream) => {
                stream.advance(self.api.timeouts.stream_idle, &self.limit, &mut self.events, &mut self.images).await
            }
            Phase::Ended => Ok(ControlFlow::Break(())),
        }
    }

    /// Starts another attempt if that is safe and may help. Otherwise the response has failed.
    async fn on_end(&mut self, end: StreamEnd) {
        self.keep_truncated_images().await;
        let error = match end {
            StreamEnd::Truncated(error) => match self.pause_after_truncation() {
                Some(pause) => {
                    tracing::debug!(?pause, %error, "the request is sent again");
                    self.start_again(pause);
                    return;
                }
                None => error,
            },
            StreamEnd::Failed(error) => {
                if self.omit_refused() {
                    tracing::debug!(%error, "the request is sent again without what was refused");
                    self.start_again(Duration::ZERO);
                    return;
                }
                error
            }
            StreamEnd::LimitReached(LimitReached::Deadline) => {
                let limit = self.api.timeouts.response.as_secs_f32();
                other_error(format!("the model's response was not complete after {limit} s"))
            }
            // The caller knows why it stopped.
            StreamEnd::LimitReached(LimitReached::Stopped) => {
                self.phase = Phase::Ended;
                return;
            }
        };
        if let Phase::Receiving(stream) = &mut self.phase {
            stream.state.abandon(&error, &mut self.events);
        }
        self.phase = Phase::Ended;
        self.error = Some(error);
    }

    /// Keeps the complete images of a truncated event: they are paid for.
    async fn keep_truncated_images(&mut self) {
        if let Phase::Receiving(stream) = &mut self.phase
            && self.events.is_empty()
        {
            stream.take_truncated_event(&mut self.events, &mut self.images).await;
        }
    }

    /// Returns the pause before another attempt after a truncated response, or `None` if there may be none.
    fn pause_after_truncation(&mut self) -> Option<Duration> {
        // The hosted tool may have generated and billed an image.
        let is_safe = self.has_no_events() && self.call.exposure != ToolExposure::Hosted;
        if is_safe { self.call.budget.after_truncation() } else { None }
    }

    fn has_no_events(&self) -> bool {
        self.progress == Progress::NoEvents && !self.events.iter().any(is_progress)
    }

    /// Sends the request again after a pause. Reasoning that the caller knows about is completed as it is.
    fn start_again(&mut self, pause: Duration) {
        if let Phase::Receiving(stream) = &mut self.phase {
            stream.state.close_reasoning(&mut self.events);
        }
        self.phase = Phase::Waiting(pause);
    }

    /// Omits what the provider refused inside the response, and returns whether the request can be sent again without
    /// it. Some providers start a response before they look at the conversation.
    #[must_use]
    fn omit_refused(&mut self) -> bool {
        let is_safe = self.has_no_events();
        let Phase::Receiving(stream) = &self.phase else { return false };
        match stream.state.rejection() {
            Some(rejection) if is_safe && !rejection.is_too_long() => self.call.omit_refused(rejection),
            Some(_) | None => false,
        }
    }

    /// Stages the image of an event. Returns `None` for a preview without a usable image.
    async fn stage(&mut self, event: ResponseEvent) -> Option<ModelEvent> {
        match event {
            ResponseEvent::Model(event) => Some(event),
            ResponseEvent::HostedPreview { id, index, image } => {
                if self.call.partial_images == 0 {
                    return None;
                }
                let part = self.take_image(image);
                let staged = staging::stage_preview(&self.files, part).await?;
                Some(ModelEvent::HostedPreview { call_id: id.into(), preview: Preview { index, staged } })
            }
            ResponseEvent::HostedEnded { id, outcome } => {
                let outcome = match outcome {
                    Ok(image) => self.stage_image(image).await,
                    Err(error) => Err(error),
                };
                let outcome = outcome.map_err(|error| {
                    let elapsed_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
                    ImageError { elapsed_ms, billed: self.api.client.profile.apply_billing(error.billed), ..error }
                });
                Some(ModelEvent::HostedEnded { call_id: id.into(), outcome })
            }
        }
    }

    fn take_image(&mut self, number: usize) -> ImagePart<F::Writer> {
        self.images.get_mut(number).map_or(ImagePart::Empty, ImagePart::take)
    }

    async fn stage_image(&mut self, image: HostedImage) -> Result<GeneratedImages, ImageError> {
        let HostedImage { image, revised_prompt, applied, request_id, generation_id } = image;
        let attempts = 1;
        let part = self.take_image(image);
        let staged = staging::stage(&self.files, part).await;
        let staged = staged.map_err(|error| ImageError { attempts, request_id: request_id.clone(), ..error })?;
        let images = vec![GeneratedImage { staged, revised_prompt, applied, edit: None }];
        Ok(GeneratedImages { images, usage: None, request_id, generation_id, attempts, missing: None })
    }
}

/// Returns whether the request must not be sent again after this event. Reasoning may be shown twice, but not kept
/// twice for later requests.
fn is_progress(event: &ResponseEvent) -> bool {
    match event {
        ResponseEvent::Model(ModelEvent::RequestId { .. }) => false,
        ResponseEvent::Model(ModelEvent::Reasoning { event, .. }) => {
            matches!(event, ReasoningEvent::Completed { model_item: Some(_), .. })
        }
        ResponseEvent::Model(_) | ResponseEvent::HostedPreview { .. } | ResponseEvent::HostedEnded { .. } => true,
    }
}

fn request_id_event(request_id: String) -> ResponseEvent {
    ResponseEvent::Model(ModelEvent::RequestId { request_id })
}
