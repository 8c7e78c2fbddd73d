//! Invariants of every turn that has ended.

use std::collections::{HashMap, HashSet};

use easel_protocol::event::{Event, ItemCompletedNotification};
use easel_protocol::item::{ImageStatus, ThreadItem};
use easel_protocol::record::Billed;
use easel_protocol::response_item::{ContentItem, HANDLE_SCHEME, MessageRole, ResponseItem};
use easel_protocol::thread::ThreadStatus;
use easel_protocol::tool::ToolExposure;
use easel_protocol::turn::TurnStatus;

use super::super::Effect;
use super::script::ScriptRunner;

/// Length of the longest line that all known clients accept.
const MAX_LINE: usize = 64 * 1024;

pub(super) fn check(runner: &ScriptRunner) {
    check_items_end_once_before_turn(&runner.effects);
    check_calls_have_one_output(&runner.conversation.history);
    check_reasoning_is_followed(&runner.conversation.history);
    check_nothing_starts_too_late(runner);
    if runner.is_host {
        check_host_turn(runner);
    } else {
        check_message_follows_image(&runner.effects);
    }
    check_status_says_what_waits(&runner.effects);
    for effect in &runner.effects {
        check_no_image_bytes(effect);
    }
}

fn check_items_end_once_before_turn(effects: &[Effect]) {
    let mut items: HashMap<&str, bool> = HashMap::new();
    let mut ended = false;
    let mut errors = 0;
    for effect in effects {
        assert!(!ended, "after the end: {effect:?}");
        let Effect::Emit(event) = effect else { continue };
        match event {
            Event::ItemStarted(started) => {
                assert_eq!(items.insert(started.item.id(), true), None, "an id is repeated");
                assert_eq!(started.item.times(), (started.started_at_ms, None));
            }
            Event::ItemCompleted(completed) => {
                assert_eq!(items.insert(completed.item.id(), false), Some(true), "an end without a start");
                assert_eq!(completed.item.times().1, Some(completed.completed_at_ms));
            }
            Event::ImagePreview(preview) => assert_eq!(items.get(preview.item_id.as_str()), Some(&true)),
            Event::AgentMessageDelta(delta) => assert_eq!(items.get(delta.item_id.as_str()), Some(&true)),
            Event::ReasoningSummaryPartAdded(part) => assert_eq!(items.get(part.item_id.as_str()), Some(&true)),
            Event::ReasoningSummaryTextDelta(delta) => assert_eq!(items.get(delta.item_id.as_str()), Some(&true)),
            Event::ReasoningTextDelta(delta) => assert_eq!(items.get(delta.item_id.as_str()), Some(&true)),
            Event::Error(_) => errors += 1,
            Event::TurnCompleted(completed) => {
                ended = true;
                let turn = &completed.turn;
                assert_eq!(errors, i32::from(turn.status == TurnStatus::Failed));
                assert!(turn.error.is_some() || turn.status != TurnStatus::Failed, "a failure without an error");
                assert!(turn.error.is_none() || turn.status != TurnStatus::Completed, "an error of a complete turn");
                assert_eq!(turn.completed_at, turn.duration_ms.map(|millis| millis / 1_000), "a turn that starts at 0");
            }
            Event::ConfigWarning(_)
            | Event::Warning(_)
            | Event::AccountLoginCompleted(_)
            | Event::AccountUpdated(_)
            | Event::AccountRateLimitsUpdated(_)
            | Event::ToolListUpdated(_)
            | Event::ThreadStarted(_)
            | Event::ThreadStatusChanged(_)
            | Event::ThreadNameUpdated(_)
            | Event::ThreadSettingsUpdated(_)
            | Event::ThreadArchived(_)
            | Event::ThreadUnarchived(_)
            | Event::ThreadClosed(_)
            | Event::ContextCompacted(_)
            | Event::ImageDeleted(_)
            | Event::ServerRequestResolved(_)
            | Event::ThreadReverted(_)
            | Event::ThreadDeleted(_)
            | Event::TurnStarted(_)
            | Event::RawResponseItemCompleted(_)
            | Event::ThreadTokenUsageUpdated(_) => {}
        }
    }
    assert!(ended, "the turn has no end");
    assert!(items.values().all(|open| !open), "an item has no end: {items:?}");
}

