//! Calls that take long: progress, early answers, cancellations and hosts that give up.

use std::process::Stdio;
use std::sync::Mutex;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use easel_testkit::http::MockServer;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;

use super::{Host, IMAGES, LEGACY, held_provider, kinds, record_of, sandbox, text_of};
use crate::credentials::responses;
use crate::harness::Sandbox;

pub(super) fn prompt() -> Value {
    json!({"prompt": "a red fox"})
}

/// Sends the cancellation of a request.
pub(super) async fn cancel(host: &mut Host, id: i64, reason: &str) {
    host.notify("notifications/cancelled", &json!({"requestId": id, "reason": reason})).await;
}

#[tokio::test]
async fn progress_needs_a_token_and_ends_with_the_result() {
    let (provider, release) = held_provider();
    let sandbox = sandbox(&provider, "");
    let (mut host, _) = Host::legacy(&sandbox, &json!({})).await;
    let params = json!({"name": "imagegen", "arguments": prompt(), "_meta": {"progressToken": "t"}});
    let id = host.start("tools/call", params).await;
    let progress = host.next_message().await;
    assert_eq!(progress["method"], "notifications/progress");
    assert_eq!(progress["params"]["progressToken"], "t");
    assert_eq!(progress["params"]["message"], "drawing, 0 s");
    assert!(progress["params"].get("total").is_none());
    release.send(()).expect("a waiting provider");
    host.response(id).await;
    assert!(host.waiting.is_empty(), "{:?}", host.waiting);

    let id = host.start_call(json!({"prompt": "without a token"})).await;
    release.send(()).expect("a waiting provider");
    host.response(id).await;
    assert!(host.waiting.is_empty(), "{:?}", host.waiting);
    let (rest, status) = host.close().await;
    assert!(rest.is_empty() && status.success(), "{rest:?}");
}

#[tokio::test]
async fn progress_of_a_slow_image_rises() {
    let slow = "model_provider = \"slow\"\n[model_providers.slow]\npreset = \"preview\"\ndelay_ms = 6000";
    let sandbox = Sandbox::with_config(slow);
    let mut host = Host::modern(&sandbox, &json!({}));
    let params = json!({"name": "imagegen", "arguments": prompt(), "_meta": {"progressToken": 7}});
    let id = host.start("tools/call", params).await;
    host.response(id).await;
    let values: Vec<_> = host.waiting.iter().filter_map(|message| message["params"]["progress"].as_f64()).collect();
    assert!(values.len() >= 2 && values.windows(2).all(|pair| pair[0] < pair[1]), "{values:?}");
    host.close().await;
}

#[tokio::test]
async fn stop_closes_the_request_and_is_not_answered() {
    for modern in [false, true] {
        let (arrived, arrivals) = sync_channel(1);
        let provider = MockServer::start(move |exchange| {
            exchange.read_body();
            let _ = arrived.send(());
            exchange.await_disconnect();
        });
        let sandbox = sandbox(&provider, "");
        let mut host =
            if modern { Host::modern(&sandbox, &json!({})) } else { Host::legacy(&sandbox, &json!({})).await.0 };
        let id = host.start_call(prompt()).await;
        tokio::task::spawn_blocking(move || arrivals.recv()).await.expect("a thread").expect("a request");
        cancel(&mut host, id, "the user pressed stop").await;
        provider.client_disconnected().await;
        host.request("tools/list", json!({})).await;
        let (rest, status) = host.close().await;
        assert!(rest.is_empty() && status.success(), "{rest:?}");
    }
}

#[tokio::test]
async fn image_after_a_host_timeout_is_the_next_result() {
    let (provider, release) = held_provider();
    let sandbox = sandbox(&provider, "");
    let (mut host, _) = Host::legacy(&sandbox, &json!({})).await;
    let first = host.start_call(json!({"prompt": "a red fox", "n": 1})).await;
    provider.request_arrived().await;
    cancel(&mut host, first, "McpError: MCP error -32001: Request timed out").await;
    // The order of keys does not matter.
    let again = host.start_call(json!({"n": 1, "prompt": "a red fox"})).await;
    release.send(()).expect("a waiting provider");
    let result = host.response(again).await["result"].clone();
    assert_eq!(kinds(&result), ["text", "image", "resource_link"]);
    assert_eq!(record_of(&result)["replayed"], true);
    assert_eq!(provider.requests_to(IMAGES).len(), 1);

    // What was delivered is never the result of another call.
    release.send(()).expect("room");
    let result = host.call(json!({"prompt": "a red fox", "n": 1})).await;
    assert_eq!(record_of(&result)["replayed"], false);
    assert_eq!(provider.requests_to(IMAGES).len(), 2);
    let (rest, _) = host.close().await;
    assert!(rest.is_empty(), "{rest:?}");
}

