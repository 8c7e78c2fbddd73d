//! Several calls of one thread, and what stops them.

use easel_protocol::event::Event;
use easel_protocol::id::TurnId;
use easel_protocol::item::ImageStatus;
use easel_protocol::method::{ThreadResume, ThreadTurnsList, ToolCall, TurnInterrupt, TurnStart, TurnSteer};
use easel_protocol::record::{Billed, ImageErrorKind};
use easel_protocol::thread::ThreadTurnsListParams;
use easel_protocol::turn::{TurnInterruptParams, TurnItemsView, TurnStatus, TurnSteerParams};
use easel_testkit::http::MockServer;
use serde_json::json;

use super::{call, draw, posts, provider, receive_all, sandbox_with, send_call, send_cancellation, send_slow, start};
use crate::harness::events::{completed_items, completed_turn, is_image_start};
use crate::harness::{STANDALONE, Server, text, turn_start_params};
use crate::http::completed_images;
use crate::threads::resume_params;

#[tokio::test]
async fn calls_at_once_share_one_turn() {
    let provider = provider();
    let (_sandbox, mut server, thread_id) = start(&provider).await;
    let (slow, turn_id) = send_slow(&mut server, &thread_id, "slow").await;
    let mut ids = Vec::new();
    for number in 0..4 {
        ids.push(send_call(&mut server, &thread_id, &format!("call_{number}"), "a cat").await);
    }
    let (responses, mut events) = receive_all(&mut server, &ids).await;
    for (number, id) in ids.iter().enumerate() {
        let response = responses[id].as_ref().expect("a result");
        assert_eq!((&*response.call_id, &response.turn_id), (&*format!("call_{number}"), &turn_id));
        assert!(response.success);
    }
    cancel(&mut server, slow).await;
    events.extend(server.events_until_turn_end().await);
    assert_eq!(completed_turn(&events).status, TurnStatus::Completed);
    assert_eq!(completed_items(&events).len(), 5);
    let params = ThreadTurnsListParams { items_view: Some(TurnItemsView::Full), ..turns_of(&thread_id) };
    let turns = server.request::<ThreadTurnsList>(&params).await.data;
    assert_eq!((turns.len(), turns[0].items.len()), (1, 5));
    server.close().await;
}

fn turns_of(thread_id: &str) -> ThreadTurnsListParams {
    serde_json::from_value(json!({ "threadId": thread_id })).expect("params")
}

async fn cancel(server: &mut Server, id: u64) {
    send_cancellation(server, id).await;
    let error = server.client.receive::<ToolCall>(id).await.expect_err("a cancelled request").to_string();
    assert!(error.contains("-32800"), "{error}");
}

#[tokio::test]
async fn image_of_a_running_turn_can_be_edited_in_it() {
    let provider = provider();
    let (_sandbox, mut server, thread_id) = start(&provider).await;
    let (slow, turn_id) = send_slow(&mut server, &thread_id, "slow").await;
    let drawing = send_call(&mut server, &thread_id, "call_1", "a cat").await;
    let drawn = server.client.receive::<ToolCall>(drawing).await.expect("a result").images[0].id.clone();
    for (call_id, arguments) in [
        ("call_2", json!({"prompt": "make it green", "images": [drawn]})),
        ("call_3", json!({"prompt": "make it blue", "num_last_images_to_include": 1})),
    ] {
        let params = super::params(&thread_id, call_id, arguments);
        let id = server.client.send::<ToolCall>(&params).await.expect("a pipe");
        let edited = server.client.receive::<ToolCall>(id).await.expect("a result");
        assert_eq!((edited.images[0].inputs.len(), edited.turn_id), (1, turn_id.clone()), "{:?}", edited.error);
    }
    cancel(&mut server, slow).await;
    server.events_until_turn_end().await;
    server.close().await;
}

/// Begins two calls that the provider holds, and returns their requests and their turn.
async fn send_two_slow(provider: &MockServer, server: &mut Server, thread_id: &str) -> ([u64; 2], TurnId) {
    let (first, turn_id) = send_slow(server, thread_id, "call_1").await;
    let (second, _) = send_slow(server, thread_id, "call_2").await;
    provider.request_arrived().await;
    provider.request_arrived().await;
    ([first, second], turn_id)
}

