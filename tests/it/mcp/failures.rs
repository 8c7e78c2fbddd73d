//! Calls that fail while no request waits for them: the repeat gets the failure, and pays nothing.

use std::sync::mpsc::SyncSender;

use easel_testkit::http::{MockServer, Response};
use serde_json::{Value, json};

use super::waits::{cancel, prompt};
use super::{Host, IMAGES, held_provider_of, record_of, sandbox, text_of};

/// A provider that fails when the test lets it, which may have cost money.
fn failing_provider() -> (MockServer, SyncSender<()>) {
    held_provider_of(|| Response::json(500, &json!({"error": {"message": "The server had an error."}})))
}

/// Checks the result of a call that an earlier request has begun and that failed.
fn assert_failed_before(result: &Value) {
    let record = record_of(result);
    assert_eq!((&result["isError"], &record["replayed"]), (&json!(true), &json!(true)), "{result}");
    assert_eq!(record["error"]["billed"], "uncertain", "{result}");
    assert!(text_of(result).contains("failed; nothing was sent again"), "{result}");
}

#[tokio::test]
async fn failure_after_an_early_answer_is_the_next_result() {
    let (provider, release) = failing_provider();
    let sandbox = sandbox(&provider, "mcp.answer_within_ms = 50");
    let (mut host, _) = Host::legacy(&sandbox, &json!({})).await;
    let early = host.call(prompt()).await;
    assert_eq!(early["isError"], false, "{early}");
    release.send(()).expect("a waiting provider");
    let mut result = host.call(prompt()).await;
    while result["isError"] == false {
        assert_eq!(provider.requests_to(IMAGES).len(), 1);
        result = host.call(prompt()).await;
    }
    assert_failed_before(&result);
    assert_eq!(provider.requests_to(IMAGES).len(), 1);
    host.close().await;
}

#[tokio::test]
async fn failure_after_a_host_timeout_is_the_next_result() {
    let (provider, release) = failing_provider();
    let sandbox = sandbox(&provider, "");
    let (mut host, _) = Host::legacy(&sandbox, &json!({})).await;
    let first = host.start_call(prompt()).await;
    provider.request_arrived().await;
    cancel(&mut host, first, "McpError: MCP error -32001: Request timed out").await;
    let again = host.start_call(prompt()).await;
    release.send(()).expect("a waiting provider");
    assert_failed_before(&host.response(again).await["result"]);
    assert_eq!(provider.requests_to(IMAGES).len(), 1);

    // The timeout crosses the failure.
    cancel(&mut host, again, "Request timed out").await;
    assert_failed_before(&host.call(prompt()).await);
    assert_eq!(provider.requests_to(IMAGES).len(), 1);

    // The host has got the failure, so this call is a new one.
    release.send(()).expect("room");
    let result = host.call(prompt()).await;
    assert_eq!(record_of(&result)["replayed"], false, "{result}");
    assert_eq!(provider.requests_to(IMAGES).len(), 2);
    host.close().await;
}
