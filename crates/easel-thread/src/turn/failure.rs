//! A turn after a panic: calls that run are waited for, since they may be paid, and everything that has begun ends.

use std::panic::AssertUnwindSafe;

use easel_imagegen::port::{Provider, Store, image_error};
use easel_protocol::event::Event;
use easel_protocol::id::ItemId;
use easel_protocol::item::ThreadItem;
use easel_protocol::record::ImageErrorKind;
use futures_util::FutureExt;

use super::Running;
use crate::audience::Audience;
use crate::call::{Report, now_ms};
use crate::machine::{Effect, Turn};

const FAILED: &str = "Easel failed inside while it ran this turn.";
const LOST: &str = "Easel failed inside while it made the image";

/// A turn that panicked. Of it only what a panic cannot have spoilt is used.
pub(crate) struct Failed(pub(super) Turn);

impl Failed {
    /// Whether the last row of the turn was written before.
    pub(crate) fn had_ended(&self) -> bool {
        self.0.ended()
    }
}

impl<S: Store, P: Provider, A: Audience> Running<'_, S, P, A> {
    /// Ends the turn. `leave` is called once its last row is written and before its last event is told: by then a new
    /// actor may take the thread.
    pub(crate) async fn end_failed(&mut self, failed: Failed, leave: &mut (dyn FnMut() + Send)) {
        let Failed(turn) = failed;
        let mut effects = std::mem::take(&mut self.pending);
        let unsent: Vec<ItemId> = effects
            .iter()
            .filter_map(
                |effect| if let Effect::RunCall(draft) = effect { Some(draft.call_id.as_str().into()) } else { None },
            )
            .collect();
        self.tell_all(effects.drain(..).filter_map(Effect::into_event).collect()).await;
        if let Some(report) = self.reporting.take() {
            self.end_image(&turn, report).await;
        }
        for (_, hosted) in std::mem::take(&mut self.hosted) {
            let error = self.context.after_sending(ImageErrorKind::Internal, LOST);
            let elapsed = hosted.elapsed();
            let settling = self.context.settle(&hosted.item_id, Err(error.clone()), elapsed);
            let outcome = AssertUnwindSafe(settling).catch_unwind().await.unwrap_or_else(|_| Err(Box::new(error)));
            self.end_image(&turn, Report { item_id: hosted.item_id, outcome }).await;
        }
        while let Some(report) = self.next_report().await {
            self.end_image(&turn, report).await;
        }
        let mut events = Vec::new();
        for item in self.open.take_all() {
            events.extend(match item {
                ThreadItem::ImageGeneration(image) => {
                    let error = if unsent.contains(&image.id) {
                        image_error(ImageErrorKind::Internal, LOST)
                    } else {
                        self.context.after_sending(ImageErrorKind::Internal, LOST)
                    };
                    turn.ended_image(now_ms(), image, Err(Box::new(error)))
                }
                item @ (ThreadItem::UserMessage(_) | ThreadItem::AgentMessage(_) | ThreadItem::Reasoning(_)) => {
                    turn.ended_item(now_ms(), item)
                }
            });
        }
        self.write_after_failure(&events).await;
        // Accepted messages that the model will not read in this turn.
        let (thread_id, turn_id) = (self.context.thread_id.clone(), self.context.turn_id.clone());
        let adopting = self.context.store.adopt_pending(&thread_id, &turn_id);
        match AssertUnwindSafe(adopting).catch_unwind().await {
            Ok(Ok(adopted)) => events.extend(adopted),
            Ok(Err(error)) => tracing::error!(%thread_id, %error, "messages of a failed turn wait for the next start"),
            Err(_) => tracing::error!(%thread_id, "messages of a failed turn wait for the next start"),
        }
        let end = turn.failure(now_ms(), FAILED);
        self.write_after_failure(&end).await;
        leave();
        events.extend(end);
        self.tell_all(events).await;
    }

    /// Tells what a turn that had ended has not told.
    pub(crate) async fn tell_rest(&mut self) {
        let rest = std::mem::take(&mut self.pending);
        self.tell_all(rest.into_iter().filter_map(Effect::into_event).collect()).await;
        if AssertUnwindSafe(self.telling.finish()).catch_unwind().await.is_err() {
            tracing::error!(thread_id = %self.context.thread_id, "telling the end of a turn panicked");
        }
    }

    async fn end_image(&mut self, turn: &Turn, report: Report) {
        let Some(ThreadItem::ImageGeneration(item)) = self.open.take(&report.item_id) else { return };
        let events = turn.ended_image(now_ms(), item, report.outcome);
        self.write_after_failure(&events).await;
        self.tell_all(events).await;
    }

    /// The next end of a call that runs; `None` when none does. An interrupt still reaches the calls.
    async fn next_report(&mut self) -> Option<Report> {
        loop {
            let interrupted = self.context.cancel.is_cancelled();
            tokio::select! {
                biased;
                () = self.interrupt.cancelled(), if !interrupted => self.context.cancel.cancel(),
                ended = self.calls.join_next() => match ended? {
                    Ok(report) => return Some(report),
                    Err(error) => tracing::error!(%error, "an image call ended without a report"),
                },
            }
        }
    }

    async fn write_after_failure(&mut self, events: &[Event]) {
        if events.is_empty() || self.history_failed {
            return;
        }
        let writing = AssertUnwindSafe(self.context.store.append(events.to_vec())).catch_unwind().await;
        if !matches!(writing, Ok(Ok(()))) {
            tracing::error!(thread_id = %self.context.thread_id, "the end of a failed turn waits for the next start");
            self.history_failed = true;
        }
    }

    /// Tells events, whatever became of those before them.
    async fn tell_all(&mut self, events: Vec<Event>) {
        for event in events {
            if AssertUnwindSafe(self.telling.tell(event)).catch_unwind().await.is_err() {
                tracing::error!(thread_id = %self.context.thread_id, "telling an event panicked");
            }
        }
    }
}
