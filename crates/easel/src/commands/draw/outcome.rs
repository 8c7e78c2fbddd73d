//! What came of a request, collected from the events of its turn.

use easel_protocol::id::{ItemId, ThreadId, TurnId};
use easel_protocol::item::ImageGenerationItem;
use easel_protocol::record::{Billed, ImageError, ImageRecord};

/// What came of a request.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) thread_id: ThreadId,
    /// Empty until a turn has started.
    pub(super) turn_id: TurnId,
    pub(super) images: Vec<ImageRecord>,
    /// The last words of the model.
    pub(super) message: Option<String>,
    /// The failure of an image that may have cost most, the last one of several.
    pub(super) error: Option<ImageError>,
    /// Why the turn ended early.
    pub(super) reason: Option<String>,
    pub(super) was_interrupted: bool,
    /// Failed calls that no later call has made up for.
    missing: usize,
    /// Running calls that began after a failure.
    repeats: Vec<ItemId>,
}

impl Outcome {
    /// Creates the outcome of a request before its first event.
    pub(super) fn new(thread_id: ThreadId) -> Self {
        Self { thread_id, ..Self::default() }
    }

    /// Creates the outcome of a request that was not sent, since the user has stopped the command.
    pub(super) fn of_stop(thread_id: ThreadId) -> Self {
        Self { was_interrupted: true, ..Self::new(thread_id) }
    }

    /// Creates the outcome of a request that was not sent for this reason.
    pub(super) fn of_refusal(thread_id: ThreadId, reason: String) -> Self {
        Self { reason: Some(reason), ..Self::new(thread_id) }
    }

    /// Creates the outcome of a command that failed before it had a thread, or without one that it left.
    pub(super) fn of_error(reason: String) -> Self {
        Self { reason: Some(reason), ..Self::default() }
    }

    /// Changes the wording of the failure.
    pub(super) fn reword(&mut self, from: &str, to: &str) {
        if let Some(error) = &mut self.error {
            error.message = error.message.replace(from, to);
        }
    }

    /// Returns whether a call has failed and no later one has made up for it.
    pub(super) fn is_image_missing(&self) -> bool {
        self.missing > 0
    }

    /// Notes the start of a call. One that starts after a failure is taken for its repetition.
    pub(super) fn start_call(&mut self, id: ItemId) {
        if self.repeats.len() < self.missing {
            self.repeats.push(id);
        }
    }

    /// Takes the images and the failure of a call.
    pub(super) fn end_call(&mut self, item: ImageGenerationItem) {
        let repeated = self.repeats.iter().position(|id| *id == item.id);
        if let Some(index) = repeated {
            self.repeats.swap_remove(index);
            self.missing -= 1;
        }
        self.images.extend(item.images);
        if let Some(error) = item.error {
            self.missing += 1;
            if self.error.as_ref().is_none_or(|worst| severity(worst.billed) <= severity(error.billed)) {
                self.error = Some(error);
            }
        }
    }
}

/// Orders bills, the worst last.
fn severity(billed: Billed) -> u8 {
    match billed {
        Billed::No => 0,
        Billed::Uncertain => 1,
        Billed::Yes => 2,
    }
}
