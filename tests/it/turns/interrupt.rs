//! Interrupts, and requests that are refused during a turn.

use easel_protocol::event::Event;
use easel_protocol::item::ImageStatus;
use easel_protocol::method::{ThreadRead, TurnInterrupt, TurnStart};
use easel_protocol::record::{Billed, ImageErrorKind};
use easel_protocol::thread::{ThreadReadParams, ThreadStartParams};
use easel_protocol::turn::{TurnInterruptParams, TurnStatus};

use crate::harness::events::{as_image, completed_image, completed_turn, is_image_start};
use crate::harness::{HOSTED, SLOW_AND_BILLING, SLOW_AND_FREE, STANDALONE, Sandbox, Server, text, turn_start_params};

fn interrupt(thread_id: &str, turn_id: &str) -> TurnInterruptParams {
    TurnInterruptParams { thread_id: thread_id.into(), turn_id: turn_id.into() }
}

/// Starts a turn and returns its id once its image call has started.
async fn turn_in_mid_image(server: &mut Server, thread_id: &str) -> String {
    let turn = server.start_turn(thread_id, vec![text("draw a red square")]).await;
    server.events_until(is_image_start).await;
    turn.id.to_string()
}

#[tokio::test]
async fn interrupt_ends_image_and_turn_with_billing_status() {
    for (config, billed) in [(SLOW_AND_BILLING, Billed::Uncertain), (SLOW_AND_FREE, Billed::No)] {
        for tool in [STANDALONE, HOSTED] {
            let sandbox = Sandbox::with_config(config);
            let mut server = sandbox.start_server_with(tool).await;
            let thread = server.start_thread().await;
            let turn_id = turn_in_mid_image(&mut server, &thread.id).await;
            server.request::<TurnInterrupt>(&interrupt(&thread.id, &turn_id)).await;
            let events = server.events_until_turn_end().await;
            let error = completed_image(&events).error.clone().expect("an error");
            assert_eq!(
                (completed_image(&events).status, error.kind),
                (ImageStatus::Failed, ImageErrorKind::Interrupted)
            );
            // The item starts before the call is sent, so the interrupt may come first.
            let expected = if error.attempts == 0 { Billed::No } else { billed };
            assert_eq!(error.billed, expected, "{tool:?}");
            assert_eq!(
                (completed_turn(&events).status, &completed_turn(&events).error),
                (TurnStatus::Interrupted, &None)
            );

            let read = ThreadReadParams { thread_id: thread.id.clone(), include_turns: Some(true) };
            let live = server.request::<ThreadRead>(&read).await.thread.turns;
            server.close().await;
            let mut server = sandbox.start_server_with(tool).await;
            let later = server.request::<ThreadRead>(&read).await.thread.turns;
            assert_eq!(live, later, "{tool:?}");
            assert_eq!(later[0].status, TurnStatus::Interrupted);
            let items: Vec<_> = later[0].items.iter().filter_map(as_image).collect();
            assert_eq!(items, [completed_image(&events)], "{tool:?}");
            server.close().await;
        }
    }
}

#[tokio::test]
async fn a_turn_right_after_an_interrupted_one_works() {
    let sandbox = Sandbox::with_config(SLOW_AND_BILLING);
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    for _ in 0..3 {
        let turn_id = turn_in_mid_image(&mut server, &thread.id).await;
        server.request::<TurnInterrupt>(&interrupt(&thread.id, &turn_id)).await;
        server.events_until_turn_end().await;
    }
    server.close().await;
}

/// Some clients start the next turn without waiting for the end of the interrupted one.
#[tokio::test]
async fn a_turn_may_be_started_while_the_interrupted_one_ends() {
    let sandbox = Sandbox::with_config(SLOW_AND_BILLING);
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let mut turn_id = turn_in_mid_image(&mut server, &thread.id).await;
    for _ in 0..5 {
        let interrupting = server.client.send::<TurnInterrupt>(&interrupt(&thread.id, &turn_id)).await.expect("a pipe");
        let start = turn_start_params(&thread.id, vec![text("and a circle")]);
        let starting = server.client.send::<TurnStart>(&start).await.expect("a pipe");
        server.client.receive::<TurnInterrupt>(interrupting).await.expect("an interrupt");
        turn_id = server.client.receive::<TurnStart>(starting).await.expect("a turn").turn.id.to_string();
        server.events_until_turn_end().await;
        server.events_until(is_image_start).await;
    }
    server.request::<TurnInterrupt>(&interrupt(&thread.id, &turn_id)).await;
    server.events_until_turn_end().await;
    server.close().await;
}

