//! `responses`: one answer of the model over server-sent events.
//!
//! A request goes out with its pictures read from disk as it is sent ([`body`], [`send`]). What comes back passes
//! through three steps: bytes to events ([`receive`], [`sse`](crate::sse), [`wire`]), events to what the model says ([`answer`]),
//! and pictures to staged files ([`hosted`]). A picture is taken out of the bytes before they are events.

mod asked;
mod body;
mod refusal;
mod repeats;
mod send;

mod receive;
mod wire;

mod answer;
mod hosted;

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use easel_imagegen::port::{Files, GeneratedImage, GeneratedImages, ModelError, ModelEvent, ModelRequest, Preview};
use easel_protocol::record::ImageError;
use easel_protocol::tool::ToolExposure;
use futures_core::Stream;
use futures_util::future::Either;
use futures_util::stream;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::answer::{Answer, AnswerEvent, HostedImage, Said};
use self::asked::Asked;
use self::body::{Body, Reason};
use self::receive::{Ended, Receiving};
pub(crate) use self::refusal::RefusedPictures;
use self::repeats::Repeats;
use self::send::other;
use crate::credential::Credentials;
use crate::inline::Slot;
use crate::provider::HttpProvider;
use crate::waiting::{Over, Waiting};

/// One answer of the model, as [`Provider::respond`](easel_imagegen::port::Provider::respond) promises it. An answer
/// that is cut ends in an error. Nothing is sent before the stream is polled. Once `stop` is cancelled the stream yields
/// what has arrived and ends.
pub(crate) fn respond<'a, C: Credentials, F: Files>(
    provider: &'a HttpProvider<C>,
    request: ModelRequest,
    files: Arc<F>,
    stop: CancellationToken,
) -> impl Stream<Item = Result<ModelEvent, ModelError>> + Send + 'a {
    let body = match Body::of(&request, provider.record.metadata) {
        Ok(mut body) => {
            body.leave_out(&provider.refused_pictures.of(&request.model), Reason::Refused);
            body
        }
        Err(message) => return Either::Left(stream::once(std::future::ready(Err(other(message))))),
    };
    let asked = Asked::new(request, body, Arc::clone(&files));
    Either::Right(stream::unfold(Answering::new(provider, asked, files, stop), |mut answering| async move {
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
    repeats: Repeats,
    /// Comes after what was said, and last.
    error: Option<ModelError>,
    started: Instant,
    waiting: Waiting,
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
    fn new(provider: &'a HttpProvider<C>, asked: Asked<F>, files: Arc<F>, stop: CancellationToken) -> Self {
        let started = Instant::now();
        Self {
            provider,
            files,
            asked,
            stage: Stage::Unsent(Duration::ZERO),
            said: VecDeque::new(),
            pictures: Vec::new(),
            heard: Heard::Nothing,
            repeats: Repeats::new(provider.retries),
            error: None,
            started,
            waiting: Waiting::new(stop, started + provider.timeouts.answer),
        }
    }

    async fn next(&mut self) -> Option<Result<ModelEvent, ModelError>> {
        loop {
            if let Some(event) = self.said.pop_front() {
                self.heard = Heard::Something;
                let Some(event) = self.stage(event).await else { continue };
                return Some(Ok(event));
            }
            if let Some(error) = self.error.take() {
                return Some(Err(error));
            }
            if matches!(self.stage, Stage::Over) {
                return None;
            }
            match self.advance().await {
                Ok(ControlFlow::Continue(())) => {}
                // The connection is let go before anybody hears of the end.
                Ok(ControlFlow::Break(())) => self.stage = Stage::Over,
                Err(ended) => self.ended(ended),
            }
        }
    }

    async fn advance(&mut self) -> Result<ControlFlow<()>, Ended> {
        match &mut self.stage {
            Stage::Unsent(wait) => {
                let (wait, provider) = (*wait, self.provider);
                let (request, repeats) = (&mut self.asked.request, &mut self.repeats);
                let begun = self.waiting.on(async move {
                    tokio::time::sleep(wait).await;
                    request.measure().await?;
                    Ok::<_, Ended>(send::send(provider, request, repeats).await?)
                });
                let begun = begun.await??;
                let context = self.asked.context(&begun);
                let receiving =
                    Receiving::new(begun, self.provider.place(), Arc::clone(&self.files), Answer::new(context));
                self.stage = Stage::Receiving(Box::new(receiving));
                Ok(ControlFlow::Continue(()))
            }
            Stage::Receiving(receiving) => {
                let idle = self.provider.timeouts.stream_idle;
                receiving.advance(idle, &self.waiting, &mut self.said, &mut self.pictures).await
            }
            Stage::Over => Ok(ControlFlow::Break(())),
        }
    }

    /// Asks again where that is safe and may help; else the answer has failed.
    fn ended(&mut self, ended: Ended) {
        match ended {
            Ended::Cut(error) => match self.wait_after_cut() {
                Some(wait) => {
                    tracing::debug!(?wait, %error, "the model is asked again");
                    self.stage = Stage::Unsent(wait);
                }
                None => self.fail(error),
            },
            Ended::Wrong(error) if self.was_refused_pictures() => {
                tracing::debug!(%error, "the model is asked again");
                self.stage = Stage::Unsent(Duration::ZERO);
            }
            Ended::Wrong(error) => self.fail(error),
            // What was refused was not billed.
            Ended::Refused(refused) if self.asked.leave_out_refused(&refused, &self.provider.refused_pictures) => {
                self.stage = Stage::Unsent(Duration::ZERO);
            }
            Ended::Refused(refused) => self.fail(refused.model_error()),
            Ended::Unreadable(_) if self.asked.may_measure_again() => self.stage = Stage::Unsent(Duration::ZERO),
            Ended::Unreadable(message) => self.fail(other(message)),
            Ended::Over(Over::Deadline) => self.fail(too_long(self.provider.timeouts.answer)),
            // Whoever stopped it knows why.
            Ended::Over(Over::Stopped) => self.stage = Stage::Over,
        }
    }

    /// A hosted image may be made and billed for an answer that began.
    fn wait_after_cut(&mut self) -> Option<Duration> {
        let is_safe = self.is_unheard() && self.asked.request.exposure != ToolExposure::Hosted;
        if is_safe { self.repeats.after_cut() } else { None }
    }

    fn is_unheard(&self) -> bool {
        self.heard == Heard::Nothing && self.said.is_empty()
    }

    /// Some providers begin an answer before they look at its pictures, and end it at once. Leaves those out.
    fn was_refused_pictures(&mut self) -> bool {
        let Stage::Receiving(receiving) = &self.stage else { return false };
        match receiving.answer.refusal() {
            Some(refused) if self.heard == Heard::Nothing && self.said.is_empty() => {
                self.asked.leave_out_refused(refused, &self.provider.refused_pictures)
            }
            Some(_) | None => false,
        }
    }

    fn fail(&mut self, error: ModelError) {
        if let Stage::Receiving(receiving) = &mut self.stage {
            receiving.answer.abandon(&error, &mut self.said);
        }
        self.stage = Stage::Over;
        self.error = Some(error);
    }

    /// Returns the event with its picture in a file; `None` for a preview without a usable picture.
    async fn stage(&mut self, event: AnswerEvent) -> Option<ModelEvent> {
        match event {
            AnswerEvent::Model(event) => Some(event),
            AnswerEvent::HostedPreview { call_id, index, picture } => {
                if self.asked.partial_images == 0 {
                    return None;
                }
                let slot = self.picture(picture);
                let staged = hosted::stage_preview(&self.files, slot).await?;
                Some(ModelEvent::HostedPreview { call_id, preview: Preview { index, staged } })
            }
            AnswerEvent::HostedEnded { call_id, outcome } => {
                let outcome = match outcome {
                    Ok(image) => self.stage_image(image).await,
                    Err(error) => Err(error),
                };
                let outcome = outcome.map_err(|error| {
                    let elapsed_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
                    ImageError { elapsed_ms, billed: self.provider.record.billed(error.billed), ..error }
                });
                Some(ModelEvent::HostedEnded { call_id, outcome })
            }
        }
    }

    /// Takes a picture; each can be taken once, whatever the answer says.
    fn picture(&mut self, number: usize) -> Slot<F::Writer> {
        self.pictures.get_mut(number).map_or(Slot::Empty, |picture| std::mem::replace(picture, Slot::Empty))
    }

    async fn stage_image(&mut self, image: HostedImage) -> Result<GeneratedImages, ImageError> {
        let HostedImage { picture, revised_prompt, applied, request_id, generation_id } = image;
        let attempts = 1;
        let slot = self.picture(picture);
        let staged = hosted::stage(&self.files, slot).await;
        let staged = staged.map_err(|error| ImageError { attempts, request_id: request_id.clone(), ..error })?;
        let images = vec![GeneratedImage { staged, revised_prompt, applied }];
        Ok(GeneratedImages { images, usage: None, request_id, generation_id, attempts, missing: None })
    }
}

fn too_long(limit: Duration) -> ModelError {
    other(format!("the model's answer was not whole after {} s", limit.as_secs_f32()))
}

#[cfg(test)]
mod tests;
