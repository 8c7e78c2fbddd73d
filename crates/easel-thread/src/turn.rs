//! Carries out what the machine decides for one turn: asks the model, runs the calls, writes history, tells the
//! audience.

use std::collections::HashMap;
use std::sync::Arc;

use easel_imagegen::history::{PictureBudget, for_model};
use easel_imagegen::port::{Made, ModelError, ModelEvent, ModelRequest, Provider, Reference, Store, image_error};
use easel_imagegen::spec;
use easel_protocol::event::Event;
use easel_protocol::record::{ImageError, ImageErrorKind, RequestedImage};
use easel_protocol::tool::ToolExposure;
use easel_protocol::turn::CodexErrorInfo;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::audience::Audience;
use crate::call::{CallContext, Report, StagedOf, now_ms};
use crate::conversation::Conversation;
use crate::machine::{Effect, Input, Turn};
use crate::slot::TurnPermit;
use crate::telling::Telling;

type Answer<'a, S> = BoxStream<'a, Result<ModelEvent<StagedOf<S>>, ModelError>>;

/// One turn in progress, with everything that it has under way.
pub(crate) struct Running<'a, S: Store, P: Provider, A: Audience> {
    pub(crate) context: Arc<CallContext<S, P>>,
    pub(crate) conversation: &'a mut Conversation,
    pub(crate) telling: Telling<A>,
    pub(crate) interrupt: CancellationToken,
    pub(crate) model: String,
    pub(crate) exposure: ToolExposure,
    pub(crate) budget: PictureBudget,
    pub(crate) calls: JoinSet<Report>,
    /// Calls of the hosted tool whose end the answer still owes, by the provider's id.
    pub(crate) hosted: HashMap<String, Hosted>,
    pub(crate) history_failed: bool,
    /// Given back before the last events are told, so that a client may answer them with a new turn.
    pub(crate) permit: Option<TurnPermit>,
}

/// A call of the hosted tool while it runs.
#[derive(Debug)]
pub(crate) struct Hosted {
    item_id: String,
    started: Instant,
}

/// What the turn waits for.
enum Happened<S> {
    Interrupted,
    MayTell,
    Answered(Option<Result<ModelEvent<S>, ModelError>>),
    Reported(Report),
}

