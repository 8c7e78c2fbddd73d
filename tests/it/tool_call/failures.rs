//! Calls that end while history cannot be written, and calls whose request is cancelled before they begin.

use std::time::Duration;

use easel_protocol::method::{ToolCall, TurnInterrupt};
use easel_protocol::record::ImageErrorKind;
use easel_protocol::turn::{TurnInterruptParams, TurnStatus};
use rusqlite::Connection;

use super::{call, draw, posts, provider, sandbox_with, send_call, send_cancellation, send_slow, start};
use crate::harness::events::{completed_turn, is_image_start};
use crate::harness::{STANDALONE, Sandbox};
use crate::mcp::held_provider;

fn database(sandbox: &Sandbox) -> Connection {
    let database = Connection::open(sandbox.home().join("easel.db")).expect("the database");
    database.busy_timeout(Duration::from_secs(60)).expect("a time limit");
    database
}

/// Makes every write of this item fail until [`accept_items`].
fn refuse_item(sandbox: &Sandbox, item_id: &str) {
    let refuse = format!(
        "CREATE TRIGGER refuse BEFORE INSERT ON items WHEN NEW.id = '{item_id}' \
         BEGIN SELECT RAISE(ABORT, 'refused by a test'); END"
    );
    database(sandbox).execute_batch(&refuse).expect("a trigger");
}

fn accept_items(sandbox: &Sandbox) {
    database(sandbox).execute_batch("DROP TRIGGER refuse").expect("a trigger");
}

#[tokio::test]
async fn image_whose_item_could_not_be_completed_is_found_again() {
    let (provider, release) = held_provider();
    let sandbox = sandbox_with(&provider, "");
    let mut server = sandbox.start_server_with(STANDALONE).await;
    let thread_id = server.start_thread().await.id;
    let id = send_call(&mut server, &thread_id, "call_1", "a cat").await;
    server.events_until(is_image_start).await;
    refuse_item(&sandbox, "call_1");
    release.send(()).expect("the provider waits");
    let made = server.client.receive::<ToolCall>(id).await.expect("a result");
    assert!(made.success, "{:?}", made.error);
    assert_eq!(completed_turn(&server.events_until_turn_end().await).status, TurnStatus::Failed);
    accept_items(&sandbox);
    let repeated = call(&mut server, &draw(&thread_id, "call_1", "a cat")).await;
    assert_eq!((repeated.replayed, &repeated.images, &repeated.error), (true, &made.images, &None));
    assert_eq!(posts(&provider), 1);
    server.close().await;
}

#[tokio::test]
async fn call_whose_item_could_not_be_started_can_be_repeated() {
    let provider = provider();
    let (sandbox, mut server, thread_id) = start(&provider).await;
    refuse_item(&sandbox, "call_1");
    let params = draw(&thread_id, "call_1", "a cat");
    let refused = call(&mut server, &params).await;
    assert_eq!(refused.error.expect("an error").kind, ImageErrorKind::Storage);
    assert_eq!(posts(&provider), 0);
    accept_items(&sandbox);
    let made = call(&mut server, &params).await;
    assert_eq!((made.success, made.replayed, &*made.item_id), (true, false, "call_1"), "{:?}", made.error);
    assert_eq!(posts(&provider), 1);
    server.close().await;
}

#[tokio::test]
async fn failed_turn_refuses_calls_while_one_of_it_runs() {
    let provider = provider();
    let (sandbox, mut server, thread_id) = start(&provider).await;
    let (slow, turn_id) = send_slow(&mut server, &thread_id, "call_1").await;
    provider.request_arrived().await;
    refuse_item(&sandbox, "call_2");
    let refused = send_call(&mut server, &thread_id, "call_2", "a cat").await;
    let refused = server.client.receive::<ToolCall>(refused).await.expect("a result");
    assert_eq!(refused.error.expect("an error").kind, ImageErrorKind::Storage);
    // The same call and a new one are refused, and neither waits for the call that runs.
    for call_id in ["call_2", "call_3"] {
        let error = server.request_error::<ToolCall>(&draw(&thread_id, call_id, "a cat")).await;
        assert_eq!(error, format!("-32600 turn {turn_id} is still running"), "{call_id}");
    }
    accept_items(&sandbox);
    send_cancellation(&mut server, slow).await;
    server.client.receive::<ToolCall>(slow).await.expect_err("a cancelled request");
    assert_eq!(completed_turn(&server.events_until_turn_end().await).status, TurnStatus::Failed);
    for call_id in ["call_2", "call_3"] {
        let made = call(&mut server, &draw(&thread_id, call_id, "a cat")).await;
        assert_eq!((made.success, made.replayed, &*made.item_id), (true, false, call_id));
    }
    assert_eq!(posts(&provider), 3);
    server.close().await;
}

#[tokio::test]
async fn call_that_is_cancelled_while_it_waits_does_not_begin() {
    let provider = provider();
    let (sandbox, mut server, thread_id) = start(&provider).await;
    let (slow, turn_id) = send_slow(&mut server, &thread_id, "call_1").await;
    provider.request_arrived().await;
    // The interrupted turn cannot store its end, so the next call waits for it.
    let lock = database(&sandbox);
    lock.execute_batch("BEGIN IMMEDIATE").expect("the lock");
    server.request::<TurnInterrupt>(&TurnInterruptParams { thread_id: thread_id.clone(), turn_id }).await;
    let waiting = send_call(&mut server, &thread_id, "call_2", "a cat").await;
    send_cancellation(&mut server, waiting).await;
    let error = server.client.receive::<ToolCall>(waiting).await.expect_err("a cancelled request").to_string();
    assert!(error.contains("-32800"), "{error}");
    drop(lock);
    let interrupted = server.client.receive::<ToolCall>(slow).await.expect("a result");
    assert_eq!(interrupted.error.expect("an error").kind, ImageErrorKind::Interrupted);
    let events = server.events_until_turn_end().await;
    assert_eq!(completed_turn(&events).status, TurnStatus::Interrupted);
    // It has left nothing behind, so its id can have other arguments.
    let made = call(&mut server, &draw(&thread_id, "call_2", "a dog")).await;
    assert_eq!((made.success, made.replayed), (true, false));
    assert_eq!(posts(&provider), 2);
    server.close().await;
}
