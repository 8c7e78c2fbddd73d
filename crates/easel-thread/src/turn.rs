//! Carries out what the machine decides for one turn: asks the model, runs the calls, writes history, tells the
//! audience.

mod answer;
mod failure;
mod hosted;
mod open_items;
mod previews;

use std::collections::{HashMap, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use easel_imagegen::history::PictureBudget;
use easel_imagegen::port::{Preview, Provider, StagedImage, StorageError, StorageErrorKind, Store, image_error};
use easel_protocol::event::Event;
use easel_protocol::id::ItemId;
use easel_protocol::record::ImageErrorKind;
use futures_util::FutureExt;
use serde_json::Value;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::audience::Audience;
use crate::call::{CallContext, Report, now_ms};
use crate::conversation::Conversation;
use crate::machine::{Effect, Input, Steered, Turn};
use crate::rules::Change;
use crate::slot::{Course, TurnPermit};
use crate::telling::Telling;
use answer::{Answer, AnswerEvent, next};
pub(crate) use failure::Failed;
pub(crate) use hosted::HostedCalls;
pub(crate) use open_items::OpenItems;

const CLOSED: &str = "the answer that was making the image was closed";

/// One turn in progress, with everything that it has under way.
pub(crate) struct Running<'a, S: Store, P: Provider, A: Audience> {
    pub(crate) context: Arc<CallContext<S, P>>,
    pub(crate) conversation: &'a mut Conversation,
    pub(crate) telling: Telling<A>,
    pub(crate) interrupt: CancellationToken,
    pub(crate) model: String,
    pub(crate) instructions: String,
    pub(crate) output_schema: Option<Value>,
    pub(crate) budget: PictureBudget,
    pub(crate) calls: JoinSet<Report>,
    pub(crate) hosted: HostedCalls,
    /// What the standalone calls show.
    pub(crate) previews: mpsc::Receiver<(ItemId, Preview)>,
    /// What each open item showed last: the file goes when this does.
    pub(crate) shown: HashMap<ItemId, StagedImage>,
    pub(crate) history_failed: bool,
    /// What has begun and not ended, as it is told.
    pub(crate) open: OpenItems,
    /// What is being done; its events are written.
    pub(crate) pending: VecDeque<Effect>,
    /// The end of a call that the machine is given.
    pub(crate) reporting: Option<Report>,
    /// Of the thread's rules.
    pub(crate) changes: watch::Receiver<Change>,
    /// Given back before the last events are told, so that a client may answer them with a new turn.
    pub(crate) permit: Option<TurnPermit>,
}

/// What the turn waits for.
enum Happened {
    Interrupted,
    RulesChanged,
    MayTell,
    Answered(Option<AnswerEvent>),
    Previewed(ItemId, Preview),
    Reported(Report),
}

