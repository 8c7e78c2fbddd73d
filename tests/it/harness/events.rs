//! Finds items and turns in a list of events.

use easel_protocol::event::{Event, ItemCompletedNotification, ItemStartedNotification, TurnCompletedNotification};
use easel_protocol::item::{ImageGenerationItem, ThreadItem};
use easel_protocol::turn::Turn;

/// The completed items, in order.
pub(crate) fn completed_items(events: &[Event]) -> Vec<&ThreadItem> {
    let ended = events.iter().filter_map(|event| {
        if let Event::ItemCompleted(ItemCompletedNotification { item, .. }) = event { Some(item) } else { None }
    });
    ended.collect()
}

/// The only completed image call.
pub(crate) fn completed_image(events: &[Event]) -> &ImageGenerationItem {
    let images: Vec<&ImageGenerationItem> = completed_items(events).into_iter().filter_map(as_image).collect();
    assert_eq!(images.len(), 1, "image items that ended in {events:#?}");
    images[0]
}

/// The messages of the warnings, in order.
pub(crate) fn warnings(events: &[Event]) -> Vec<&str> {
    let texts = events
        .iter()
        .filter_map(|event| if let Event::Warning(warning) = event { Some(warning.message.as_str()) } else { None });
    texts.collect()
}

/// The text of the last completed agent message.
pub(crate) fn last_agent_message(events: &[Event]) -> &str {
    let message = completed_items(events)
        .into_iter()
        .rev()
        .find_map(|item| if let ThreadItem::AgentMessage(message) = item { Some(message.text.as_str()) } else { None });
    message.unwrap_or_else(|| panic!("no agent message in {events:#?}"))
}

/// The turn of the last event, which is `turn/completed`.
pub(crate) fn completed_turn(events: &[Event]) -> &Turn {
    let Some(Event::TurnCompleted(TurnCompletedNotification { turn, .. })) = events.last() else {
        panic!("{events:#?}")
    };
    turn
}

pub(crate) fn as_image(item: &ThreadItem) -> Option<&ImageGenerationItem> {
    if let ThreadItem::ImageGeneration(image) = item { Some(image) } else { None }
}

/// Whether the event starts an image call.
pub(crate) fn is_image_start(event: &Event) -> bool {
    matches!(event, Event::ItemStarted(ItemStartedNotification { item: ThreadItem::ImageGeneration(_), .. }))
}

/// Returns the events with each message after the images that the model had made before it. With the hosted tool, the
/// end of an edited image waits for its report, and the message does not.
pub(crate) fn messages_after_images(events: Vec<Event>) -> Vec<Event> {
    let (mut ordered, mut messages, mut open_images) = (Vec::new(), Vec::new(), 0);
    for event in events {
        let is_message = matches!(
            &event,
            Event::AgentMessageDelta(_)
                | Event::ItemStarted(ItemStartedNotification { item: ThreadItem::AgentMessage(_), .. })
                | Event::ItemCompleted(ItemCompletedNotification { item: ThreadItem::AgentMessage(_), .. })
        );
        if is_image_start(&event) {
            open_images += 1;
        } else if matches!(&event, Event::ItemCompleted(completed) if as_image(&completed.item).is_some()) {
            open_images -= 1;
        }
        if is_message && open_images > 0 {
            messages.push(event);
            continue;
        }
        ordered.push(event);
        if open_images == 0 {
            ordered.append(&mut messages);
        }
    }
    ordered
}
