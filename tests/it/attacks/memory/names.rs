//! Every text of a provider has a limit where it is received.

use easel_protocol::event::{ErrorNotification, Event};
use easel_testkit::http::MockServer;
use easel_testkit::openai;
use serde_json::{Value, json};

use super::peak;
use crate::harness::{STANDALONE, Sandbox, text};
use crate::http::{provider_config, spawn_with_key};

/// The most bytes that the server may use.
const MAX_MEMORY: u64 = 150_000_000;

/// Runs a turn whose model sends this event forty times, and returns its error. Memory must stay below the limit.
async fn run_failing_turn(event: Value) -> String {
    let event = openai::event_stream(&[event]);
    let provider = MockServer::start(move |exchange| {
        exchange.read_body();
        exchange.send(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n");
        for _ in 0..40 {
            exchange.send(&event);
        }
    });
    let sandbox = Sandbox::with_config(&provider_config(&provider.base_url()));
    let mut server = spawn_with_key(sandbox.measured_server_command(STANDALONE)).await;
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("draw a cat")]).await;
    let error = events.into_iter().find_map(|event| {
        let Event::Error(ErrorNotification { error, .. }) = event else { return None };
        Some(error.message)
    });
    let peak = peak(&server);
    server.close().await;
    assert!(peak.is_none_or(|peak| peak < MAX_MEMORY), "{peak:?} bytes");
    assert_eq!(provider.body_lengths("responses").len(), 1, "the request for such a response is not repeated");
    error.expect("an error")
}

#[tokio::test]
async fn name_of_15_mb_fails_without_costing_memory() {
    let long = "x".repeat(15_000_000);
    let too_long = "the provider sent an id or a name that is too long";
    let done = |item: Value| json!({"type": "response.output_item.done", "item": item});
    for field in ["name", "namespace", "call_id", "id"] {
        let mut call = json!({"type": "function_call", "id": "fc", "call_id": "c", "name": "n", "arguments": "{}"});
        call[field] = json!(long);
        assert_eq!(run_failing_turn(done(call)).await, too_long, "{field}");
    }
    // The id of an image is ignored if it is too long, since the image may be paid for.
    let image = done(json!({"type": "image_generation_call", "id": long}));
    assert_eq!(run_failing_turn(image).await, "the provider's response ended early");
}

#[tokio::test]
async fn lists_of_millions_fail_without_costing_memory() {
    let many: Vec<u8> = vec![0; 7_000_000];
    let output = json!({"type": "response.completed", "response": {"output": many}});
    assert_eq!(run_failing_turn(output).await, "the provider sent too many items in one response");
    let error = json!({"type": "response.failed", "response": {"error": {"message": many}}});
    assert_eq!(run_failing_turn(error).await, "provider `mock` failed");
}
