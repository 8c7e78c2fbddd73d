//! A response that is being received: bytes become events within limits of size and time, and images go to disk.

mod decoder;

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use easel_imagegen::phase;
use easel_imagegen::port::{Files, ModelError};
use reqwest::Response;
use tracing::Span;

use self::decoder::{RawDocument, StreamDecoder, StreamFormat};
use super::state::{ResponseEvents, ResponseState};
use super::wire::{self, InvalidEvent, StreamEvent};
use super::{other_error, provider_error};
use crate::http::{Attempt, LimitReached, NetworkLimit, OpenResponse, SendError, root_cause};
use crate::json_images::ImagePart;
use crate::rejection::Redactor;

/// A larger chunk is processed on a blocking thread.
const SMALL_CHUNK_BYTES: usize = 2 << 10;
/// A larger event is parsed on a blocking thread.
const SMALL_EVENT_BYTES: usize = 256 << 10;

/// The reason why a response ended before it was complete.
#[derive(Debug)]
pub(super) enum StreamEnd {
    /// The response was truncated or damaged on its way. Another attempt may succeed.
    Truncated(ModelError),
    /// Another attempt would fail for the same reason.
    Failed(ModelError),
    LimitReached(LimitReached),
}

impl From<LimitReached> for StreamEnd {
    fn from(reason: LimitReached) -> Self {
        Self::LimitReached(reason)
    }
}

impl From<ModelError> for StreamEnd {
    fn from(error: ModelError) -> Self {
        Self::Failed(error)
    }
}

/// An open response of the model.
pub(super) struct OpenStream<F: Files> {
    response: Response,
    redactor: Redactor,
    /// The name of the provider in messages.
    provider: String,
    format: StreamFormat,
    /// Absent while a blocking thread processes a chunk.
    decoder: Option<StreamDecoder<F>>,
    /// Events that have not been processed yet.
    received: VecDeque<RawDocument<F::Writer>>,
    pub(super) state: ResponseState,
    /// Logs the attempt at the end of the response.
    _attempt: Option<Attempt>,
    /// The phase `decode`, entered while bytes are decoded. Its parent, the phase `body`, ends with it.
    decode_span: Span,
}

impl<F: Files> OpenStream<F> {
    /// Starts to receive `response`. Messages call the provider `provider`.
    pub(super) fn new(response: OpenResponse, provider: String, files: Arc<F>, state: ResponseState) -> Self {
        let OpenResponse { response, redactor, destination: _, attempt } = response;
        let format = StreamFormat::detect(&response);
        let decoder = Some(StreamDecoder::new(format, files));
        let body_span = tracing::debug_span!(target: phase::TARGET, "body");
        let decode_span = tracing::debug_span!(target: phase::TARGET, parent: &body_span, "decode");
        Self {
            response,
            redactor,
            provider,
            format,
            decoder,
            received: VecDeque::new(),
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
        if let StreamFormat::Unsupported(what) = self.format {
            let message = format!("{} sent {what} instead of a response; check its base_url", self.provider);
            return Err(provider_error(message).into());
        }
        let document = match self.received.pop_front() {
            Some(document) => document,
            None => match limit.run(self.next_chunk(idle_timeout)).await?? {
                Some(chunk) => {
                    self.decode(chunk).await?;
                    return Ok(ControlFlow::Continue(()));
                }
                None if self.format == StreamFormat::Json => {
                    self.decoder.as_mut().ok_or_else(decoder_panicked)?.take_document()
                }
                None => return Err(StreamEnd::Truncated(provider_error("the provider's response ended early"))),
            },
        };
        let event = parse(&self.decode_span, self.format, document.name, document.json).await?;
        *images = document.images;
        Ok(self.state.on_event(event, events)?)
    }

    /// Uses the complete images of a truncated event, and nothing else of it.
    pub(super) async fn take_truncated_event(
        &mut self,
        events: &mut ResponseEvents,
        images: &mut Vec<ImagePart<F::Writer>>,
    ) {
        let Some(decoder) = &mut self.decoder else { return };
        let document = decoder.take_document();
        if !document.images.iter().any(ImagePart::is_complete) {
            return;
        }
        let Some(json) = wire::complete_truncated_json(&document.json) else { return };
        let Ok(event) = parse(&self.decode_span, self.format, document.name, json).await else { return };
        *images = document.images;
        let is_complete = |number: usize| images.get(number).is_some_and(ImagePart::is_complete);
        self.state.on_truncated_event(event, is_complete, events);
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

    async fn decode(&mut self, bytes: Bytes) -> Result<(), ModelError> {
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
        self.decoder = Some(decoder);
        let documents =
            documents.map_err(|error| provider_error(format!("the provider's response is too large: {error}")));
        self.received.extend(documents?);
        Ok(())
    }
}

async fn parse(span: &Span, format: StreamFormat, name: Vec<u8>, json: Vec<u8>) -> Result<StreamEvent, StreamEnd> {
    let (is_small, span) = (json.len() <= SMALL_EVENT_BYTES, span.clone());
    let parse = move || {
        span.in_scope(|| match format {
            StreamFormat::Json => wire::parse_response(&json),
            StreamFormat::Events | StreamFormat::Unsupported(_) => wire::parse_event(&name, &json),
        })
    };
    let event =
        if is_small { parse() } else { tokio::task::spawn_blocking(parse).await.map_err(|_| decoder_panicked())? };
    event.map_err(|invalid| {
        let error = provider_error(invalid.to_string());
        // An event that is too large would be too large again.
        if invalid == InvalidEvent::NotJson { StreamEnd::Truncated(error) } else { StreamEnd::Failed(error) }
    })
}

fn decoder_panicked() -> ModelError {
    provider_error("reading the provider's response failed")
}
