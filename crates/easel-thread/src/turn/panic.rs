//! The end of a turn that panicked. Running calls are awaited, because they may be billed, and every open item ends.

use std::panic::AssertUnwindSafe;

use easel_imagegen::port::{Provider, Store, image_error};
use easel_protocol::event::Event;
use easel_protocol::id::ItemId;
use easel_protocol::item::ThreadItem;
use easel_protocol::record::{Billed, ImageErrorKind};
use futures_util::FutureExt;

use super::{CallContext, CallReport, TurnRunner, store_panicked};
use crate::clock::now_ms;
use crate::event_sink::EventSink;
use crate::machine::{Effect, Turn};

const TURN_FAILED: &str = "Easel failed internally while it ran this turn; the log has details.";
const IMAGE_FAILED: &str = "Easel failed internally while it made the image";

/// The machine of a turn that panicked. Its state may be inconsistent: only its ids, its start time and its last
/// message are used.
pub(crate) struct PanickedTurn(pub(super) Turn);

impl PanickedTurn {
    /// Returns whether the last row of the turn was already written.
    pub(crate) fn had_ended(&self) -> bool {
        self.0.has_ended()
    }
}

impl<S: Store, P: Provider, E: EventSink> TurnRunner<'_, S, P, E> {
    /// Ends the turn as failed. After the last row is written and before the last event is sent, it calls `deregister`
    /// and gives up the turn slot, so that a client which reacts to that event gets a new actor.
    pub(crate) async fn end_panicked(&mut self, panicked: PanickedTurn, deregister: &(dyn Fn() + Send + Sync)) {
        let mut permit = self.permit.take();
        if let Some(permit) = &permit {
            permit.close_queues();
        }
        let mut release = || {
            deregister();
            if let Some(permit) = permit.take() {
                permit.retire();
            }
        };
        if AssertUnwindSafe(self.end_items_and_turn(panicked, &mut release)).catch_unwind().await.is_err() {
            tracing::error!(thread_id = %self.context.thread_id, "ending a panicked turn panicked, too");
        }
        release();
        self.flush_events().await;
    }

    /// Sends the remaining events of a turn whose end is written.
    pub(crate) async fn send_rest(&mut self) {
        let rest = std::mem::take(&mut self.pending_effects);
        self.send_rendered(rest.into_iter().filter_map(Effect::into_event).collect()).await;
        self.flush_events().await;
    }

    async fn end_items_and_turn(&mut self, PanickedTurn(turn): PanickedTurn, release: &mut (dyn FnMut() + Send)) {
        let mut effects = std::mem::take(&mut self.pending_effects);
        // Calls that were never started, so that nothing was sent for them.
        let unsent: Vec<ItemId> = effects
            .iter()
            .filter_map(
                |effect| if let Effect::RunCall { item_id, .. } = effect { Some(item_id.clone()) } else { None },
            )
            .collect();
        self.send_rendered(effects.drain(..).filter_map(Effect::into_event).collect()).await;
        self.end_calls(&turn).await;
        let mut events = Vec::new();
        for item in self.open_items.take_all() {
            events.extend(match item {
                ThreadItem::ImageGeneration(image) => {
                    let error = if unsent.contains(&image.id) {
                        image_error(ImageErrorKind::Internal, IMAGE_FAILED)
                    } else {
                        self.context.error_after_sending(ImageErrorKind::Internal, IMAGE_FAILED)
                    };
                    turn.complete_image(now_ms(), image, Err(Box::new(error)))
                }
                item @ (ThreadItem::UserMessage(_)
                | ThreadItem::AgentMessage(_)
                | ThreadItem::Reasoning(_)
                | ThreadItem::ContextCompaction(_)) => turn.complete_open_item(now_ms(), item),
            });
        }
        self.write_after_panic(&events).await;
        events.extend(self.context.adopt_unread_messages().await);
        let end = turn.failure_events(now_ms(), TURN_FAILED);
        self.write_after_panic(&end).await;
        release();
        events.extend(end);
        self.send_all(events).await;
    }

    /// Ends the image items whose calls have ended or still run.
    async fn end_calls(&mut self, turn: &Turn) {
        if let Some(report) = self.current_report.take() {
            self.end_image(turn, report).await;
        }
        for (_, hosted) in std::mem::take(&mut self.hosted) {
            let error = self.hosted_error(ImageErrorKind::Internal, IMAGE_FAILED);
            let settling = self.context.settle(&hosted.item_id, Err(error.clone()), None, hosted.elapsed());
            let outcome = AssertUnwindSafe(settling).catch_unwind().await.unwrap_or_else(|_| Err(Box::new(error)));
            self.end_image(turn, CallReport { item_id: hosted.item_id, outcome }).await;
        }
        self.end_hosted_request(Billed::Uncertain).await;
        self.questions.close();
        while let Some(report) = self.next_report().await {
            self.end_image(turn, report).await;
        }
    }

    /// Waits for the end of a running call; an interrupt cancels the calls meanwhile. Returns `None` if no call is
    /// running.
    async fn next_report(&mut self) -> Option<CallReport> {
        loop {
            let is_cancelled = self.context.cancel.is_cancelled();
            tokio::select! {
                biased;
                () = self.interrupt.cancelled(), if !is_cancelled => self.context.cancel.cancel(),
                report = self.calls.next() => return report,
            }
        }
    }

    async fn end_image(&mut self, turn: &Turn, report: CallReport) {
        let Some(ThreadItem::ImageGeneration(item)) = self.open_items.take(&report.item_id) else { return };
        let events = turn.complete_image(now_ms(), item, report.outcome);
        self.write_after_panic(&events).await;
        self.send_rendered(events).await;
    }

    async fn write_after_panic(&mut self, events: &[Event]) {
        if events.is_empty() || self.has_write_failed {
            return;
        }
        let appending = AssertUnwindSafe(self.context.store.append(events.to_vec())).catch_unwind();
        if let Err(error) = appending.await.unwrap_or_else(|_| Err(store_panicked())) {
            let (thread_id, error): (_, &dyn std::error::Error) = (&self.context.thread_id, &error);
            tracing::error!(%thread_id, error, "the end of a panicked turn is written at the next start");
            self.has_write_failed = true;
        }
    }

    /// Sends events as clients read them.
    async fn send_rendered(&mut self, events: Vec<Event>) {
        let events = events.into_iter().flat_map(|event| self.conversation.to_client_events(event)).collect();
        self.send_all(events).await;
    }

    /// Sends events. A panic loses only the event that caused it.
    async fn send_all(&mut self, events: Vec<Event>) {
        for event in events {
            if AssertUnwindSafe(self.events.send(event)).catch_unwind().await.is_err() {
                tracing::error!(thread_id = %self.context.thread_id, "sending an event panicked");
            }
        }
    }

    async fn flush_events(&mut self) {
        if AssertUnwindSafe(self.events.flush()).catch_unwind().await.is_err() {
            tracing::error!(thread_id = %self.context.thread_id, "sending the last events of a turn panicked");
        }
    }
}

impl<S: Store, P: Provider> CallContext<S, P> {
    /// Moves accepted messages that the model has not read to the turn's history, and returns their events as clients
    /// read them.
    async fn adopt_unread_messages(&self) -> Vec<Event> {
        let thread_id = &self.thread_id;
        let adopting = AssertUnwindSafe(self.store.adopt_pending(thread_id, &self.turn_id)).catch_unwind();
        adopting.await.unwrap_or_else(|_| Err(store_panicked())).unwrap_or_else(|error| {
            let error: &dyn std::error::Error = &error;
            tracing::error!(%thread_id, error, "unread messages of a panicked turn stay pending until restart");
            Vec::new()
        })
    }
}
