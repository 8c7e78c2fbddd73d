//! `responses`: one answer of the model over server-sent events.
//!
//! A request goes out with its pictures read from disk as it is sent ([`body`], [`send`]). What comes back passes
//! through three steps: bytes to events ([`receive`], [`sse`](crate::sse), [`wire`]), events to what the model says ([`answer`]),
//! and pictures to staged files ([`hosted`]). A picture is taken out of the bytes before they are events.

mod asked;
mod body;
mod send;

mod receive;
mod wire;

mod answer;
mod hosted;

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use easel_imagegen::port::{Files, Made, MadeImage, ModelError, ModelEvent, ModelRequest, Preview};
use easel_protocol::record::ImageError;
use easel_protocol::tool::ToolExposure;
use futures_core::Stream;
use futures_util::future::Either;
use futures_util::stream;
use tokio::time::Instant;

use self::answer::{Answer, Said};
use self::asked::Asked;
use self::body::Body;
use self::receive::{Ended, Receiving};
use self::send::other;
use crate::credential::Credentials;
use crate::inline::Slot;
use crate::provider::HttpProvider;

/// One answer of the model, as [`Provider::respond`](easel_imagegen::port::Provider::respond) promises it. An answer
/// that is cut ends in an error. Nothing is sent before the stream is polled.
pub(crate) fn respond<'a, C: Credentials, F: Files>(
    provider: &'a HttpProvider<C>,
    request: ModelRequest,
    files: Arc<F>,
) -> impl Stream<Item = Result<ModelEvent<F::Staged>, ModelError>> + Send + 'a {
    let body = match Body::of(&request, provider.record.metadata) {
        Ok(body) => body,
        Err(message) => return Either::Left(stream::once(std::future::ready(Err(other(message))))),
    };
    let asked = Asked::new(request, body, Arc::clone(&files));
    Either::Right(stream::unfold(Answering::new(provider, asked, files), |mut answering| async move {
        let event = answering.next().await?;
        Some((event, answering))
    }))
}

struct Answering<'a, C, F: Files> {
    provider: &'a HttpProvider<C>,
    files: Arc<F>,
    asked: Asked<F>,
    stage: Stage<F>,
    /// What the model has said and nobody has taken yet.
    said: Said,
    /// The pictures that it shows, by their numbers.
    pictures: Vec<Slot<F::Writer>>,
    heard: Heard,
    /// Answers that were cut before they said anything.
    cut: u32,
    /// Comes after what was said, and last.
    error: Option<ModelError>,
    started: Instant,
}

/// Whether anybody took any of the answer. Afterwards it cannot be asked for anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    Nothing,
    Something,
}

enum Stage<F: Files> {
    /// The request goes out after so long.
    Unsent(Duration),
    Receiving(Box<Receiving<F>>),
    Over,
}

impl<'a, C: Credentials, F: Files> Answering<'a, C, F> {
    fn new(provider: &'a HttpProvider<C>, asked: Asked<F>, files: Arc<F>) -> Self {
        Self {
            provider,
            files,
            asked,
            stage: Stage::Unsent(Duration::ZERO),
            said: VecDeque::new(),
            pictures: Vec::new(),
            heard: Heard::Nothing,
            cut: 0,
            error: None,
            started: Instant::now(),
        }
    }

    async fn next(&mut self) -> Option<Result<ModelEvent<F::Staged>, ModelError>> {
        loop {
            if let Some(event) = self.said.pop_front() {
                self.heard = Heard::Something;
                let Some(event) = self.staged(event).await else { continue };
                return Some(Ok(event));
            }
            if let Some(error) = self.error.take() {
                return Some(Err(error));
            }
            if matches!(self.stage, Stage::Over) {
                return None;
            }
            let limit = self.provider.timeouts.answer;
            let advanced = tokio::time::timeout_at(self.started + limit, self.advance()).await;
            match advanced.unwrap_or_else(|_| Err(too_long(limit).into())) {
                Ok(ControlFlow::Continue(())) => {}
                // The connection is let go before anybody hears of the end.
                Ok(ControlFlow::Break(())) => self.stage = Stage::Over,
                Err(Ended::Cut(error)) if self.may_ask_anew() => {
                    let wait = send::pause(self.cut);
                    tracing::debug!(?wait, %error, "the model is asked again");
                    self.cut += 1;
                    self.stage = Stage::Unsent(wait);
                }
                Err(Ended::Cut(error) | Ended::Wrong(error)) => self.fail(error),
            }
        }
    }

