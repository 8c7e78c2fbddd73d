//! Messages that are added to a running turn.

use easel_protocol::event::Event;
use easel_protocol::item::ThreadItem;
use easel_protocol::method::{ThreadRead, TurnSteer};
use easel_protocol::turn::TurnSteerParams;
use easel_testkit::image::{RED, solid_png};

use crate::harness::events::{completed_items, is_image_start};
use crate::harness::{SLOW_AND_FREE, Sandbox, local_image, text};
use crate::threads::read_params;

fn steer(thread_id: &str, turn_id: &str) -> TurnSteerParams {
    TurnSteerParams {
        thread_id: thread_id.into(),
        expected_turn_id: turn_id.into(),
        input: vec![text("and make it blue")],
        client_user_message_id: Some("mine".to_owned()),
    }
}

/// History has the message however the turn ends, with its images in the store.
#[tokio::test]
async fn message_is_added_to_the_running_turn() {
    let sandbox = Sandbox::with_config(SLOW_AND_FREE);
    let file = sandbox.write_file("a.png", &solid_png(60, 40, RED));
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let turn = server.start_turn(&thread.id, vec![text("draw a red square")]).await;
    server.events_until(is_image_start).await;
    let mut params = steer(&thread.id, &turn.id);
    params.input.push(local_image(&file));
    assert_eq!(server.request::<TurnSteer>(&params).await.turn_id, turn.id);
    server.interrupt(&thread.id, &turn.id).await;
    let events = server.events_until_turn_end().await;
    let added = completed_items(&events).into_iter().find_map(|item| match item {
        ThreadItem::UserMessage(message) => Some(message.clone()),
        ThreadItem::AgentMessage(_)
        | ThreadItem::Reasoning(_)
        | ThreadItem::ImageGeneration(_)
        | ThreadItem::ContextCompaction(_) => None,
    });
    let added = added.expect("the message");
    assert_eq!((added.client_id.as_deref(), added.content.len()), (Some("mine"), 2));
    assert!(events.iter().any(|event| matches!(event, Event::ItemStarted(started) if *started.item.id() == added.id)));
    let turns = server.request::<ThreadRead>(&read_params(&thread.id)).await.thread.turns;
    assert!(turns[0].items.contains(&ThreadItem::UserMessage(added)));
    server.close().await;
}

#[tokio::test]
async fn steering_needs_the_running_turn() {
    let sandbox = Sandbox::with_config(SLOW_AND_FREE);
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let refusal = server.request_error::<TurnSteer>(&steer(&thread.id, "nothing")).await;
    assert_eq!(refusal, "-32600 no active turn to steer");
    let turn = server.start_turn(&thread.id, vec![text("draw a red square")]).await;
    server.events_until(is_image_start).await;
    let refusal = server.request_error::<TurnSteer>(&steer(&thread.id, "another")).await;
    assert_eq!(refusal, format!("-32600 expected active turn id another but found {}", turn.id));
    let empty = TurnSteerParams { input: Vec::new(), ..steer(&thread.id, &turn.id) };
    assert_eq!(server.request_error::<TurnSteer>(&empty).await, "-32602 Invalid params: `input`: must not be empty");
    server.interrupt(&thread.id, &turn.id).await;
    server.events_until_turn_end().await;
    server.close().await;
}
