//! The number of requests that a provider receives.

use easel_protocol::event::Event;
use easel_protocol::item::{ImageFailure, ImageStatus};
use easel_protocol::record::{Billed, ImageErrorKind, UsageLimit};
use easel_protocol::thread::ThreadStartParams;
use easel_testkit::http::{MockServer, Request, Response};
use serde_json::json;

use super::completed_images;
use crate::harness::{Sandbox, Server, mock_provider_config, text};

/// The model asks for an image until it has the result.
fn respond_to_model_request(sent: &Request) -> Response {
    let call = json!({ "type": "function_call", "id": "fc_1", "call_id": "call_1", "namespace": "image_gen",
        "name": "imagegen", "arguments": r#"{"prompt": "a cat"}"# });
    let seen =
        sent.json()["input"].as_array().is_some_and(|input| input.iter().any(|item| item["call_id"] == "call_1"));
    if seen { Response::message("No cat.") } else { Response::items(&[call]) }
}

fn fail_images(sent: &Request) -> Response {
    let broken = json!({ "error": { "message": "broken", "code": "server_error" } });
    if sent.path.ends_with("/responses") { respond_to_model_request(sent) } else { Response::json(500, &broken) }
}

/// The cost of a turn's call: its billing status, its attempts, and the requests that the provider counted.
async fn cost(backend: &MockServer, server: &mut Server, thread_id: &str) -> (Billed, u32, usize) {
    let before = backend.requests_to("/images/generations").len();
    let [image] =
        completed_images(server.run_turn(thread_id, vec![text("draw a cat")]).await).try_into().expect("one image");
    assert_eq!(image.status, ImageStatus::Failed);
    let error = image.error.expect("an error");
    (error.billed, error.attempts, backend.requests_to("/images/generations").len() - before)
}

#[tokio::test]
async fn billable_request_is_sent_once_unless_configured() {
    for (params, posts) in [("", 1), ("images.retry_uncertain = true\n", 3)] {
        let backend = MockServer::respond(fail_images);
        let sandbox = Sandbox::with_config(&format!("{params}{}", mock_provider_config(&backend, "openai")));
        let mut server = sandbox.start_server().await;
        let thread = server.start_thread().await;
        assert_eq!(cost(&backend, &mut server, &thread.id).await, (Billed::Uncertain, posts, posts as usize));
        let sent = backend.requests_to("/images/generations");
        let keys: Vec<_> = sent.iter().map(|request| request.header("idempotency-key")).collect();
        assert!(keys[0].is_some() && keys.iter().all(|key| *key == keys[0]), "{keys:?}");
        server.close().await;
    }
}

#[tokio::test]
async fn thread_config_cannot_enable_billed_retries() {
    let backend = MockServer::respond(fail_images);
    let sandbox = Sandbox::with_config(&mock_provider_config(&backend, "openai"));
    let mut server = sandbox.start_server().await;
    let config = json!({ "images.retry_uncertain": true }).as_object().cloned();
    let thread = server.start_thread_with(ThreadStartParams { config, ..ThreadStartParams::default() }).await;
    assert_eq!(cost(&backend, &mut server, &thread.id).await.2, 1);
    server.close().await;
}

#[tokio::test]
async fn model_requests_are_retried_as_configured() {
    for retries in [0, 1] {
        let backend = MockServer::respond(|_| Response::json(500, &json!({})));
        let sandbox = Sandbox::with_config(&format!(
            "{}request_max_retries = {retries}\n",
            mock_provider_config(&backend, "openai")
        ));
        let mut server = sandbox.start_server().await;
        let thread = server.start_thread().await;
        server.run_turn(&thread.id, vec![text("hello")]).await;
        assert_eq!(backend.requests_to("/responses").len(), retries + 1);
        server.close().await;
    }
}

#[tokio::test]
async fn exhausted_limit_names_its_reset_time() {
    let backend = MockServer::respond(|sent| {
        let spent = json!({ "error": { "type": "usage_limit_reached", "message": "Enough.", "plan_type": "plus",
            "resets_at": 1_800_000_000 } });
        if sent.path.ends_with("/responses") { respond_to_model_request(sent) } else { Response::json(429, &spent) }
    });
    let sandbox = Sandbox::with_config(&mock_provider_config(&backend, "openai"));
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let [image] =
        completed_images(server.run_turn(&thread.id, vec![text("draw a cat")]).await).try_into().expect("one image");
    let limit_id = "usage_limit_reached".to_owned();
    let resets_at = Some(1_800_000_000);
    assert_eq!(image.failure, Some(ImageFailure::UsageLimitExceeded { limit_id, resets_at }));
    let error = image.error.expect("an error");
    assert_eq!((error.kind, error.billed), (ImageErrorKind::UsageLimit, Billed::No));
    let limit = UsageLimit { limit_id: None, resets_at, plan: Some("plus".to_owned()) };
    assert_eq!(error.usage_limit.as_deref(), Some(&limit));
    assert!(error.message.contains("resets at Fri, 15 Jan 2027 08:00:00 GMT"), "{}", error.message);
    let request = String::from_utf8(backend.requests_to("/responses").pop().expect("two requests").body).expect("text");
    assert!(request.contains("Fri, 15 Jan 2027 08:00:00 GMT"), "the model knows it too");
    server.close().await;
}

#[tokio::test]
async fn unreachable_provider_is_named_with_its_host() {
    // Port 1 is closed.
    let sandbox = Sandbox::with_config(
        "model_provider = \"away\"\n[model_providers.away]\nbase_url = \"http://127.0.0.1:1/secret\"\n\
         request_max_retries = 0\nquery_params = { key = \"secret\" }\n",
    );
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("hello")]).await;
    let error = events.into_iter().find_map(|event| {
        let Event::Error(error) = event else { return None };
        Some(error.error.message)
    });
    let expected = "provider `away` at 127.0.0.1:1 cannot be reached: connection refused; check its base_url, and that the \
                    server runs";
    assert_eq!(error.as_deref(), Some(expected));
    server.close().await;
}
