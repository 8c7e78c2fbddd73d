//! A response that is being received: bytes become events within limits of size and time, and images go to disk.

mod decoder;
mod kept;
mod parse;
mod skipped;
mod stream_end;

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use easel_imagegen::phase;
use easel_imagegen::port::{Files, ModelError};
use easel_protocol::tool::ToolExposure;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Response, StatusCode};
use tracing::Span;

use self::decoder::{DocumentKind, RawDocument, StreamDecoder};
use self::parse::parse;
use self::skipped::SkippedEvents;
pub(super) use self::stream_end::StreamEnd;
use super::state::{ResponseEvents, ResponseState};
use super::wire::{InvalidEvent, StreamEvent};
use super::{other_error, provider_error};
use crate::http::{Attempt, NetworkLimit, OpenResponse, SendError, root_cause};
use crate::json_images::ImagePart;
use crate::rejection::Redactor;

/// A larger chunk is processed on a blocking thread.
const SMALL_CHUNK_BYTES: usize = 2 << 10;
/// A page of a proxy, a login or an error.
const WEB_PAGE: &str = "a web page";

/// An open response of the model.
pub(super) struct OpenStream<F: Files> {
    response: Response,
    redactor: Redactor,
    /// The name of the provider in messages.
    provider: String,
    exposure: ToolExposure,
    /// What the provider sends instead of a response, according to the head.
    announced: Option<&'static str>,
    /// Absent while a blocking thread processes a chunk.
    decoder: Option<StreamDecoder<F>>,
    /// Events that have not been processed yet.
    received: VecDeque<RawDocument<F::Writer>>,
    skipped: SkippedEvents,
    pub(super) state: ResponseState,
    /// Logs the attempt at the end of the response.
    _attempt: Option<Attempt>,
    /// The phase `decode`, entered while bytes are decoded. Its parent, the phase `body`, ends with it.
    decode_span: Span,
}

impl<F: Files> OpenStream<F> {
    /// Starts to receive the response to a request that offers the image tools of `exposure`. Messages call the
    /// provider `provider`.
    pub(super) fn new(
        response: OpenResponse,
        provider: String,
        exposure: ToolExposure,
        files: Arc<F>,
        state: ResponseState,
    ) -> Self {
        let OpenResponse { response, redactor, destination: _, attempt } = response;
        let announced = find_announced(&response);
        let body_span = tracing::debug_span!(target: phase::TARGET, "body");
        let decode_span = tracing::debug_span!(target: phase::TARGET, parent: &body_span, "decode");
        Self {
            response,
            redactor,
            provider,
            exposure,
            announced,
            decoder: Some(StreamDecoder::new(files)),
            received: VecDeque::new(),
            skipped: SkippedEvents::default(),
            state,
            _attempt: attempt,
            decode_span,
        }
    }

    /// Processes the next event, or else the next chunk. Breaks when the response is complete.
    ///
    /// Replaces `images` with the images of the event. New `events` refer to them by number.
    pub(super) async fn advance(
        &mut self,
        idle_timeout: Duration,
        limit: &NetworkLimit,
        events: &mut ResponseEvents,
        images: &mut Vec<ImagePart<F::Writer>>,
    ) -> Result<ControlFlow<()>, StreamEnd> {
        let (document, is_unended) = match self.received.pop_front() {
            Some(document) => (document, false),
            None => match limit.run(self.next_chunk(idle_timeout)).await?? {
                Some(chunk) => {
                    self.decode(chunk).await?;
                    return Ok(ControlFlow::Continue(()));
                }
                None => {
                    let document = self.decoder.as_mut().ok_or_else(decoder_panicked)?.take_document();
                    let is_event = document.kind == DocumentKind::Event;
                    (document, is_event)
                }
            },
        };
        let RawDocument { kind, name, json, images: parts } = document;
        let (event, json) = parse(&self.decode_span, kind, &name, json).await?;
        let invalid = match event {
            // Some servers omit the empty line after the last event.
            Ok(event) if !is_unended || matches!(event, StreamEvent::Ended(_) | StreamEvent::Error(_)) => {
                *images = parts;
                return self.on_event(event, events, images);
            }
            Ok(_) => None,
            Err(invalid) => Some(invalid),
        };
        let end = match invalid {
            _ if is_unended => Some(self.early_end()),
            None => None,
            // What is too large ends the response at once, unless an image may follow.
            Some(invalid) if kind == DocumentKind::Response || !self.skips(invalid) => Some(invalid.into()),
            Some(invalid) => {
                tracing::debug!(error = %invalid, "an event is skipped");
                self.skipped.add(&name, &json, invalid);
                None
            }
        };
        self.keep_results(RawDocument { kind, name, json, images: parts }, events, images).await;
        end.map_or(Ok(ControlFlow::Continue(())), Err)
    }

