//! Carries out the effects of the machine.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use easel_imagegen::phase;
use easel_imagegen::port::{Provider, ReserveError, Store};
use easel_protocol::event::Event;
use easel_protocol::thread::{ThreadActiveFlag, ThreadStatus};
use futures_util::FutureExt;
use tracing::Instrument;

use super::model_response::OpenResponse;
use super::{TurnRunner, log, store_panicked};
use crate::event_sink::EventSink;
use crate::machine::{Effect, Input, Turn};

impl<S: Store, P: Provider, E: EventSink> TurnRunner<'_, S, P, E> {
    /// Carries out one round of effects: writes their events first, then performs them in order. Returns the effects
    /// that follow.
    pub(super) async fn carry_out<'p>(
        &mut self,
        effects: Vec<Effect>,
        provider: &'p P,
        response: &mut Option<OpenResponse<'p>>,
        turn: &mut Turn,
    ) -> Vec<Effect> {
        // The provider is already making the image. The journal comes before the item, so that after a crash an item
        // always has a row that says what it may cost.
        let mut refusal = None;
        for effect in &effects {
            if let Effect::TrackHosted { item_id, call_id, requested, references } = effect {
                let refused = self.track_hosted(item_id, call_id, requested, references).await;
                refusal = refusal.or(refused);
            }
        }
        let effects = self.write(effects, turn).await;
        if turn.has_ended() {
            self.permit = None;
        }
        let mut next = self.perform(effects, provider, response, turn).await;
        if let Some(refusal) = refusal {
            next.extend(self.handle(turn, Input::HostedOverLimit(refusal.to_string())));
        }
        next
    }

    /// Writes the events of the effects to history. Returns the effects to perform: the same ones, or their
    /// replacement if the write failed. After a failed write nothing more is written, because the turn is at its end.
    async fn write(&mut self, effects: Vec<Effect>, turn: &mut Turn) -> Vec<Effect> {
        let events: Vec<Event> = effects.iter().filter_map(Effect::as_event).cloned().collect();
        if events.is_empty() || self.has_write_failed {
            return effects;
        }
        let span = tracing::debug_span!(target: phase::TARGET, "history");
        let appending = AssertUnwindSafe(self.context.store.append(events)).catch_unwind().instrument(span);
        match appending.await.unwrap_or_else(|_| Err(store_panicked())) {
            Ok(()) => effects,
            Err(error) => {
                tracing::error!(
                    thread_id = %self.context.thread_id,
                    error = &error as &dyn std::error::Error,
                    "history could not be written"
                );
                self.has_write_failed = true;
                let message = error.client_message().to_owned();
                self.handle(turn, Input::PersistFailed { effects, message, host_calls: Vec::new() })
            }
        }
    }

    /// Keeps what the turn waits for in the turn slot, where readers of the thread find it.
    fn note_status(&self, event: &Event) {
        if let (Event::ThreadStatusChanged(changed), Some(permit)) = (event, &self.permit)
            && let ThreadStatus::Active { active_flags } = &changed.status
        {
            permit.set_waits_for_approval(active_flags.contains(&ThreadActiveFlag::WaitingOnApproval));
        }
    }

    /// Performs effects whose events are written. Returns the effects that follow.
    pub(super) async fn perform<'p>(
        &mut self,
        effects: Vec<Effect>,
        provider: &'p P,
        response: &mut Option<OpenResponse<'p>>,
        turn: &mut Turn,
    ) -> Vec<Effect> {
        let mut next = Vec::new();
        effects.iter().filter_map(Effect::as_event).for_each(|event| self.open_items.update(event));
        self.pending_effects.extend(effects);
        while let Some(effect) = self.pending_effects.pop_front() {
            match effect {
                Effect::Emit(event) => {
                    self.note_status(&event);
                    log::log_end(&self.context, &event);
                    if let Event::ItemCompleted(completed) = &event {
                        self.calls.remove_caller(completed.item.id());
                    }
                    for event in self.conversation.to_client_events(event) {
                        self.events.send(event).await;
                    }
                }
                Effect::RequestResponse => match self.context.journal_model_request(turn.tool_to_offer()).await {
                    Ok(reserved) => {
                        let span = tracing::debug_span!(target: phase::TARGET, "plan");
                        *response = Some(span.in_scope(|| self.request_response(provider, turn, reserved)));
                    }
                    Err(ReserveError::Refused(refusal)) => {
                        let thread_id = &self.context.thread_id;
                        tracing::info!(%thread_id, %refusal, "a limit withholds the hosted tool");
                        next.extend(self.handle(turn, Input::HostedRefused(refusal.to_string())));
                    }
                    Err(ReserveError::Storage(error)) => {
                        let error = self.context.report_unjournaled(&error);
                        next.extend(self.handle(turn, Input::ResponseFailed(error)));
                    }
                },
                Effect::RunCall { item_id, call } => self.calls.spawn(Arc::clone(&self.context), item_id, call),
                // `carry_out` has journaled it.
                Effect::TrackHosted { .. } => {}
                Effect::CloseResponse => next.extend(self.close_response(response, turn).await),
                Effect::CancelCalls => self.context.cancel.cancel(),
                // It asks when no event is delayed.
                Effect::AskApproval { item_id } => self.questions.permit(item_id),
            }
        }
        next
    }
}
