//! Compaction: a catalogue takes the place of the older turns when the conversation has become too long for the model.

use easel_imagegen::history::{Compaction, CompactionLimits, compact};
use easel_imagegen::port::ModelError;
use easel_protocol::event::{ContextCompactedNotification, Event};
use easel_protocol::item::{ContextCompactionItem, ThreadItem};
use easel_protocol::response_item::ResponseItem;
use easel_protocol::turn::CodexErrorInfo;

use super::{Step, Turn};

/// What a user can do about a conversation that is too long even without its older turns.
const TOO_LONG_ADVICE: &str = "Shorten the message, use a model with a larger context window, or set \
                               `model_context_tokens` to fewer tokens than the window of this model.";

impl Turn {
    /// Compacts the conversation if the provider counted more tokens in the last request than the configuration allows.
    pub(super) fn compact_if_too_long(&self, step: &mut Step<'_>) {
        let limit = self.config.context_tokens;
        if step.conversation.counted_tokens.is_some_and(|counted| counted > limit) {
            let _ = self.compact(step, limit);
        }
    }

    /// Compacts the conversation because a client requested it. The client always sees the item.
    pub(super) fn compact_on_request(&self, step: &mut Step<'_>) {
        if !self.compact(step, self.config.context_tokens) {
            self.emit_compaction(step, None);
        }
    }

    /// Compacts the conversation and requests the response again, if the provider refused the conversation as too long.
    /// A refused request is not billed. Fails the turn if that was already tried, if there is nothing to remove, or
    /// after any other error.
    pub(super) fn on_response_failed(&mut self, step: &mut Step<'_>, error: ModelError) {
        let ModelError { message, info, was_refused: _ } = error;
        if info != CodexErrorInfo::ContextWindowExceeded {
            return self.fail(step, message, info);
        }
        if !self.has_output && !self.was_too_long && self.compact(step, self.config.context_tokens / 2) {
            self.was_too_long = true;
            return self.request_response(step);
        }
        self.fail(step, format!("{}. {TOO_LONG_ADVICE}", message.trim_end_matches('.')), info);
    }

    /// Compacts the conversation for requests of at most `tokens` tokens. Returns false if there is nothing to remove.
    #[must_use]
    fn compact(&self, step: &mut Step<'_>, tokens: u64) -> bool {
        let conversation = &mut step.conversation;
        let limits = CompactionLimits { tokens, counted: conversation.counted_tokens, images: self.config.budget };
        let Some(Compaction { catalogue, kept_from }) = compact(&conversation.history, &conversation.images, limits)
        else {
            return false;
        };
        let item = ResponseItem::ContextCompaction(Box::new(catalogue));
        conversation.compact(kept_from, item.clone());
        self.emit_compaction(step, Some(item));
        true
    }

    fn emit_compaction(&self, step: &mut Step<'_>, catalogue: Option<ResponseItem>) {
        let id = step.conversation.ids.reserve(&format!("compaction_{}", self.turn_id));
        let started = ContextCompactionItem { id, started_at_ms: step.at, completed_at_ms: None };
        let completed = ContextCompactionItem { completed_at_ms: Some(step.at), ..started.clone() };
        self.emit_item_started(step, ThreadItem::ContextCompaction(started));
        self.emit_item_completed(step, ThreadItem::ContextCompaction(completed));
        if let Some(item) = catalogue {
            self.emit_raw_item(step, item);
        }
        let (thread_id, turn_id) = (self.thread_id.clone(), self.turn_id.clone());
        step.emit(Event::ContextCompacted(ContextCompactedNotification { thread_id, turn_id }));
    }
}