fn check_calls_have_one_output(history: &[ResponseItem]) {
    let mut waiting = HashSet::new();
    let mut calls = HashSet::new();
    for item in history {
        match item {
            ResponseItem::FunctionCall { call_id, .. } => {
                assert!(calls.insert(call_id) && waiting.insert(call_id), "{call_id} is repeated");
            }
            ResponseItem::FunctionCallOutput { call_id, output } => {
                assert!(waiting.remove(call_id), "{call_id} has two outputs, or no call");
                assert!(!output.is_empty());
            }
            ResponseItem::Message { content, .. } => assert!(!content.is_empty()),
            ResponseItem::Reasoning { .. }
            | ResponseItem::ImageGenerationCall { .. }
            | ResponseItem::ContextCompaction(_) => {}
        }
    }
    assert!(waiting.is_empty(), "no output: {waiting:?}");
}

/// A provider refuses reasoning without the item of the model that followed it.
fn check_reasoning_is_followed(history: &[ResponseItem]) {
    let followers = history.iter().skip(1).map(Some).chain([None]);
    for (_, next) in history.iter().zip(followers).filter(|(item, _)| matches!(item, ResponseItem::Reasoning { .. })) {
        assert!(
            matches!(
                next,
                Some(
                    ResponseItem::Reasoning { .. }
                        | ResponseItem::FunctionCall { .. }
                        | ResponseItem::ImageGenerationCall { .. }
                        | ResponseItem::Message { role: MessageRole::Assistant, .. }
                )
            ),
            "{next:?} follows reasoning"
        );
    }
}

fn check_nothing_starts_too_late(runner: &ScriptRunner) {
    let mut open = false;
    let mut stopped = false;
    // The images of each call that was sent, or may be.
    let mut images = HashMap::new();
    for effect in &runner.effects {
        match effect {
            Effect::RequestResponse => {
                assert!(!stopped && !open);
                open = true;
            }
            Effect::RunCall { item_id, call } => {
                assert!(!stopped && runner.config.exposure == ToolExposure::Standalone);
                images.insert(item_id, call.requested.parameters.n.unwrap_or(1));
                assert!(images.values().sum::<u32>() <= runner.config.max_images);
            }
            Effect::Emit(Event::ItemCompleted(ItemCompletedNotification {
                item: ThreadItem::ImageGeneration(image),
                ..
            })) => {
                if image.error.as_ref().is_some_and(|error| error.attempts == 0 && error.billed == Billed::No) {
                    images.remove(&image.id);
                }
            }
            // The provider is already making the image, so it is tracked while the response is being closed, too.
            Effect::TrackHosted { .. } => assert_eq!(runner.config.exposure, ToolExposure::Hosted),
            Effect::CloseResponse | Effect::CancelCalls => stopped = true,
            Effect::Emit(Event::ThreadTokenUsageUpdated(_)) => open = false,
            Effect::Emit(_) | Effect::AskApproval { .. } => {}
        }
    }
}

fn check_message_follows_image(effects: &[Effect]) {
    let mut unannounced = false;
    for effect in effects {
        match effect {
            Effect::Emit(Event::ItemCompleted(completed)) => match &completed.item {
                ThreadItem::ImageGeneration(image) => unannounced |= image.status == ImageStatus::Completed,
                ThreadItem::AgentMessage(message) => {
                    assert!(!message.text.trim().is_empty());
                    unannounced = false;
                }
                ThreadItem::UserMessage(_) | ThreadItem::Reasoning(_) | ThreadItem::ContextCompaction(_) => {}
            },
            Effect::Emit(Event::TurnCompleted(completed)) => assert!(completed.turn.items.len() <= 1),
            Effect::Emit(_)
            | Effect::RequestResponse
            | Effect::RunCall { .. }
            | Effect::TrackHosted { .. }
            | Effect::CloseResponse
            | Effect::CancelCalls
            | Effect::AskApproval { .. } => {}
        }
    }
    assert!(!unannounced, "no message follows the image");
}