#[tokio::test]
async fn cancelled_call_closes_its_connection_and_no_other() {
    let provider = provider();
    let (_sandbox, mut server, thread_id) = start(&provider).await;
    let ([first, second], turn_id) = send_two_slow(&provider, &mut server, &thread_id).await;
    cancel(&mut server, first).await;
    provider.client_disconnected().await;
    let events = server.events_until(|event| matches!(event, Event::ItemCompleted(_))).await;
    let [item] = completed_images(events).try_into().expect("one item");
    let error = item.error.expect("an error");
    assert_eq!((&*item.id, error.kind, error.billed), ("call_1", ImageErrorKind::Interrupted, Billed::Uncertain));
    let third = send_call(&mut server, &thread_id, "call_3", "a cat").await;
    let third = server.client.receive::<ToolCall>(third).await.expect("a result");
    assert_eq!((third.success, third.turn_id), (true, turn_id));
    cancel(&mut server, second).await;
    provider.client_disconnected().await;
    assert_eq!(completed_turn(&server.events_until_turn_end().await).status, TurnStatus::Completed);
    // The result of the cancelled call is kept.
    let repeated = call(&mut server, &draw(&thread_id, "call_1", "slow")).await;
    assert_eq!((repeated.replayed, repeated.error), (true, Some(error)));
    assert_eq!(posts(&provider), 3);
    server.close().await;
}

#[tokio::test]
async fn call_goes_on_while_another_request_waits_for_it() {
    let provider = provider();
    let (_sandbox, mut server, thread_id) = start(&provider).await;
    let (first, turn_id) = send_slow(&mut server, &thread_id, "call_1").await;
    let second = send_call(&mut server, &thread_id, "call_1", "slow").await;
    provider.request_arrived().await;
    // The second request has joined the call when a later request of the thread is answered.
    let third = send_call(&mut server, &thread_id, "call_2", "a cat").await;
    server.client.receive::<ToolCall>(third).await.expect("a result");
    cancel(&mut server, first).await;
    let interrupt = TurnInterruptParams { thread_id: thread_id.clone(), turn_id };
    server.request::<TurnInterrupt>(&interrupt).await;
    let response = server.client.receive::<ToolCall>(second).await.expect("a result");
    let message = response.error.expect("an error").message;
    assert!(response.replayed && !message.contains("call was cancelled"), "{message}");
    assert_eq!(completed_turn(&server.events_until_turn_end().await).status, TurnStatus::Interrupted);
    assert_eq!(posts(&provider), 2);
    server.close().await;
}

#[tokio::test]
async fn interrupt_ends_every_call_of_the_turn_with_a_result() {
    let provider = provider();
    let (_sandbox, mut server, thread_id) = start(&provider).await;
    let ([first, second], turn_id) = send_two_slow(&provider, &mut server, &thread_id).await;
    server.request::<TurnInterrupt>(&TurnInterruptParams { thread_id: thread_id.clone(), turn_id }).await;
    provider.client_disconnected().await;
    provider.client_disconnected().await;
    // The results arrive in any order.
    for id in [second, first] {
        let response = server.client.receive::<ToolCall>(id).await.expect("a result");
        assert_eq!(response.error.expect("an error").kind, ImageErrorKind::Interrupted);
    }
    assert_eq!(completed_turn(&server.events_until_turn_end().await).status, TurnStatus::Interrupted);
    // The next call gets a new turn at once.
    assert!(call(&mut server, &draw(&thread_id, "call_3", "a cat")).await.success);
    server.close().await;
}