    fn on_event(
        &mut self,
        mut event: StreamEvent,
        events: &mut ResponseEvents,
        images: &[ImagePart<F::Writer>],
    ) -> Result<ControlFlow<()>, StreamEnd> {
        event.retain_results(|number| images.get(number).is_some_and(|part| !part.is_empty()));
        if let Some(end) = self.skipped.find_loss(&event) {
            self.state.keep_results(event, events);
            return Err(end);
        }
        Ok(self.state.on_event(event, events)?)
    }

    /// Returns whether the response continues after such an event.
    fn skips(&self, invalid: InvalidEvent) -> bool {
        invalid == InvalidEvent::NotJson || self.exposure == ToolExposure::Hosted
    }

    /// Returns the end of a stream whose last event is missing.
    fn early_end(&self) -> StreamEnd {
        match (self.skipped.reason(), self.announced) {
            (Some(invalid), _) => invalid.into(),
            (None, Some(what)) => self.not_a_response(what),
            (None, None) => StreamEnd::Truncated(provider_error("the provider's response ended early")),
        }
    }

    fn not_a_response(&self, what: &str) -> StreamEnd {
        provider_error(format!("{} sent {what} instead of a response; check its base_url", self.provider)).into()
    }

    async fn next_chunk(&mut self, idle_timeout: Duration) -> Result<Option<Bytes>, StreamEnd> {
        match tokio::time::timeout(idle_timeout, self.response.chunk()).await {
            Ok(Ok(chunk)) => Ok(chunk),
            Ok(Err(error)) => {
                let (provider, cause) = (&self.provider, self.redactor.clean_message(&root_cause(&error)));
                let message = format!("the connection to {provider} was lost while the response arrived: {cause}");
                Err(StreamEnd::Truncated(other_error(message)))
            }
            Err(_) => {
                let idle = SendError::Idle { provider: self.provider.clone(), time: idle_timeout };
                Err(other_error(idle.to_string()).into())
            }
        }
    }

    async fn decode(&mut self, bytes: Bytes) -> Result<(), StreamEnd> {
        let mut decoder = self.decoder.take().ok_or_else(decoder_panicked)?;
        let is_small = bytes.len() <= SMALL_CHUNK_BYTES && !decoder.is_in_image();
        let (decoder, documents) = if is_small {
            let documents = self.decode_span.in_scope(|| decoder.feed(&bytes));
            (decoder, documents)
        } else {
            let span = self.decode_span.clone();
            let decoding = tokio::task::spawn_blocking(move || {
                let documents = span.in_scope(|| decoder.feed(&bytes));
                (decoder, documents)
            });
            decoding.await.map_err(|_| decoder_panicked())?
        };
        let is_page = decoder.is_page();
        self.decoder = Some(decoder);
        if is_page {
            return Err(self.not_a_response(WEB_PAGE));
        }
        let documents =
            documents.map_err(|error| provider_error(format!("the provider's response is too large: {error}")));
        self.received.extend(documents?);
        Ok(())
    }
}

/// Returns what the head of a response announces instead of a response of the model.
fn find_announced(response: &Response) -> Option<&'static str> {
    let media_type = response.headers().get(CONTENT_TYPE).map_or(&b""[..], |value| value.as_bytes());
    let is_page = media_type.get(..9).is_some_and(|start| start.eq_ignore_ascii_case(b"text/html"));
    if response.status() == StatusCode::NO_CONTENT { Some("nothing (HTTP 204)") } else { is_page.then_some(WEB_PAGE) }
}

fn decoder_panicked() -> ModelError {
    provider_error("reading the provider's response failed")
}
