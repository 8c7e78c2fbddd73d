//! `tool/call`: a client with its own model loop calls the image tool. A provider counts what is sent.
//!
//! | likely mistake | caught by |
//! |---|---|
//! | the second parallel call is refused as busy | `calls_at_once_share_one_turn` |
//! | arguments as a JSON string are refused | `repeated_call_returns_the_first_result_after_restarts` |
//! | a retry sends a second request | `equal_calls_at_once_send_one_request` |
//! | the result is lost in a restart | `repeated_call_returns_the_first_result_after_restarts` |
//! | the hash depends on the order of keys | `repeated_call_returns_the_first_result_after_restarts` |
//! | base64 is in events, history or the log | `bytes_of_a_call_are_only_in_its_image_file` |
//! | the id of the call is changed in the result | `each_format_has_the_file_and_the_id_once` |
//! | a failure of the tool is a JSON-RPC error | `failure_of_the_tool_is_a_result_for_the_model` |
//! | a way around the gate | `call_is_accepted_exactly_when_the_tool_is_listed` |
//! | a way around the limits | `images_of_a_turn_are_limited_for_all_its_calls` |
//! | a way around the hooks | `hook_denies_a_call_of_a_client` |
//! | the model's next turn does not know the image | `next_turn_of_the_model_reads_the_calls` |
//! | the response precedes the item's end | `events_of_a_call_precede_its_response` |
//! | the turn hangs when the client is gone | `end_of_input_interrupts_the_call_and_keeps_its_result` |

#[cfg(unix)]
mod callers;
mod failures;
mod gates;
mod hosts;
mod idempotency;
mod model;
mod parallel;
mod results;

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use easel_protocol::event::Event;
use easel_protocol::id::{ThreadId, TurnId};
use easel_protocol::method::ToolCall;
use easel_protocol::tool::{ToolArguments, ToolCallFormat, ToolCallParams, ToolCallPictures, ToolCallResponse};
use easel_testkit::http::{MockServer, Request, Response, Step};
use easel_testkit::image::{RED, solid_png};
use serde_json::{Value, json};

use crate::harness::events::is_image_start;
use crate::harness::{STANDALONE, Sandbox, Server, mock_provider_config};

const IMAGES: &str = "/images/generations";

/// A provider that draws at once. A prompt with `slow` gets no response, one with `bad` is refused, and one with `wide`
/// gets a wide image. Its model calls the tool with the text of the user as its prompt.
fn provider() -> MockServer {
    MockServer::choose(|_, request| {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        if request.path.ends_with("/responses") {
            return send(&model_response(request));
        }
        if body.contains("slow") {
            return vec![Step::AwaitDisconnect];
        }
        if body.contains("bad") {
            let error = json!({"error": {"message": "That is not allowed.", "code": "moderation_blocked"}});
            return send(&Response::json(400, &error));
        }
        let image = if body.contains("wide") { solid_png(2_001, 2, RED) } else { solid_png(8, 8, RED) };
        let count = serde_json::from_str::<Value>(&body).ok().and_then(|body| body["n"].as_u64()).unwrap_or(1);
        let data: Vec<Value> = (0..count).map(|_| json!({"b64_json": BASE64.encode(&image)})).collect();
        send(&Response::json(200, &json!({ "data": data })))
    })
}

async fn send_call(server: &mut Server, thread_id: &str, call_id: &str, prompt: &str) -> u64 {
    server.client.send::<ToolCall>(&draw(thread_id, call_id, prompt)).await.expect("a pipe")
}

/// Begins a call that gets no response from [`provider`], and returns its request and its turn.
async fn send_slow(server: &mut Server, thread_id: &str, call_id: &str) -> (u64, TurnId) {
    let id = send_call(server, thread_id, call_id, "slow").await;
    let events = server.events_until(is_image_start).await;
    let Some(Event::ItemStarted(started)) = events.last() else { panic!("{events:#?}") };
    (id, started.turn_id.clone())
}