#[tokio::test]
async fn model_and_client_do_not_share_a_turn() {
    let provider = provider();
    let (_sandbox, mut server, thread_id) = start(&provider).await;
    let (slow, turn_id) = send_slow(&mut server, &thread_id, "call_1").await;
    let refused = server.request_error::<TurnStart>(&turn_start_params(&thread_id, vec![text("draw")])).await;
    assert_eq!(refused, format!("-32600 turn {turn_id} is still running"));
    let steer: TurnSteerParams = serde_json::from_value(
        json!({"threadId": thread_id, "expectedTurnId": turn_id, "input": [{"type": "text", "text": "draw"}]}),
    )
    .expect("params");
    let refused = server.request_error::<TurnSteer>(&steer).await;
    assert!(refused.starts_with(&format!("-32600 turn {turn_id} runs the calls of a client")), "{refused}");
    cancel(&mut server, slow).await;
    server.events_until_turn_end().await;

    let turn = server.start_turn(&thread_id, vec![text("slow")]).await;
    server.events_until(is_image_start).await;
    let refused = server.request_error::<ToolCall>(&draw(&thread_id, "call_2", "a cat")).await;
    assert_eq!(refused, format!("-32600 turn {} is still running", turn.id));
    server.interrupt(&thread_id, &turn.id).await;
    // A refused call has left nothing behind, so its id can have other arguments.
    let calling = send_call(&mut server, &thread_id, "call_2", "a dog").await;
    assert!(server.client.receive::<ToolCall>(calling).await.expect("a result").success);
    server.events_until_turn_end().await;
    server.events_until_turn_end().await;
    server.close().await;
}

#[tokio::test]
async fn end_of_input_interrupts_the_call_and_keeps_its_result() {
    let provider = provider();
    let sandbox = sandbox_with(&provider, "server.shutdown_grace_ms = 1000");
    let mut server = sandbox.start_server().await;
    let thread_id = server.start_thread().await.id;
    let (call_1, _) = send_slow(&mut server, &thread_id, "call_1").await;
    provider.request_arrived().await;
    server.client.close_input();
    let (responses, mut events) = receive_all(&mut server, &[call_1]).await;
    assert!(responses[&call_1].as_ref().is_err_and(|error| error.contains("-32800")));
    let (status, rest) = server.client.close().await.expect("the server ends");
    assert_eq!(status.code(), Some(0));
    events.extend(rest);
    let [item] = completed_images(events).try_into().expect("one item");
    assert_eq!(item.status, ImageStatus::Failed);
    let mut server = sandbox.start_server().await;
    server.request::<ThreadResume>(&resume_params(&thread_id)).await;
    let repeated = call(&mut server, &draw(&thread_id, "call_1", "slow")).await;
    assert_eq!((repeated.replayed, repeated.error), (true, item.error));
    assert_eq!(posts(&provider), 1);
    server.close().await;
}

#[tokio::test]
async fn images_of_a_turn_are_limited_for_all_its_calls() {
    let provider = provider();
    let sandbox = sandbox_with(&provider, "limits.images_per_turn = 2");
    let mut server = sandbox.start_server_with(STANDALONE).await;
    let thread_id = server.start_thread().await.id;
    let (slow, _) = send_slow(&mut server, &thread_id, "call_1").await;
    for (call_id, expected) in [("call_2", None), ("call_3", Some(ImageErrorKind::BudgetExceeded))] {
        let id = send_call(&mut server, &thread_id, call_id, "a cat").await;
        let response = server.client.receive::<ToolCall>(id).await.expect("a result");
        assert_eq!(response.error.map(|error| error.kind), expected, "{call_id}");
    }
    cancel(&mut server, slow).await;
    server.events_until_turn_end().await;
    assert!(call(&mut server, &draw(&thread_id, "call_4", "a cat")).await.success, "a new turn");
    server.close().await;
}

#[tokio::test]
async fn calls_beyond_the_parallel_limit_wait() {
    let provider = provider();
    let sandbox = sandbox_with(&provider, "images.parallel = 1");
    let mut server = sandbox.start_server_with(STANDALONE).await;
    let thread_id = server.start_thread().await.id;
    let (slow, turn_id) = send_slow(&mut server, &thread_id, "call_1").await;
    provider.request_arrived().await;
    let waiting = send_call(&mut server, &thread_id, "call_2", "a cat").await;
    server.events_until(is_image_start).await;
    assert_eq!(posts(&provider), 1);
    cancel(&mut server, slow).await;
    let response = server.client.receive::<ToolCall>(waiting).await.expect("a result");
    assert_eq!((response.success, response.turn_id), (true, turn_id));
    server.events_until_turn_end().await;
    server.close().await;
}
