//! The events of a turn as updates.

use std::collections::HashMap;

use easel_protocol::event::{
    AgentMessageDeltaNotification, Event, ImageGenerationPreviewNotification, ThreadTokenUsage,
};
use easel_protocol::id::ItemId;
use easel_protocol::item::{AgentMessageItem, ImageGenerationItem, ThreadItem};
use easel_protocol::turn::Turn;

use super::tool_call::started_tool_call;
use crate::schema::{Chunk, ContentBlock, SessionUpdate};

/// What follows from an event.
#[derive(Debug)]
pub(crate) enum Step {
    /// An update to send.
    Update(SessionUpdate),
    /// A picture of an image that is being made. It may be dropped.
    Partial(ImageGenerationPreviewNotification),
    /// An image call that has ended; its pictures are read first.
    Finished(Box<ImageGenerationItem>),
    /// The turn has ended, after all its updates.
    Ended(Turn),
}

/// What the updates of a turn depend on, besides the event.
#[derive(Debug, Default)]
pub(crate) struct TurnTranslation {
    /// The text of each agent message that was sent.
    sent: HashMap<ItemId, String>,
    last_message: Option<ItemId>,
    /// What the agent has written in this turn.
    text: String,
    /// The images of the turn.
    paths: Vec<String>,
    /// The number of warnings of the turn.
    warnings: u32,
}

impl TurnTranslation {
    /// Returns the steps that follow from an event of the session's thread.
    pub(crate) fn steps(&mut self, event: Event) -> Vec<Step> {
        match event {
            Event::ItemStarted(started) => match started.item {
                ThreadItem::ImageGeneration(item) => update(SessionUpdate::ToolCall(started_tool_call(item.id))),
                ThreadItem::UserMessage(_)
                | ThreadItem::AgentMessage(_)
                | ThreadItem::Reasoning(_)
                | ThreadItem::ContextCompaction(_) => Vec::new(),
            },
            Event::ItemCompleted(done) => match done.item {
                ThreadItem::ImageGeneration(item) => {
                    self.paths.extend(item.images.iter().map(|image| image.path.clone()));
                    vec![Step::Finished(item)]
                }
                ThreadItem::AgentMessage(item) => self.finish_message(item),
                ThreadItem::UserMessage(_) | ThreadItem::Reasoning(_) | ThreadItem::ContextCompaction(_) => Vec::new(),
            },
            Event::AgentMessageDelta(AgentMessageDeltaNotification { item_id, delta, .. }) => {
                self.message(item_id, delta)
            }
            Event::ImagePreview(preview) => vec![Step::Partial(preview)],
            Event::ReasoningSummaryTextDelta(part) => thought(part.item_id, part.delta),
            Event::ReasoningTextDelta(part) => thought(part.item_id, part.delta),
            Event::ThreadTokenUsageUpdated(usage) => usage_update(&usage.token_usage),
            Event::ThreadNameUpdated(named) => {
                update(SessionUpdate::SessionInfoUpdate { title: named.thread_name, updated_at: None })
            }
            Event::TurnStarted(_) => {
                *self = Self::default();
                Vec::new()
            }
            Event::TurnCompleted(done) => self.end(done.turn),
            Event::Warning(warning) => self.warn(&warning.message),
            Event::ConfigWarning(_)
            | Event::AccountLoginCompleted(_)
            | Event::AccountUpdated(_)
            | Event::AccountRateLimitsUpdated(_)
            | Event::ToolListUpdated(_)
            | Event::ThreadStarted(_)
            | Event::ThreadStatusChanged(_)
            | Event::ThreadSettingsUpdated(_)
            | Event::ThreadArchived(_)
            | Event::ThreadUnarchived(_)
            | Event::ThreadClosed(_)
            | Event::ThreadReverted(_)
            | Event::ThreadDeleted(_)
            | Event::ReasoningSummaryPartAdded(_)
            | Event::RawResponseItemCompleted(_)
            | Event::ContextCompacted(_)
            | Event::ImageDeleted(_)
            | Event::ServerRequestResolved(_)
            | Event::Error(_) => Vec::new(),
        }
    }

    fn message(&mut self, id: ItemId, text: String) -> Vec<Step> {
        if text.is_empty() {
            return Vec::new();
        }
        self.sent.entry(id.clone()).or_default().push_str(&text);
        self.text.push_str(&text);
        self.last_message = Some(id.clone());
        update(SessionUpdate::AgentMessageChunk(Chunk { content: ContentBlock::Text { text }, message_id: id }))
    }

    /// Sends a warning as a message of its own. Some editors show all messages of a turn as one text.
    fn warn(&mut self, message: &str) -> Vec<Step> {
        self.warnings += 1;
        let content = ContentBlock::Text { text: format!("Warning: {message}\n\n") };
        let message_id = ItemId::from(format!("warning-{}", self.warnings));
        update(SessionUpdate::AgentMessageChunk(Chunk { content, message_id }))
    }

    /// Sends what no delta has sent. There are no deltas of the white space before a message, which its text may have.
    fn finish_message(&mut self, item: AgentMessageItem) -> Vec<Step> {
        let sent = self.sent.get(&item.id).map(String::as_str).unwrap_or_default();
        let rest = item.text.trim_start().strip_prefix(sent.trim_start()).unwrap_or_default().to_owned();
        self.message(item.id, rest)
    }

    /// Ends the turn. Some editors show an image only if the text has its path.
    fn end(&mut self, turn: Turn) -> Vec<Step> {
        let missing: Vec<&str> =
            self.paths.iter().map(String::as_str).filter(|path| !self.text.contains(path)).collect();
        let mut steps = Vec::new();
        if !missing.is_empty() {
            let id = self.last_message.clone().unwrap_or_else(|| ItemId::from(turn.id.as_str()));
            steps = self.message(id, format!("\nSaved at {}", missing.join("\n")));
        }
        steps.push(Step::Ended(turn));
        steps
    }
}

fn update(update: SessionUpdate) -> Vec<Step> {
    vec![Step::Update(update)]
}

fn thought(id: ItemId, text: String) -> Vec<Step> {
    update(SessionUpdate::AgentThoughtChunk(Chunk { content: ContentBlock::Text { text }, message_id: id }))
}

/// Sends the usage only if the size of the context is known, since the protocol requires it.
fn usage_update(usage: &ThreadTokenUsage) -> Vec<Step> {
    match usage.model_context_window {
        Some(size) if size > 0 => update(SessionUpdate::UsageUpdate { used: usage.last.total_tokens.max(0), size }),
        Some(_) | None => Vec::new(),
    }
}
