//! A call is made once, however often it is requested.

use easel_protocol::event::Event;
use easel_protocol::method::{ThreadResume, ThreadRollback, ToolCall};
use easel_protocol::record::{Billed, ImageErrorKind};
use easel_protocol::thread::ThreadRollbackParams;
use easel_protocol::tool::{ToolArguments, ToolCallParams, ToolCallResponse};
use easel_protocol::turn::TurnStatus;
use serde_json::json;

use super::{call, draw, params, posts, provider, receive_all, start};
use crate::harness::events::{completed_turn, is_image_start};
use crate::harness::{Server, text};
use crate::threads::resume_params;

/// What must not differ between the first response and a repeated one.
fn essence(response: ToolCallResponse) -> ToolCallResponse {
    ToolCallResponse { replayed: false, ..response }
}

async fn resume(server: &mut Server, thread_id: &str) {
    server.request::<ThreadResume>(&resume_params(thread_id)).await;
}

#[tokio::test]
async fn repeated_call_returns_the_first_result_after_restarts() {
    let provider = provider();
    let (sandbox, mut server, thread_id) = start(&provider).await;
    let first = params(&thread_id, "call_1", json!({"prompt": "a cat", "action": "generate"}));
    let made = call(&mut server, &first).await;
    let other_order = ToolArguments::Json(r#"{ "action": "generate", "prompt": "a cat" }"#.to_owned());
    let again = ToolCallParams { arguments: other_order, tool: "image_gen.imagegen".to_owned(), ..first.clone() };
    for _ in 0..2 {
        for params in [&first, &again] {
            let repeated = call(&mut server, params).await;
            assert!(repeated.replayed);
            assert_eq!(essence(repeated), made);
        }
        let error = server.request_error::<ToolCall>(&draw(&thread_id, "call_1", "a dog")).await;
        assert_eq!(error, "-32600 call call_1 of this thread has another tool or other arguments");
        server.close().await;
        server = sandbox.start_server().await;
        resume(&mut server, &thread_id).await;
    }
    assert_eq!(posts(&provider), 1);
    server.close().await;
}

#[tokio::test]
async fn equal_calls_at_once_send_one_request() {
    let provider = provider();
    let (_sandbox, mut server, thread_id) = start(&provider).await;
    let params = draw(&thread_id, "call_1", "a cat");
    let mut ids = Vec::new();
    for _ in 0..8 {
        ids.push(server.client.send::<ToolCall>(&params).await.expect("a pipe"));
    }
    ids.push(server.client.send::<ToolCall>(&draw(&thread_id, "call_1", "a dog")).await.expect("a pipe"));
    let (mut responses, events) = receive_all(&mut server, &ids).await;
    let refused = responses.remove(&ids[8]).expect("a response").expect_err("other arguments");
    assert!(refused.contains("other arguments"), "{refused}");
    let responses: Vec<ToolCallResponse> =
        responses.into_values().map(|response| response.expect("a result")).collect();
    assert_eq!(responses.iter().filter(|response| !response.replayed).count(), 1);
    let first = essence(responses[0].clone());
    assert!(first.success && responses.into_iter().all(|response| essence(response) == first));
    if !events.iter().any(|event| matches!(event, Event::TurnCompleted(_))) {
        server.events_until_turn_end().await;
    }
    assert_eq!(posts(&provider), 1);
    server.close().await;
}

#[tokio::test]
async fn call_cut_off_by_kill_9_is_not_sent_again() {
    let provider = provider();
    let (sandbox, mut server, thread_id) = start(&provider).await;
    let params = draw(&thread_id, "call_1", "slow");
    server.client.send::<ToolCall>(&params).await.expect("a pipe");
    provider.request_arrived().await;
    server.client.kill().await.expect("the process is killed");
    let mut server = sandbox.start_server().await;
    resume(&mut server, &thread_id).await;
    let response = call(&mut server, &params).await;
    assert!(response.replayed && !response.success);
    let error = response.error.expect("an error");
    assert_eq!((error.kind, error.billed), (ImageErrorKind::Interrupted, Billed::Uncertain));
    assert_eq!(posts(&provider), 1);
    // The model decides whether to try again, with an id of its own.
    assert!(call(&mut server, &draw(&thread_id, "call_2", "a cat")).await.success);
    assert_eq!(posts(&provider), 2);
    server.close().await;
}

#[tokio::test]
async fn call_of_a_reverted_turn_is_not_made_again() {
    let provider = provider();
    let (_sandbox, mut server, thread_id) = start(&provider).await;
    let params = draw(&thread_id, "call_1", "a cat");
    let made = call(&mut server, &params).await;
    server.request::<ThreadRollback>(&ThreadRollbackParams { thread_id: thread_id.clone(), num_turns: 1 }).await;
    server.expect_event("thread/reverted", |event| matches!(event, Event::ThreadReverted(_))).await;
    let repeated = call(&mut server, &params).await;
    assert_eq!((repeated.replayed, repeated.images), (true, made.images));
    assert_eq!(posts(&provider), 1);
    server.close().await;
}

#[tokio::test]
async fn used_id_gets_an_item_of_its_own() {
    let provider = provider();
    let (_sandbox, mut server, thread_id) = start(&provider).await;
    // The mock model names its calls like that.
    let events = server.run_turn(&thread_id, vec![text("a dog")]).await;
    assert_eq!(completed_turn(&events).status, TurnStatus::Completed);
    let params = draw(&thread_id, "call_0", "a cat");
    let response = call(&mut server, &params).await;
    assert_eq!((&*response.call_id, &*response.item_id), ("call_0", "call_0-2"));
    assert_eq!(call(&mut server, &params).await.item_id, response.item_id);
    // The model uses its id again.
    let events = server.run_turn(&thread_id, vec![text("a fox")]).await;
    let ids = events.iter().filter(|event| is_image_start(event)).count();
    assert_eq!((ids, posts(&provider)), (1, 3));
    server.close().await;
}