#[tokio::test]
async fn call_is_answered_before_a_host_gives_up() {
    let (provider, release) = held_provider();
    let sandbox = sandbox(&provider, "mcp.answer_within_ms = 50");
    let (mut host, _) = Host::legacy(&sandbox, &json!({})).await;
    let early = host.call(prompt()).await;
    assert_eq!((kinds(&early), &early["isError"]), (vec!["text".to_owned()], &json!(false)));
    assert!(text_of(&early).contains("exactly the same arguments"), "{early}");
    release.send(()).expect("a waiting provider");
    let mut result = host.call(prompt()).await;
    while kinds(&result) == ["text"] {
        result = host.call(prompt()).await;
    }
    assert_eq!(record_of(&result)["replayed"], true, "{result}");
    assert_eq!(provider.requests_to(IMAGES).len(), 1);
    host.close().await;
}

#[tokio::test]
async fn repeated_id_in_flight_is_refused_before_any_work() {
    let (provider, release) = held_provider();
    let sandbox = sandbox(&provider, "");
    let (mut host, _) = Host::legacy(&sandbox, &json!({})).await;
    let id = host.start_call(prompt()).await;
    host.last_id -= 1;
    host.start_call(json!({"prompt": "another"})).await;
    let refused = host.response(id).await;
    assert_eq!(refused["error"]["code"], -32_600, "{refused}");
    release.send(()).expect("a waiting provider");
    assert_eq!(kinds(&host.response(id).await["result"]), ["text", "image", "resource_link"]);
    assert_eq!(provider.requests_to(IMAGES).len(), 1);
    host.close().await;
}

#[tokio::test]
async fn equal_calls_at_once_are_two_images() {
    let provider = MockServer::respond(|_| responses::image());
    let sandbox = sandbox(&provider, "");
    let (mut host, _) = Host::legacy(&sandbox, &json!({})).await;
    let ids = [host.start_call(prompt()).await, host.start_call(prompt()).await];
    for id in ids {
        let message = host.next_line().await;
        assert!(message["result"]["content"].is_array(), "{id}: {message}");
    }
    assert_eq!(provider.requests_to(IMAGES).len(), 2);
    host.close().await;
}

#[tokio::test]
async fn timeout_that_crosses_the_result_costs_nothing() {
    let provider = MockServer::respond(|_| responses::image());
    let sandbox = sandbox(&provider, "");
    let (mut host, _) = Host::legacy(&sandbox, &json!({})).await;
    host.call(prompt()).await;
    let id = host.last_id;
    cancel(&mut host, id, "Request timed out").await;
    assert_eq!(record_of(&host.call(prompt()).await)["replayed"], true);
    assert_eq!(provider.requests_to(IMAGES).len(), 1);
    assert_eq!(record_of(&host.call(prompt()).await)["replayed"], false);
    host.close().await;
}

#[tokio::test]
async fn end_of_input_interrupts_the_call_and_exits() {
    for modern in [false, true] {
        let (arrived, arrivals) = sync_channel(1);
        let arrived = Mutex::new(arrived);
        let provider = MockServer::start(move |exchange| {
            exchange.read_body();
            let _ = arrived.lock().expect("one request").send(());
            exchange.await_disconnect();
        });
        let sandbox = sandbox(&provider, "");
        let mut host = if modern {
            let mut host = Host::modern(&sandbox, &json!({}));
            host.start("subscriptions/listen", json!({"notifications": {"toolsListChanged": true}})).await;
            host
        } else {
            Host::legacy(&sandbox, &json!({})).await.0
        };
        host.start_call(prompt()).await;
        tokio::task::spawn_blocking(move || arrivals.recv()).await.expect("a thread").expect("a request");
        drop(host.input.take());
        // The SDK would let handlers run for 5 s more.
        tokio::time::timeout(Duration::from_secs(5), provider.client_disconnected()).await.expect("the end in time");
        let (rest, status) = host.close().await;
        assert!(status.success(), "{status}");
        assert!(rest.iter().all(|message| message["result"]["isError"] != false), "{rest:?}");
        let database = rusqlite::Connection::open(sandbox.home().join("easel.db")).expect("a database");
        let outcome: String =
            database.query_row("SELECT outcome FROM ledger", [], |row| row.get(0)).expect("a row of the ledger");
        assert_eq!(outcome, "uncertain");
    }
}

#[tokio::test]
async fn host_that_goes_away_during_a_call_logs_no_error() {
    let (provider, _release) = held_provider();
    let sandbox = sandbox(&provider, "server.shutdown_grace_ms = 100");
    let mut program = sandbox.command(&["mcp-server"]);
    program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut program = program.spawn().expect("the program starts");
    let mut input = program.stdin.take().expect("a pipe");
    let client = json!({"name": "test-host", "version": "1"});
    let opening = json!({"protocolVersion": LEGACY, "capabilities": {}, "clientInfo": client});
    for message in [
        json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": opening}),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        json!({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": "imagegen", "arguments": prompt()}}),
    ] {
        input.write_all(format!("{message}\n").as_bytes()).await.expect("the server reads");
    }
    provider.request_arrived().await;
    drop((input, program.stdout.take()));
    let output = program.wait_with_output().await.expect("it ends");
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(!log.contains("ERROR") && !log.contains("rmcp"), "{log}");
}