impl<S: Store, P: Provider, A: Audience> Running<'_, S, P, A> {
    /// Drives the turn to its end. When something in it panics, the turn ends as failed, and the conversation is not what
    /// history says.
    pub(crate) async fn drive(&mut self, mut turn: Turn, first: Vec<Effect>) -> Result<(), Failed> {
        if AssertUnwindSafe(self.drive_to_end(&mut turn, first)).catch_unwind().await.is_ok() {
            return Ok(());
        }
        tracing::error!(thread_id = %self.context.thread_id, "a turn panicked; it ends as failed");
        Err(Failed(turn))
    }

    async fn drive_to_end(&mut self, turn: &mut Turn, first: Vec<Effect>) {
        let provider = Arc::clone(&self.context.provider);
        let mut answer: Option<Answer<'_>> = None;
        // Their events were written before the turn's start was answered.
        let mut effects = self.perform(first, &provider, &mut answer, turn).await;
        loop {
            while !effects.is_empty() {
                effects = self.carry_out(effects, &provider, &mut answer, turn).await;
            }
            if turn.ended() {
                break;
            }
            effects = match self.wait(&mut answer).await {
                Happened::MayTell => {
                    self.telling.open().await;
                    Vec::new()
                }
                Happened::Interrupted => self.step(turn, Input::Interrupt),
                Happened::RulesChanged => self.follow_rules(turn),
                Happened::Previewed(item_id, preview) => self.previewed(turn, item_id, preview),
                Happened::Reported(report) => self.reported(turn, report),
                Happened::Answered(event) => self.answered(turn, event).await,
            };
        }
        self.telling.finish().await;
    }

    async fn wait(&mut self, answer: &mut Option<Answer<'_>>) -> Happened {
        let interrupted = self.context.cancel.is_cancelled();
        tokio::select! {
            biased;
            () = self.interrupt.cancelled(), if !interrupted => Happened::Interrupted,
            // Before an answer may begin another image.
            Ok(()) = self.changes.changed() => Happened::RulesChanged,
            () = self.telling.may_tell(), if !self.telling.is_open() => Happened::MayTell,
            // Before the end of the call that sent it.
            Some((item_id, preview)) = self.previews.recv() => Happened::Previewed(item_id, preview),
            Some(report) = self.calls.join_next() => Happened::Reported(report.unwrap_or_else(|error| {
                // A call catches its own panics and is never aborted.
                tracing::error!(%error, "an image call ended without a report");
                let lost = image_error(ImageErrorKind::Internal, "the image call was lost");
                Report { item_id: ItemId::default(), outcome: Err(Box::new(lost)) }
            })),
            event = next(answer) => Happened::Answered(event),
        }
    }

    /// Follows rules that have changed, where they are stricter than those that the turn began with.
    fn follow_rules(&mut self, turn: &mut Turn) -> Vec<Effect> {
        let change = self.changes.borrow_and_update().clone();
        let gate = &self.context.gate;
        let input = Input::Tightened { withdrawn: gate.withdrawal(), max_images: gate.rules().max_images };
        let effects = self.step(turn, input);
        if let Some(answered) = change.answered.filter(|_| turn.is_withdrawn() || !effects.is_empty()) {
            self.telling.hold(Box::pin(answered.cancelled_owned()));
        }
        effects
    }

    fn step(&mut self, turn: &mut Turn, input: Input) -> Vec<Effect> {
        self.decide(turn, |turn, conversation| turn.step(conversation, now_ms(), input))
    }

    /// Takes a decision of the machine, which knows by then all that the user has added to the turn.
    fn decide(
        &mut self,
        turn: &mut Turn,
        decide: impl FnOnce(&mut Turn, &mut Conversation) -> Vec<Effect>,
    ) -> Vec<Effect> {
        let Self { permit, conversation, telling, .. } = self;
        let Some(permit) = permit else { return decide(turn, conversation) };
        permit.decide(|steers, holds| {
            holds.into_iter().for_each(|answered| telling.hold(answered));
            let mut effects = Vec::new();
            for steer in steers {
                telling.hold(steer.answered);
                let steered = Steered {
                    input: steer.input,
                    id: steer.message_id,
                    client_id: steer.client_id,
                    content: steer.content,
                    attachments: steer.attachments,
                };
                effects.extend(turn.step(conversation, now_ms(), Input::Steered(Box::new(steered))));
            }
            effects.extend(decide(turn, conversation));
            let course = if turn.ended() { Course::Ends } else { Course::GoesOn };
            (effects, course)
        })
    }

    fn reported(&mut self, turn: &mut Turn, report: Report) -> Vec<Effect> {
        self.shown.remove(&report.item_id);
        self.reporting = Some(report.clone());
        let effects = self.step(turn, Input::CallEnded { item_id: report.item_id, outcome: report.outcome });
        self.reporting = None;
        effects
    }

    /// Does one round of effects; events are written and told before anything that follows them is begun.
    async fn carry_out<'p>(
        &mut self,
        effects: Vec<Effect>,
        provider: &'p P,
        answer: &mut Option<Answer<'p>>,
        turn: &mut Turn,
    ) -> Vec<Effect> {
        // The provider is at work already, so the journal comes first: a crash after the item must find what it may cost.
        for effect in &effects {
            if let Effect::TrackHosted { item_id, call_id, requested, references } = effect {
                self.track(item_id, call_id, requested, references).await;
            }
        }
        let effects = self.write(effects, turn).await;
        if turn.ended() {
            self.permit = None;
        }
        self.perform(effects, provider, answer, turn).await
    }

    /// Does one round of effects whose events are written.
    async fn perform<'p>(
        &mut self,
        effects: Vec<Effect>,
        provider: &'p P,
        answer: &mut Option<Answer<'p>>,
        turn: &mut Turn,
    ) -> Vec<Effect> {
        let mut next = Vec::new();
        effects.iter().filter_map(Effect::event).for_each(|event| self.open.note(event));
        self.pending.extend(effects);
        while let Some(effect) = self.pending.pop_front() {
            match effect {
                Effect::Emit(event) => self.telling.tell(event).await,
                Effect::AskModel => match self.context.journal_request(turn.offered()).await {
                    Ok(()) => *answer = Some(self.ask(provider, turn)),
                    Err(error) => next.extend(self.step(turn, Input::AnswerFailed(error))),
                },
                Effect::RunCall(draft) => {
                    self.calls.spawn(Arc::clone(&self.context).run(draft));
                }
                Effect::TrackHosted { .. } => {}
                Effect::CloseAnswer => {
                    next.extend(self.close(answer, turn).await);
                    let (kind, message) = match (self.interrupt.is_cancelled(), turn.is_withdrawn()) {
                        (false, true) => (ImageErrorKind::Interrupted, "image generation was switched off meanwhile"),
                        (true, _) => (ImageErrorKind::Interrupted, CLOSED),
                        (false, false) => (ImageErrorKind::BadResponse, CLOSED),
                    };
                    next.extend(self.end_hosted(turn, kind, message).await);
                }
                Effect::CancelCalls => self.context.cancel.cancel(),
            }
        }
        next
    }

    /// Writes the events to history; gives back what is to be done now that they are written, or could not be. After a
    /// first failure nothing more is written: the turn is at its end.
    async fn write(&mut self, effects: Vec<Effect>, turn: &mut Turn) -> Vec<Effect> {
        let events: Vec<Event> = effects.iter().filter_map(Effect::event).cloned().collect();
        if events.is_empty() || self.history_failed {
            return effects;
        }
        let panicked = |_| Err(StorageError::new(StorageErrorKind::Other, "Easel's own store failed."));
        let written = AssertUnwindSafe(self.context.store.append(events)).catch_unwind().await.unwrap_or_else(panicked);
        match written {
            Ok(()) => effects,
            Err(error) => {
                tracing::error!(
                    thread_id = %self.context.thread_id,
                    error = &error as &dyn std::error::Error,
                    "history was not written"
                );
                self.history_failed = true;
                self.decide(turn, |turn, conversation| {
                    turn.unwritten(conversation, now_ms(), effects, error.client_message())
                })
            }
        }
    }
}
