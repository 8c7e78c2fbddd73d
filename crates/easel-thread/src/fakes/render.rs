//! Renders effects as short lines.

use easel_imagegen::references::ImageRef;
use easel_protocol::event::Event;
use easel_protocol::item::{ImageGenerationItem, ThreadItem};
use easel_protocol::response_item::{ContentItem, ResponseItem};
use easel_protocol::thread::ThreadStatus;
use easel_protocol::turn::TurnStatus;
use serde::Serialize;

use crate::machine::Effect;

pub(crate) fn effect(effect: &Effect) -> String {
    match effect {
        Effect::Emit(event) => self::event(event),
        Effect::RequestResponse => "request".to_owned(),
        Effect::RunCall { item_id, call } => {
            let references: Vec<String> = call.references.iter().map(image_ref).collect();
            let action = wire_name(&call.requested.action);
            format!("run {item_id} {action} {:?} [{}]", call.requested.prompt, references.join(" "))
        }
        Effect::TrackHosted { item_id, call_id, .. } => format!("track {item_id} as {call_id}"),
        Effect::CloseResponse => "close response".to_owned(),
        Effect::CancelCalls => "cancel calls".to_owned(),
        Effect::AskApproval { item_id } => format!("ask {item_id}"),
    }
}

pub(crate) fn event(event: &Event) -> String {
    match event {
        Event::ThreadStatusChanged(changed) => match &changed.status {
            ThreadStatus::Active { active_flags } if !active_flags.is_empty() => "status waiting".to_owned(),
            ThreadStatus::Active { .. } => "status active".to_owned(),
            ThreadStatus::Idle {} => "status idle".to_owned(),
            ThreadStatus::NotLoaded {} | ThreadStatus::SystemError {} => panic!("not a status of a turn"),
        },
        Event::TurnStarted(started) => format!("turn/started {}", wire_name(&started.turn.status)),
        Event::ItemStarted(started) => format!("item/started {}", item(&started.item)),
        Event::AgentMessageDelta(delta) => format!("delta {} {:?}", delta.item_id, delta.delta),
        Event::ReasoningSummaryPartAdded(part) => format!("summary part {} {}", part.item_id, part.summary_index),
        Event::ReasoningSummaryTextDelta(delta) => {
            format!("summary delta {} {} {:?}", delta.item_id, delta.summary_index, delta.delta)
        }
        Event::ReasoningTextDelta(delta) => {
            format!("reasoning delta {} {} {:?}", delta.item_id, delta.content_index, delta.delta)
        }
        Event::ImagePreview(preview) => format!("preview {} {} {}", preview.item_id, preview.index, preview.path),
        Event::ItemCompleted(completed) => format!("item/completed {}", item(&completed.item)),
        Event::RawResponseItemCompleted(raw) => format!("raw {}", response_item(&raw.item)),
        Event::ThreadTokenUsageUpdated(used) => {
            format!("usage {} of {}", used.token_usage.last.total_tokens, used.token_usage.total.total_tokens)
        }
        Event::Warning(warning) => format!("warning {:?}", warning.message),
        Event::ContextCompacted(_) => "thread/compacted".to_owned(),
        Event::Error(error) => format!("error {:?}", error.error.message),
        Event::TurnCompleted(completed) => {
            let turn = &completed.turn;
            let items: Vec<String> = turn.items.iter().map(item).collect();
            let millis = turn.duration_ms.unwrap();
            let status = wire_name(&turn.status);
            // The error of a failed turn is an event of its own.
            let error = turn.error.as_ref().filter(|_| turn.status == TurnStatus::Interrupted);
            let error = error.map(|error| format!(" {:?}", error.message)).unwrap_or_default();
            format!("turn/completed {status} after {millis} ms [{}]{error}", items.join(", "))
        }
        Event::ConfigWarning(_)
        | Event::AccountLoginCompleted(_)
        | Event::AccountUpdated(_)
        | Event::AccountRateLimitsUpdated(_)
        | Event::ToolListUpdated(_)
        | Event::ThreadStarted(_)
        | Event::ThreadNameUpdated(_)
        | Event::ThreadSettingsUpdated(_)
        | Event::ThreadArchived(_)
        | Event::ThreadUnarchived(_)
        | Event::ThreadClosed(_)
        | Event::ImageDeleted(_)
        | Event::ServerRequestResolved(_)
        | Event::ThreadReverted(_)
        | Event::ThreadDeleted(_) => panic!("not an event of a turn: {event:?}"),
    }
}

fn item(item: &ThreadItem) -> String {
    match item {
        ThreadItem::UserMessage(message) => format!("userMessage {}", message.id),
        ThreadItem::AgentMessage(message) => format!("agentMessage {} {:?}", message.id, message.text),
        ThreadItem::Reasoning(reasoning) => {
            format!("reasoning {} {:?} {:?}", reasoning.id, reasoning.summary, reasoning.content)
        }
        ThreadItem::ImageGeneration(image) => image_item(image),
        ThreadItem::ContextCompaction(item) => format!("contextCompaction {}", item.id),
    }
}

fn image_item(item: &ImageGenerationItem) -> String {
    let mut line = format!("imageGeneration {} {}", item.id, wire_name(&item.status));
    line.extend(item.images.iter().map(|record| format!(" {}", record.path)));
    if let Some(error) = &item.error {
        line.push_str(&format!(" {}, billed {}: {}", wire_name(&error.kind), wire_name(&error.billed), error.message));
    }
    line
}

fn response_item(item: &ResponseItem) -> String {
    match item {
        ResponseItem::Message { role, content } => format!("{} {}", wire_name(role), content_items(content)),
        ResponseItem::Reasoning { encrypted_content, .. } => format!("reasoning {}", encrypted_content.as_str()),
        ResponseItem::FunctionCall { call_id, name, .. } => format!("function_call {call_id} {name}"),
        ResponseItem::FunctionCallOutput { call_id, output } => {
            format!("function_call_output {call_id} {}", content_items(output))
        }
        ResponseItem::ImageGenerationCall { id, result, .. } => {
            format!("image_generation_call {id} {}", shorten(result))
        }
        ResponseItem::ContextCompaction(catalogue) => {
            format!("context_compaction of {} turns, keeps {} items", catalogue.turns, catalogue.kept_items)
        }
    }
}

fn content_items(items: &[ContentItem]) -> String {
    let texts: Vec<String> = items
        .iter()
        .map(|item| match item {
            ContentItem::InputText { text } | ContentItem::OutputText { text } => format!("{text:?}"),
            ContentItem::InputImage { image_url, .. } => shorten(image_url),
        })
        .collect();
    texts.join(", ")
}

fn image_ref(image: &ImageRef) -> String {
    match image {
        ImageRef::Handle(reference) => reference.path.display().to_string(),
        ImageRef::Path(path) => format!("file {}", path.display()),
    }
}

/// Shortens the handle in a text to the digits that differ, and drops what follows it.
fn shorten(text: &str) -> String {
    let Some((before, handle)) = text.split_once("img_") else { panic!("no handle in {text:?}") };
    format!("{before}img_{}", handle[..32].trim_start_matches('0'))
}

/// Returns an enum value as it is on the wire.
pub(crate) fn wire_name(value: &impl Serialize) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}
