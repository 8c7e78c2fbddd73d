//! The turn runner: carries out what the machine decides for one turn. It requests model responses, runs image calls,
//! writes history, and sends events.

mod calls;
mod effects;
mod event_gate;
mod log;
mod lookups;
mod model_response;
mod open_items;
mod panic;
mod previews;
mod questions;
mod setup;
mod spans;

use std::collections::{HashMap, VecDeque};
use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use easel_imagegen::history::ImageBudget;
use easel_imagegen::model_copy::Pictures;
use easel_imagegen::port::{
    ModelError, ModelEvent, Preview, Provider, Reasoning, StagedImage, StorageError, StorageErrorKind, Store,
};
use easel_protocol::id::ItemId;
use futures_util::FutureExt;
use serde_json::Value;
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;

use crate::clock::now_ms;
use crate::config::ConfigWatcher;
use crate::conversation::Conversation;
use crate::event_sink::EventSink;
use crate::machine::{Effect, HostCall, Input, Turn};
use crate::slot::{QueuedHostCall, TurnPermit};
use calls::{CallContext, CallReport, HostedCalls, RunningCalls};
use event_gate::EventGate;
pub use event_gate::ResponseSent;
use model_response::OpenResponse;
use open_items::OpenItems;
pub(crate) use panic::PanickedTurn;
use questions::{ApprovalNotice, Questions};
pub(crate) use setup::TurnSetup;

/// Runs one turn.
///
/// [`TurnRunner::run`] is the loop: it waits for something to happen ([`TurnRunner::wait`]), passes it to the machine
/// as an input ([`TurnRunner::on_wakeup`], [`TurnRunner::handle`]), and carries out the effects that the machine
/// returns ([`TurnRunner::carry_out`]).
pub(crate) struct TurnRunner<'a, S: Store, P: Provider, E: EventSink> {
    context: Arc<CallContext<S, P>>,
    conversation: &'a mut Conversation,
    events: EventGate<E>,
    interrupt: CancellationToken,
    config_watcher: ConfigWatcher,
    model: String,
    reasoning: Reasoning,
    instructions: String,
    output_schema: Option<Value>,
    budget: ImageBudget,
    pictures: Pictures,
    calls: RunningCalls,
    hosted: HostedCalls,
    /// Set while a model request has reserved a hosted image that no call has taken: whether the request was sent.
    hosted_request: Option<Arc<AtomicBool>>,
    /// The provider's id of the model request that is open, or was the last one.
    model_request_id: Option<String>,
    /// Previews that the calls of the standalone tool send, with the call's item.
    previews: mpsc::Receiver<(ItemId, Preview)>,
    /// Notified when a client's call joins the turn.
    host_call_arrival: Arc<Notify>,
    /// The calls that wait for an approval.
    questions: Questions,
    /// The latest preview of each open item. Dropping one deletes its file.
    shown_previews: HashMap<ItemId, StagedImage>,
    /// Items that have started and not ended, according to the events sent so far.
    open_items: OpenItems,
    /// The effects of the current round that are not carried out yet. Their events are written.
    pending_effects: VecDeque<Effect>,
    /// The report that the machine is handling, kept in case it panics.
    current_report: Option<CallReport>,
    /// A write failed. History then stays a complete prefix: nothing more of this turn is written.
    has_write_failed: bool,
    /// Given back before the turn's last events are sent, so that a client may react to them with a new turn.
    permit: Option<TurnPermit>,
}

/// What a turn waits for.
enum Wakeup {
    Interrupted,
    ConfigChanged,
    /// The event gate may open.
    GateReady,
    Preview(ItemId, Preview),
    CallEnded(CallReport),
    Approval(ApprovalNotice),
    /// A client's call has joined the turn.
    HostCall,
    /// The next event of the model response; `None` at the end of the stream.
    ModelResponse(Option<Result<ModelEvent, ModelError>>),
}

