//! `images.closing_answer`: turns that end once their images are made.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use easel_protocol::method::{TurnStart, TurnSteer};
use easel_protocol::turn::{TurnStartParams, TurnStatus, TurnSteerParams};
use easel_testkit::http::{MockServer, Request, Response};
use easel_testkit::image::{RED, solid_png};
use serde_json::{Value, json};

use crate::harness::events::{completed_image, completed_turn, is_image_start, last_agent_message};
use crate::harness::{STANDALONE, Sandbox, mock_provider_config, text, turn_start_params};

/// Whether the newest item of a request to the model is the output of a tool.
fn is_after_image(body: &Value) -> bool {
    let newest = body["input"].as_array().and_then(|input| input.last()).expect("a conversation");
    newest["type"] == "function_call_output"
}

/// The model draws what the user asks for, and comments on each image. The provider refuses to draw `refused`.
fn respond(request: &Request) -> Response {
    let body = request.json();
    if request.endpoint() == "images/generations" {
        if body["prompt"] == "refused" {
            return Response::json(400, &json!({"error": {"message": "No.", "code": "moderation_blocked"}}));
        }
        return Response::json(200, &json!({"data": [{"b64_json": STANDARD.encode(solid_png(64, 64, RED))}]}));
    }
    if is_after_image(&body) {
        return Response::message("Here it is.");
    }
    let newest = body["input"].as_array().and_then(|input| input.last()).expect("a conversation");
    let prompts: Vec<Value> = newest["content"][0]["text"]
        .as_str()
        .expect("the user's message")
        .split(" and ")
        .map(|prompt| json!({"prompt": prompt}))
        .collect();
    Response::image_calls(&prompts)
}

fn sandbox(backend: &MockServer, closing_answer: bool) -> Sandbox {
    let config = format!("images.closing_answer = {closing_answer}\n{}", mock_provider_config(backend, "openai"));
    Sandbox::with_config(&config)
}

fn kinds(body: &Value) -> Vec<&str> {
    let items = body["input"].as_array().expect("a conversation").iter();
    items.map(|item| item["role"].as_str().or(item["type"].as_str()).expect("a kind")).collect()
}

#[tokio::test]
async fn next_request_has_call_and_output_of_unanswered_turn() {
    let backend = MockServer::respond(respond);
    let sandbox = sandbox(&backend, false);
    let mut server = sandbox.start_server_with(STANDALONE).await;
    let thread = server.start_thread().await;
    let mut shown = Vec::new();
    for _ in 0..2 {
        let events = server.run_turn(&thread.id, vec![text("a cat")]).await;
        let path = completed_image(&events).saved_path.clone().expect("an image");
        assert_eq!(last_agent_message(&events), format!("The image is saved at {path}."));
        assert_eq!(completed_turn(&events).status, TurnStatus::Completed);
        shown.push(path);
    }
    server.close().await;
    let bodies: Vec<Value> = backend.requests_to("/responses").iter().map(Request::json).collect();
    let turn = ["user", "function_call", "function_call_output", "assistant", "user"];
    assert_eq!(bodies.iter().map(kinds).collect::<Vec<_>>(), [&turn[..1], &turn]);
    let (first, second) = (&bodies[0]["input"].to_string(), &bodies[1]["input"].to_string());
    assert!(second.starts_with(first.trim_end_matches(']')), "the conversation before is repeated as it was");
}

#[tokio::test]
async fn failed_call_is_answered_in_spite_of_others() {
    let backend = MockServer::respond(respond);
    let sandbox = sandbox(&backend, false);
    let mut server = sandbox.start_server_with(STANDALONE).await;
    let thread = server.start_thread().await;
    for (prompts, requests) in [("a cat and a dog", 1), ("a cat and refused", 2), ("refused", 2)] {
        let before = backend.requests_to("/responses").len();
        let events = server.run_turn(&thread.id, vec![text(prompts)]).await;
        assert_eq!(backend.requests_to("/responses").len() - before, requests, "{prompts}");
        assert_eq!(last_agent_message(&events) == "Here it is.", requests == 2, "{prompts}");
    }
    server.close().await;
}

#[tokio::test]
async fn turn_decides_before_the_configuration() {
    let backend = MockServer::respond(respond);
    let schema = json!({"type": "object"});
    for (configured, closing_answer, output_schema, requests) in [
        (true, Some(false), None, 1),
        (false, Some(true), None, 2),
        (false, None, Some(schema.clone()), 2),
        (true, Some(false), Some(schema), 2),
    ] {
        let sandbox = sandbox(&backend, configured);
        let mut server = sandbox.start_server_with(STANDALONE).await;
        let thread = server.start_thread().await;
        let before = backend.requests_to("/responses").len();
        let params =
            TurnStartParams { closing_answer, output_schema, ..turn_start_params(&thread.id, vec![text("a cat")]) };
        server.request::<TurnStart>(&params).await;
        server.events_until_turn_end().await;
        assert_eq!(backend.requests_to("/responses").len() - before, requests, "{configured} {closing_answer:?}");
        // For this turn only.
        server.run_turn(&thread.id, vec![text("a cat")]).await;
        let all = requests + if configured { 2 } else { 1 };
        assert_eq!(backend.requests_to("/responses").len() - before, all);
        server.close().await;
    }
}

#[tokio::test]
async fn message_added_to_the_turn_is_answered() {
    let (release, released) = std::sync::mpsc::sync_channel::<()>(1);
    let released = std::sync::Mutex::new(released);
    let backend = MockServer::respond(move |request| {
        if request.endpoint() == "images/generations" && request.json()["prompt"] == "a cat" {
            released.lock().expect("no panic").recv().expect("the test releases the image");
        }
        respond(request)
    });
    let sandbox = sandbox(&backend, false);
    let mut server = sandbox.start_server_with(STANDALONE).await;
    let thread = server.start_thread().await;
    let turn = server.start_turn(&thread.id, vec![text("a cat")]).await;
    server.events_until(is_image_start).await;
    let steer = TurnSteerParams {
        thread_id: thread.id.clone(),
        expected_turn_id: turn.id,
        input: vec![text("a dog")],
        client_user_message_id: None,
    };
    server.request::<TurnSteer>(&steer).await;
    release.send(()).expect("the image waits");
    server.events_until_turn_end().await;
    server.close().await;
    let bodies: Vec<Value> = backend.requests_to("/responses").iter().map(Request::json).collect();
    assert_eq!(
        bodies.iter().map(kinds).collect::<Vec<_>>(),
        [&["user"][..], &["user", "function_call", "function_call_output", "user"]],
    );
}
