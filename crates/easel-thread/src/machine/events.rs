//! Builds the protocol events of a turn.

use easel_protocol::event::{
    ErrorNotification, Event, ImageGenerationPreviewNotification, ItemCompletedNotification, ItemStartedNotification,
    RawResponseItemCompletedNotification, ThreadStatusChangedNotification, ThreadTokenUsage,
    ThreadTokenUsageUpdatedNotification, TokenUsage, TurnCompletedNotification, TurnStartedNotification,
    WarningNotification,
};
use easel_protocol::id::ItemId;
use easel_protocol::item::ThreadItem;
use easel_protocol::response_item::ResponseItem;
use easel_protocol::thread::ThreadStatus;
use easel_protocol::turn::{Turn as ProtocolTurn, TurnError, TurnItemsView, TurnStatus};

use super::{Effect, PreviewFile, Turn};
use crate::conversation::Conversation;

/// The handling of one input: the conversation, the time, and the effects so far.
pub(super) struct Step<'a> {
    pub(super) conversation: &'a mut Conversation,
    /// Unix milliseconds.
    pub(super) at: i64,
    pub(super) effects: Vec<Effect>,
}

impl<'a> Step<'a> {
    pub(super) fn new(conversation: &'a mut Conversation, at: i64) -> Self {
        Self { conversation, at, effects: Vec::new() }
    }

    pub(super) fn emit(&mut self, event: Event) {
        self.effects.push(Effect::Emit(event));
    }
}

impl Turn {
    pub(super) fn emit_status(&self, step: &mut Step<'_>, status: ThreadStatus) {
        let thread_id = self.thread_id.clone();
        step.emit(Event::ThreadStatusChanged(ThreadStatusChangedNotification { thread_id, status }));
    }

    pub(super) fn emit_started(&self, step: &mut Step<'_>) {
        let turn = self.to_protocol(TurnStatus::InProgress, TurnItemsView::NotLoaded);
        step.emit(Event::TurnStarted(TurnStartedNotification { thread_id: self.thread_id.clone(), turn }));
    }

    pub(super) fn emit_warning(&self, step: &mut Step<'_>, message: String) {
        step.emit(Event::Warning(WarningNotification { thread_id: self.thread_id.clone(), message }));
    }

    pub(super) fn emit_error(&self, step: &mut Step<'_>, error: TurnError) {
        step.emit(Event::Error(ErrorNotification {
            thread_id: self.thread_id.clone(),
            turn_id: self.turn_id.clone(),
            error,
            will_retry: false,
        }));
    }

    pub(super) fn emit_completed(&self, step: &mut Step<'_>, status: TurnStatus, error: Option<TurnError>) {
        let turn = ProtocolTurn {
            items: self.last_message.clone().map(ThreadItem::AgentMessage).into_iter().collect(),
            error,
            completed_at: Some(step.at.div_euclid(1_000)),
            // The wall clock may have been set back during the turn.
            duration_ms: Some(step.at.saturating_sub(self.started_at_ms).max(0)),
            ..self.to_protocol(status, TurnItemsView::Summary)
        };
        step.emit(Event::TurnCompleted(TurnCompletedNotification { thread_id: self.thread_id.clone(), turn }));
    }

    fn to_protocol(&self, status: TurnStatus, items_view: TurnItemsView) -> ProtocolTurn {
        ProtocolTurn {
            id: self.turn_id.clone(),
            root_turn_id: self.turn_id.clone(),
            items: Vec::new(),
            items_view,
            status,
            error: None,
            started_at: Some(self.started_at_ms.div_euclid(1_000)),
            completed_at: None,
            duration_ms: None,
        }
    }

    pub(super) fn emit_item_started(&self, step: &mut Step<'_>, item: ThreadItem) {
        step.emit(Event::ItemStarted(ItemStartedNotification {
            thread_id: self.thread_id.clone(),
            turn_id: self.turn_id.clone(),
            item,
            started_at_ms: step.at,
        }));
    }

    pub(super) fn emit_item_completed(&self, step: &mut Step<'_>, item: ThreadItem) {
        step.emit(Event::ItemCompleted(ItemCompletedNotification {
            thread_id: self.thread_id.clone(),
            turn_id: self.turn_id.clone(),
            item,
            completed_at_ms: step.at,
        }));
    }

    pub(super) fn emit_preview(&self, step: &mut Step<'_>, item_id: &ItemId, file: &PreviewFile) {
        step.emit(Event::ImagePreview(ImageGenerationPreviewNotification {
            thread_id: self.thread_id.clone(),
            turn_id: self.turn_id.clone(),
            item_id: item_id.clone(),
            index: file.index,
            path: file.path.to_string_lossy().into_owned(),
            media_type: file.facts.media_type,
            width: file.facts.width,
            height: file.facts.height,
            bytes: file.facts.bytes,
        }));
    }

    /// Adds an item to the conversation that the model reads.
    pub(super) fn remember(&self, step: &mut Step<'_>, item: ResponseItem) {
        step.conversation.history.push(item.clone());
        self.emit_raw_item(step, item);
    }

    pub(super) fn emit_raw_item(&self, step: &mut Step<'_>, item: ResponseItem) {
        step.emit(Event::RawResponseItemCompleted(RawResponseItemCompletedNotification {
            thread_id: self.thread_id.clone(),
            turn_id: self.turn_id.clone(),
            item,
        }));
    }

    pub(super) fn count_tokens(&self, step: &mut Step<'_>, last: TokenUsage) {
        step.conversation.usage += last;
        step.conversation.counted_tokens = u64::try_from(last.input_tokens).ok().filter(|tokens| *tokens > 0);
        let total = step.conversation.usage;
        step.emit(Event::ThreadTokenUsageUpdated(ThreadTokenUsageUpdatedNotification {
            thread_id: self.thread_id.clone(),
            turn_id: self.turn_id.clone(),
            token_usage: ThreadTokenUsage { total, last, model_context_window: None },
        }));
    }
}