impl<S: Store, P: Provider, E: EventSink> TurnRunner<'_, S, P, E> {
    /// Runs the turn to its end, from its first effects, whose events are already written.
    ///
    /// # Errors
    /// The turn panicked; the panic hook has logged why. The conversation may then differ from the stored history.
    pub(crate) async fn run(&mut self, mut turn: Turn, first: Vec<Effect>) -> Result<(), PanickedTurn> {
        if AssertUnwindSafe(self.run_to_end(&mut turn, first)).catch_unwind().await.is_ok() {
            return Ok(());
        }
        tracing::error!(thread_id = %self.context.thread_id, "a turn panicked; it ends as failed");
        Err(PanickedTurn(turn))
    }

    /// Runs the loop of the turn, without protection from panics.
    async fn run_to_end(&mut self, turn: &mut Turn, first: Vec<Effect>) {
        log::log_start(&self.context, turn.tool_to_offer());
        let provider = Arc::clone(&self.context.provider);
        let mut response: Option<OpenResponse<'_>> = None;
        let mut effects = self.perform(first, &provider, &mut response, turn).await;
        effects.extend(self.handle(turn, Input::Begin));
        loop {
            while !effects.is_empty() {
                effects = self.carry_out(effects, &provider, &mut response, turn).await;
            }
            if turn.has_ended() {
                break;
            }
            let wakeup = self.wait(&mut response).await;
            effects = self.on_wakeup(turn, wakeup).await;
        }
        self.events.flush().await;
    }

    /// Waits for the next thing to happen. If several have happened, the order of the branches decides.
    async fn wait(&mut self, response: &mut Option<OpenResponse<'_>>) -> Wakeup {
        // The gate also opens by itself, when it has delayed too many events.
        if self.events.is_open() {
            self.questions.release();
        }
        let is_cancelled = self.context.cancel.is_cancelled();
        tokio::select! {
            biased;
            () = self.interrupt.cancelled(), if !is_cancelled => Wakeup::Interrupted,
            // Before the response can start another image.
            () = self.config_watcher.changed() => Wakeup::ConfigChanged,
            () = self.events.ready(), if !self.events.is_open() => Wakeup::GateReady,
            // Before the end of the call that sent it.
            Some((item_id, preview)) = self.previews.recv() => Wakeup::Preview(item_id, preview),
            Some(notice) = self.questions.next() => Wakeup::Approval(notice),
            // Before the end of the last call that runs.
            () = self.host_call_arrival.notified() => Wakeup::HostCall,
            Some(report) = self.calls.next() => Wakeup::CallEnded(report),
            event = OpenResponse::next(response) => Wakeup::ModelResponse(event),
        }
    }

    async fn on_wakeup(&mut self, turn: &mut Turn, wakeup: Wakeup) -> Vec<Effect> {
        match wakeup {
            Wakeup::Interrupted => self.handle(turn, Input::Interrupt),
            Wakeup::ConfigChanged => self.on_config_changed(turn),
            Wakeup::GateReady => {
                self.events.open().await;
                Vec::new()
            }
            Wakeup::Preview(item_id, preview) => self.on_preview(turn, item_id, preview),
            Wakeup::CallEnded(report) => self.on_call_ended(turn, report),
            Wakeup::Approval(ApprovalNotice::Needed { item_id, may_ask }) => {
                self.questions.wait(item_id.clone(), may_ask);
                self.handle(turn, Input::ApprovalNeeded { item_id })
            }
            Wakeup::Approval(ApprovalNotice::Ended { item_id }) => self.handle(turn, Input::ApprovalEnded { item_id }),
            // The call comes out of the inbox.
            Wakeup::HostCall => {
                let limits = self.context.gate.call_limits();
                self.handle(turn, Input::HostCalls(Vec::new(), limits))
            }
            Wakeup::ModelResponse(event) => self.on_model_response(turn, event).await,
        }
    }

    /// Passes an input to the machine, after the messages and calls that have been added to the turn meanwhile. All
    /// inputs of the turn go this way.
    ///
    /// The machine runs with the turn slot locked, see [`TurnPermit::handle_inbox`].
    fn handle(&mut self, turn: &mut Turn, mut input: Input) -> Vec<Effect> {
        let Self { context, permit, conversation, events, calls, .. } = self;
        let Some(permit) = permit else { return turn.handle(conversation, now_ms(), input) };
        permit.handle_inbox(|inbox| {
            inbox.holds.into_iter().for_each(|response_sent| events.hold(response_sent));
            let mut effects = Vec::new();
            for steer in inbox.steers {
                events.hold(steer.response_sent);
                effects.extend(turn.handle(conversation, now_ms(), Input::Steer(Box::new(steer.message))));
            }
            let host_calls: Vec<HostCall> =
                inbox.host_calls.into_iter().map(|queued| begin(queued, events, calls)).collect();
            if let Input::PersistFailed { host_calls: failing, .. } = &mut input {
                *failing = host_calls;
            } else if !host_calls.is_empty() {
                // Read after the calls were accepted, so that they follow the configuration that has accepted them.
                let limits = context.gate.call_limits();
                effects.extend(turn.handle(conversation, now_ms(), Input::HostCalls(host_calls, limits)));
            }
            effects.extend(turn.handle(conversation, now_ms(), input));
            let flow = match turn.is_closed() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(turn.unread_messages()),
            };
            (effects, flow)
        })
    }

    /// Applies the current configuration: in a turn of a model, where it is stricter than the one at the start.
    fn on_config_changed(&mut self, turn: &mut Turn) -> Vec<Effect> {
        let response_sent = self.config_watcher.mark_seen();
        let limits = self.context.gate.call_limits();
        let effects = self.handle(turn, Input::LimitsChanged(limits));
        if let Some(response_sent) = response_sent.filter(|_| turn.is_withdrawn() || !effects.is_empty()) {
            self.events.hold(Box::pin(response_sent.cancelled_owned()));
        }
        effects
    }

    fn on_call_ended(&mut self, turn: &mut Turn, report: CallReport) -> Vec<Effect> {
        self.shown_previews.remove(&report.item_id);
        self.current_report = Some(report.clone());
        let effects = self.handle(turn, Input::CallEnded { item_id: report.item_id, outcome: report.outcome });
        self.current_report = None;
        effects
    }
}

/// Takes a client's call out of its queue, with who makes it and what waits for its end.
fn begin<E: EventSink>(queued: QueuedHostCall, events: &mut EventGate<E>, calls: &mut RunningCalls) -> HostCall {
    let QueuedHostCall { call, caller, completed } = queued;
    events.notify_completed(call.item_id.clone(), completed);
    calls.set_caller(call.item_id.clone(), caller);
    call
}

/// Returns the error of a store that panicked; the panic hook has logged why.
fn store_panicked() -> StorageError {
    StorageError::new(StorageErrorKind::Other, "Easel's store failed internally; the log has details.")
}