impl<S: Store, P: Provider, A: Audience> Running<'_, S, P, A> {
    /// Drives the turn to its end.
    pub(crate) async fn drive(mut self, mut turn: Turn, first: Vec<Effect>) {
        let provider = Arc::clone(&self.context.provider);
        let mut answer: Option<Answer<'_, S>> = None;
        let mut effects = first;
        loop {
            while !effects.is_empty() {
                effects = self.carry_out(effects, &provider, &mut answer, &mut turn).await;
            }
            if turn.ended() {
                break;
            }
            effects = match self.wait(&mut answer).await {
                Happened::MayTell => {
                    self.telling.open().await;
                    Vec::new()
                }
                Happened::Interrupted => self.step(&mut turn, Input::Interrupt),
                Happened::Reported(report) => self.reported(&mut turn, report),
                Happened::Answered(event) => self.answered(&mut turn, event),
            };
        }
        self.telling.finish().await;
    }

    async fn wait(&mut self, answer: &mut Option<Answer<'_, S>>) -> Happened<StagedOf<S>> {
        let interrupted = self.context.cancel.is_cancelled();
        tokio::select! {
            biased;
            () = self.interrupt.cancelled(), if !interrupted => Happened::Interrupted,
            () = self.telling.may_tell(), if !self.telling.is_open() => Happened::MayTell,
            Some(report) = self.calls.join_next() => Happened::Reported(report.unwrap_or_else(|error| {
                // A call catches its own panics and is never aborted.
                tracing::error!(%error, "an image call ended without a report");
                Report { item_id: String::new(), outcome: Err(Box::new(lost())) }
            })),
            event = next(answer) => Happened::Answered(event),
        }
    }

    fn step(&mut self, turn: &mut Turn, input: Input) -> Vec<Effect> {
        turn.step(self.conversation, now_ms(), input)
    }

    fn reported(&mut self, turn: &mut Turn, report: Report) -> Vec<Effect> {
        self.step(turn, Input::CallEnded { item_id: report.item_id, outcome: report.outcome })
    }

    fn answered(&mut self, turn: &mut Turn, event: Option<Result<ModelEvent<StagedOf<S>>, ModelError>>) -> Vec<Effect> {
        let input = match event {
            Some(Ok(ModelEvent::TextDelta { item_id, delta })) => Input::TextDelta { item_id, delta },
            Some(Ok(ModelEvent::Message { item_id, text })) => Input::Message { item_id, text },
            Some(Ok(ModelEvent::FunctionCall(call))) => Input::FunctionCall(call),
            Some(Ok(ModelEvent::HostedStarted { call_id, requested, references })) => {
                Input::HostedStarted { call_id, requested, references }
            }
            Some(Ok(ModelEvent::HostedEnded { call_id, outcome })) => {
                if let Some(hosted) = self.hosted.remove(&call_id) {
                    self.settle(hosted, outcome);
                }
                return Vec::new();
            }
            Some(Ok(ModelEvent::Completed { usage })) => Input::AnswerCompleted { usage },
            Some(Err(error)) => Input::AnswerFailed(error),
            None => Input::AnswerFailed(ModelError {
                message: "The model's answer was cut off before its end.".to_owned(),
                info: CodexErrorInfo::Other,
            }),
        };
        // The end of an answer owes no more images, whatever it promised.
        if matches!(input, Input::AnswerCompleted { .. } | Input::AnswerFailed(_)) {
            self.end_hosted(ImageErrorKind::BadResponse, "the model's answer ended before the image did");
        }
        self.step(turn, input)
    }

    /// Does one round of effects; events are written and told before anything that follows them is begun.
    async fn carry_out<'p>(
        &mut self,
        effects: Vec<Effect>,
        provider: &'p P,
        answer: &mut Option<Answer<'p, S>>,
        turn: &mut Turn,
    ) -> Vec<Effect> {
        let mut next = self.write(&effects, turn).await;
        if turn.ended() {
            self.permit = None;
        }
        for effect in effects {
            match effect {
                Effect::Emit(event) => self.telling.tell(event).await,
                Effect::AskModel => {
                    let files = self.context.store.files(&self.context.thread_id);
                    *answer = Some(provider.respond(self.request(), files).boxed());
                }
                Effect::RunCall(draft) => {
                    self.calls.spawn(Arc::clone(&self.context).run(draft));
                }
                Effect::TrackHosted { item_id, call_id, requested, references } => {
                    next.extend(self.track(turn, item_id, call_id, &requested, &references).await);
                }
                Effect::CloseAnswer => {
                    *answer = None;
                    let kind = if self.interrupt.is_cancelled() {
                        ImageErrorKind::Interrupted
                    } else {
                        ImageErrorKind::BadResponse
                    };
                    self.end_hosted(kind, "the answer that was making the image was closed");
                }
                Effect::CancelCalls => self.context.cancel.cancel(),
            }
        }
        next
    }

    /// Writes the events to history. After a first failure nothing more is written: the turn ends as failed.
    async fn write(&mut self, effects: &[Effect], turn: &mut Turn) -> Vec<Effect> {
        let events: Vec<Event> = effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Emit(event) => Some(event.clone()),
                Effect::AskModel
                | Effect::RunCall(_)
                | Effect::TrackHosted { .. }
                | Effect::CloseAnswer
                | Effect::CancelCalls => None,
            })
            .collect();
        if events.is_empty() || self.history_failed {
            return Vec::new();
        }
        match self.context.store.append(events).await {
            Ok(()) => Vec::new(),
            Err(error) => {
                self.history_failed = true;
                self.step(turn, Input::StorageFailed { message: error.message })
            }
        }
    }

    fn request(&self) -> ModelRequest {
        let (input, images) = for_model(&self.conversation.history, &self.conversation.images, self.budget);
        ModelRequest {
            model: self.model.clone(),
            input,
            images,
            exposure: self.exposure,
            tools: spec::entries(self.exposure, &self.context.provider.info().capabilities),
        }
    }

    async fn track(
        &mut self,
        turn: &mut Turn,
        item_id: String,
        call_id: String,
        requested: &RequestedImage,
        references: &[Reference],
    ) -> Vec<Effect> {
        let reserved = self.context.reserve(&item_id, requested, references).await;
        match reserved {
            Ok(()) => {
                self.hosted.insert(call_id, Hosted { item_id, started: Instant::now() });
                Vec::new()
            }
            Err(error) => self.reported(turn, Report { item_id, outcome: Err(error) }),
        }
    }

    fn settle(&mut self, hosted: Hosted, outcome: Result<Made<StagedOf<S>>, ImageError>) {
        let context = Arc::clone(&self.context);
        self.calls.spawn(async move {
            let elapsed = hosted.started.elapsed();
            let outcome = context.settle(&hosted.item_id, outcome, elapsed).await;
            Report { item_id: hosted.item_id, outcome }
        });
    }

    fn end_hosted(&mut self, kind: ImageErrorKind, message: &str) {
        for (_, hosted) in std::mem::take(&mut self.hosted) {
            let error = self.context.after_sending(kind, message);
            self.settle(hosted, Err(error));
        }
    }
}

fn lost() -> ImageError {
    image_error(ImageErrorKind::Internal, "the image call was lost")
}

/// The next event of the answer; never, while there is none. An answer that has ended is closed.
async fn next<T>(answer: &mut Option<BoxStream<'_, T>>) -> Option<T> {
    let Some(stream) = answer else { return std::future::pending().await };
    let event = stream.next().await;
    if event.is_none() {
        *answer = None;
    }
    event
}
