//! Messages added to a turn that runs.

use easel_protocol::event::Event;
use easel_protocol::item::ThreadItem;
use easel_protocol::method::{ThreadRead, TurnInterrupt, TurnSteer};
use easel_protocol::turn::{TurnInterruptParams, TurnSteerParams};

use crate::harness::events::{completed, starts_an_image};
use crate::harness::pictures::{RED, plain_png};
use crate::harness::{Place, SLOW_AND_FREE, local_image, text};
use crate::threads::whole;

fn steer(thread_id: &str, turn_id: &str) -> TurnSteerParams {
    TurnSteerParams {
        thread_id: thread_id.to_owned(),
        expected_turn_id: turn_id.to_owned(),
        input: vec![text("and make it blue")],
        client_user_message_id: Some("mine".to_owned()),
    }
}

/// It is in history however the turn ends, with images taken into the store.
#[tokio::test]
async fn a_message_is_added_to_the_turn_that_runs() {
    let place = Place::with_config(SLOW_AND_FREE);
    let file = place.write("a.png", &plain_png(60, 40, RED));
    let mut server = place.server().await;
    let thread = server.thread().await;
    let turn = server.start_turn(&thread.id, vec![text("draw a red square")]).await;
    server.events_until(starts_an_image).await;
    let mut wish = steer(&thread.id, &turn.id);
    wish.input.push(local_image(&file));
    assert_eq!(server.ok::<TurnSteer>(&wish).await.turn_id, turn.id);
    let interrupt = TurnInterruptParams { thread_id: thread.id.clone(), turn_id: turn.id.clone() };
    server.ok::<TurnInterrupt>(&interrupt).await;
    let events = server.rest_of_turn().await;
    let added = completed(&events).into_iter().find_map(|item| match item {
        ThreadItem::UserMessage(message) => Some(message.clone()),
        ThreadItem::AgentMessage(_) | ThreadItem::Reasoning(_) | ThreadItem::ImageGeneration(_) => None,
    });
    let added = added.expect("the message");
    assert_eq!((added.client_id.as_deref(), added.content.len()), (Some("mine"), 2));
    assert!(events.iter().any(|event| matches!(event, Event::ItemStarted(started) if started.item.id() == added.id)));
    let turns = server.ok::<ThreadRead>(&whole(&thread.id)).await.thread.turns;
    assert!(turns[0].items.contains(&ThreadItem::UserMessage(added)));
    server.close().await;
}

#[tokio::test]
async fn a_message_for_a_turn_that_does_not_run_is_refused() {
    let place = Place::with_config(SLOW_AND_FREE);
    let mut server = place.server().await;
    let thread = server.thread().await;
    let refusal = server.refused::<TurnSteer>(&steer(&thread.id, "nothing")).await;
    assert_eq!(refusal, "-32600 no active turn to steer");
    let turn = server.start_turn(&thread.id, vec![text("draw a red square")]).await;
    server.events_until(starts_an_image).await;
    let refusal = server.refused::<TurnSteer>(&steer(&thread.id, "another")).await;
    assert_eq!(refusal, format!("-32600 expected active turn id another but found {}", turn.id));
    let empty = TurnSteerParams { input: Vec::new(), ..steer(&thread.id, &turn.id) };
    assert_eq!(server.refused::<TurnSteer>(&empty).await, "-32602 Invalid params: `input`: is empty");
    server.ok::<TurnInterrupt>(&TurnInterruptParams { thread_id: thread.id.clone(), turn_id: turn.id }).await;
    server.rest_of_turn().await;
    server.close().await;
}