/// A host turn has no model. The conversation has each of its calls with its output, whether it made an image or not.
fn check_host_turn(runner: &ScriptRunner) {
    let mut completed = Vec::new();
    for effect in &runner.effects {
        match effect {
            Effect::RequestResponse | Effect::CloseResponse | Effect::TrackHosted { .. } => panic!("{effect:?}"),
            Effect::Emit(Event::ItemCompleted(item)) => {
                assert!(matches!(item.item, ThreadItem::ImageGeneration(_)), "{item:?}");
                completed.push(item.item.id().to_string());
            }
            Effect::Emit(_) | Effect::RunCall { .. } | Effect::CancelCalls | Effect::AskApproval { .. } => {}
        }
    }
    let history = runner.conversation.history.chunks(2).map(|pair| match pair {
        [ResponseItem::FunctionCall { call_id, .. }, ResponseItem::FunctionCallOutput { call_id: output, .. }] => {
            assert_eq!(call_id, output);
            call_id.to_string()
        }
        other => panic!("{other:?}"),
    });
    assert_eq!(history.collect::<Vec<_>>(), completed);
}

/// While a call of the turn waits for an approval, the status of the thread says so, and at the end of the turn it does
/// not.
fn check_status_says_what_waits(effects: &[Effect]) {
    let (mut is_waiting, mut running) = (false, HashSet::new());
    for effect in effects {
        match effect {
            Effect::Emit(Event::ThreadStatusChanged(changed)) => {
                let flags =
                    if let ThreadStatus::Active { active_flags } = &changed.status { active_flags.len() } else { 0 };
                assert!(flags == 0 || !is_waiting, "the status is repeated");
                is_waiting = flags > 0;
            }
            Effect::Emit(Event::ItemStarted(started)) => {
                running.insert(started.item.id());
            }
            Effect::Emit(Event::ItemCompleted(completed)) => {
                running.remove(completed.item.id());
            }
            Effect::Emit(Event::TurnCompleted(_)) => assert!(!is_waiting, "nothing waits after the end"),
            Effect::AskApproval { item_id } => assert!(is_waiting && running.contains(item_id)),
            Effect::Emit(_)
            | Effect::RequestResponse
            | Effect::RunCall { .. }
            | Effect::TrackHosted { .. }
            | Effect::CloseResponse
            | Effect::CancelCalls => {}
        }
    }
}

fn check_no_image_bytes(effect: &Effect) {
    let Effect::Emit(event) = effect else { return };
    let line = serde_json::to_string(event).unwrap();
    assert!(line.len() < MAX_LINE && !line.contains("base64") && !line.contains("data:"), "{line}");
    if let Event::ItemStarted(_) | Event::ItemCompleted(_) = event {
        assert!(!line.contains("\"result\"") || line.contains("\"result\":\"\""), "{line}");
    }
    let Event::RawResponseItemCompleted(raw) = event else { return };
    match &raw.item {
        ResponseItem::Message { content, .. } | ResponseItem::FunctionCallOutput { output: content, .. } => {
            assert!(content.iter().all(|content| match content {
                ContentItem::InputImage { image_url, .. } => image_url.starts_with(HANDLE_SCHEME),
                ContentItem::InputText { .. } | ContentItem::OutputText { .. } => true,
            }));
        }
        ResponseItem::ImageGenerationCall { result, .. } => assert!(result.starts_with(HANDLE_SCHEME)),
        ResponseItem::Reasoning { .. } | ResponseItem::FunctionCall { .. } | ResponseItem::ContextCompaction(_) => {}
    }
}