#[tokio::test]
async fn second_turn_is_refused_while_one_runs() {
    let sandbox = Sandbox::with_config(SLOW_AND_BILLING);
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let turn_id = turn_in_mid_image(&mut server, &thread.id).await;
    let refusal = server.request_error::<TurnStart>(&turn_start_params(&thread.id, vec![text("and a circle")])).await;
    assert_eq!(refusal, format!("-32600 turn {turn_id} is still running"));
    server.request::<TurnInterrupt>(&interrupt(&thread.id, &turn_id)).await;
    let events = server.events_until_turn_end().await;
    assert_eq!(completed_turn(&events).id, turn_id);
    server.close().await;
}

#[tokio::test]
async fn running_turn_does_not_block_other_threads() {
    let sandbox = Sandbox::with_config(SLOW_AND_BILLING);
    let mut server = sandbox.start_server().await;
    let slow = server.start_thread().await;
    let turn_id = turn_in_mid_image(&mut server, &slow.id).await;
    let fast = ThreadStartParams { model_provider: Some("preview".to_owned()), ..ThreadStartParams::default() };
    let other = server.start_thread_with(fast).await;
    let events = server.run_turn(&other.id, vec![text("draw a blue square")]).await;
    assert_eq!(completed_image(&events).status, ImageStatus::Completed);
    server.request::<TurnInterrupt>(&interrupt(&slow.id, &turn_id)).await;
    server.events_until_turn_end().await;
    server.close().await;
}

#[tokio::test]
async fn interrupt_without_a_turn_is_refused() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let early = server.request_error::<TurnInterrupt>(&interrupt(&thread.id, "x")).await;
    assert_eq!(early, "-32600 no active turn to interrupt");
    let nowhere = server.request_error::<TurnInterrupt>(&interrupt("nowhere", "x")).await;
    assert_eq!(nowhere, "-32600 thread nowhere not found");
    let events = server.run_turn(&thread.id, vec![text("draw a red square")]).await;
    let late = server.request_error::<TurnInterrupt>(&interrupt(&thread.id, &completed_turn(&events).id)).await;
    assert_eq!(late, "-32600 no active turn to interrupt");
    server.close().await;
}

#[tokio::test]
async fn interrupt_of_a_wrong_turn_is_refused() {
    let sandbox = Sandbox::with_config(SLOW_AND_BILLING);
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let turn_id = turn_in_mid_image(&mut server, &thread.id).await;
    let other = server.request_error::<TurnInterrupt>(&interrupt(&thread.id, "other")).await;
    assert_eq!(other, format!("-32600 expected active turn id other but found {turn_id}"));
    // Two interrupts: a late one either finds no turn or is accepted. The turn ends once.
    let first = server.client.send::<TurnInterrupt>(&interrupt(&thread.id, &turn_id)).await.expect("sent");
    let second = server.client.send::<TurnInterrupt>(&interrupt(&thread.id, &turn_id)).await.expect("sent");
    server.client.receive::<TurnInterrupt>(first).await.expect("taken");
    let late = server.client.receive::<TurnInterrupt>(second).await;
    if let Err(refused) = late {
        assert_eq!(refused.to_string(), "no active turn to interrupt (-32600)");
    }
    let events = server.events_until_turn_end().await;
    assert_eq!(completed_turn(&events).status, TurnStatus::Interrupted);
    server.close().await;
}

#[tokio::test]
async fn an_interrupt_at_any_moment_ends_the_turn_once() {
    let sandbox = Sandbox::with_config("[wire]\nturn_event_delay_ms = 0\n");
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    for events_before in 0..14 {
        let turn = server.start_turn(&thread.id, vec![text("draw a red square, 64x64")]).await;
        let mut events = Vec::new();
        while events.len() < events_before && !matches!(events.last(), Some(Event::TurnCompleted(_))) {
            events.push(server.client.next_event().await.expect("a whole line").expect("an event"));
        }
        let response = server.client.request::<TurnInterrupt>(&interrupt(&thread.id, &turn.id)).await;
        if let Err(late) = response {
            assert_eq!(late.to_string(), "no active turn to interrupt (-32600)");
        }
        if !matches!(events.last(), Some(Event::TurnCompleted(_))) {
            events.extend(server.events_until_turn_end().await);
        }
        let ends = events.iter().filter(|event| matches!(event, Event::TurnCompleted(_))).count();
        assert_eq!((ends, completed_turn(&events).id.as_str()), (1, turn.id.as_str()));
        let count = |name: &str| events.iter().filter(|event| event.method() == name).count();
        assert_eq!(count("item/started"), count("item/completed"), "{events:#?}");
    }
    server.close().await;
}