    async fn advance(&mut self) -> Result<ControlFlow<()>, Ended> {
        match &mut self.stage {
            Stage::Unsent(wait) => {
                tokio::time::sleep(*wait).await;
                self.asked.request.measure().await?;
                let begun = send::send(self.provider, &self.asked.request).await?;
                let context = self.asked.context(&begun);
                let receiving =
                    Receiving::new(begun, self.provider.place(), Arc::clone(&self.files), Answer::new(context));
                self.stage = Stage::Receiving(Box::new(receiving));
                Ok(ControlFlow::Continue(()))
            }
            Stage::Receiving(receiving) => {
                receiving.advance(self.provider.timeouts.stream_idle, &mut self.said, &mut self.pictures).await
            }
            Stage::Over => Ok(ControlFlow::Break(())),
        }
    }

    /// A hosted image may be made and billed for an answer that began.
    fn may_ask_anew(&self) -> bool {
        self.heard == Heard::Nothing
            && self.said.is_empty()
            && self.asked.request.exposure != ToolExposure::Hosted
            && self.cut < self.provider.retries.stream
    }

    fn fail(&mut self, error: ModelError) {
        if let Stage::Receiving(receiving) = &mut self.stage {
            receiving.answer.abandon(&error, &mut self.said);
        }
        self.stage = Stage::Over;
        self.error = Some(error);
    }

    /// The event with its picture in a file; nothing when it was to show a picture that is none.
    async fn staged(&mut self, event: ModelEvent<usize>) -> Option<ModelEvent<F::Staged>> {
        Some(match event {
            ModelEvent::TextDelta { item_id, delta } => ModelEvent::TextDelta { item_id, delta },
            ModelEvent::Message { item_id, text } => ModelEvent::Message { item_id, text },
            ModelEvent::FunctionCall(call) => ModelEvent::FunctionCall(call),
            ModelEvent::HostedStarted { call_id, requested, references } => {
                ModelEvent::HostedStarted { call_id, requested, references }
            }
            ModelEvent::HostedEnded { call_id, outcome } => {
                let outcome = match outcome {
                    Ok(made) => self.stage_images(made).await,
                    Err(error) => Err(error),
                };
                let outcome = outcome.map_err(|error| {
                    let elapsed_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
                    ImageError { elapsed_ms, billed: self.provider.record.billed(error.billed), ..error }
                });
                ModelEvent::HostedEnded { call_id, outcome }
            }
            ModelEvent::HostedPreview { call_id, preview } => {
                let preview = self.stage_preview(preview).await?;
                ModelEvent::HostedPreview { call_id, preview }
            }
            ModelEvent::Completed { usage } => ModelEvent::Completed { usage },
        })
    }

    async fn stage_preview(&mut self, preview: Preview<usize>) -> Option<Preview<F::Staged>> {
        if self.asked.partial_images == 0 {
            return None;
        }
        let slot = self.picture(preview.staged);
        let staged = hosted::stage_preview(&self.files, slot).await?;
        Some(Preview { index: preview.index, staged })
    }

    /// A picture is taken once, whatever the answer says.
    fn picture(&mut self, number: usize) -> Slot<F::Writer> {
        self.pictures.get_mut(number).map_or(Slot::Empty, |picture| std::mem::replace(picture, Slot::Empty))
    }

    async fn stage_images(&mut self, made: Made<usize>) -> Result<Made<F::Staged>, ImageError> {
        let Made { images: drawn, usage, request_id, generation_id, attempts } = made;
        let mut images = Vec::new();
        for MadeImage { staged: picture, revised_prompt, applied } in drawn {
            let slot = self.picture(picture);
            let staged = hosted::stage(&self.files, slot).await.map_err(|error| ImageError {
                attempts,
                request_id: request_id.clone(),
                ..error
            })?;
            images.push(MadeImage { staged, revised_prompt, applied });
        }
        Ok(Made { images, usage, request_id, generation_id, attempts })
    }
}

fn too_long(limit: Duration) -> ModelError {
    other(format!("the model's answer was not whole after {} s", limit.as_secs_f32()))
}

#[cfg(test)]
mod tests;