async fn send_cancellation(server: &mut Server, id: u64) {
    let line = json!({ "method": "$/cancelRequest", "params": { "id": id } }).to_string();
    server.client.send_line(&line).await.expect("a pipe");
}

fn send(response: &Response) -> Vec<Step> {
    vec![Step::Send(response.to_bytes())]
}

fn model_response(request: &Request) -> Response {
    let body = request.json();
    let last = body["input"].as_array().and_then(|input| input.last()).expect("a conversation");
    if last["type"] == "function_call_output" {
        return Response::message("Done.");
    }
    let parts = last["content"].as_array().expect("a message");
    let text = parts.iter().find_map(|part| part["text"].as_str()).expect("a text");
    Response::image_calls(&[json!({"prompt": text})])
}

fn sandbox(provider: &MockServer) -> Sandbox {
    sandbox_with(provider, "")
}

/// A sandbox with this provider and these settings, which come first.
fn sandbox_with(provider: &MockServer, settings: &str) -> Sandbox {
    Sandbox::with_config(&format!("{settings}\n{}", mock_provider_config(provider, "generic")))
}

async fn start(provider: &MockServer) -> (Sandbox, Server, ThreadId) {
    let sandbox = sandbox(provider);
    let mut server = sandbox.start_server_with(STANDALONE).await;
    let thread_id = server.start_thread().await.id;
    (sandbox, server, thread_id)
}

/// The params of a call, without pictures in the result.
fn params(thread_id: &str, call_id: &str, arguments: Value) -> ToolCallParams {
    let Value::Object(arguments) = arguments else { panic!("{arguments} is not an object") };
    ToolCallParams {
        thread_id: thread_id.into(),
        call_id: call_id.into(),
        namespace: None,
        tool: "imagegen".to_owned(),
        arguments: ToolArguments::Object(arguments),
        turn_id: None,
        format: None,
        pictures: Some(ToolCallPictures::None),
    }
}

fn draw(thread_id: &str, call_id: &str, prompt: &str) -> ToolCallParams {
    params(thread_id, call_id, json!({ "prompt": prompt }))
}

fn in_format(params: ToolCallParams, format: ToolCallFormat, pictures: ToolCallPictures) -> ToolCallParams {
    ToolCallParams { format: Some(format), pictures: Some(pictures), ..params }
}

/// Makes a call on an idle thread, and reads the events of its turn.
async fn call(server: &mut Server, params: &ToolCallParams) -> ToolCallResponse {
    let response = server.request::<ToolCall>(params).await;
    if !response.replayed {
        server.events_until_turn_end().await;
    }
    response
}

/// Reads lines until these requests have responses, in whatever order. Returns them, and the events in between.
async fn receive_all(
    server: &mut Server,
    ids: &[u64],
) -> (BTreeMap<u64, Result<ToolCallResponse, String>>, Vec<Event>) {
    let (mut responses, mut events) = (BTreeMap::new(), Vec::new());
    while responses.len() < ids.len() {
        let line = server.client.read_line().await.expect("a whole line").expect("a response");
        let mut message: Value = serde_json::from_str(&line).expect("JSON");
        match message["id"].as_u64() {
            None => events.push(serde_json::from_value(message).expect("an event")),
            Some(id) if message["error"].is_null() => {
                let response = serde_json::from_value(message["result"].take()).expect("a result");
                responses.insert(id, Ok(response));
            }
            Some(id) => drop(responses.insert(id, Err(message["error"].to_string()))),
        }
    }
    assert!(responses.keys().all(|id| ids.contains(id)));
    (responses, events)
}

/// The last line from the server.
fn last_received(server: &Server) -> Value {
    let (_, line) = server.transcript().pop().expect("a line");
    serde_json::from_str(&line).expect("JSON")
}

fn posts(provider: &MockServer) -> usize {
    provider.requests_to(IMAGES).len()
}
