//! Threads that grow longer than the context of the model.

mod killed;
mod limit;
mod on_request;
mod refused;

use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use easel_protocol::event::Event;
use easel_protocol::item::ThreadItem;
use easel_testkit::http::{MockServer, Request, Response};
use easel_testkit::image::{RED, solid_png};
use easel_testkit::openai;
use serde_json::{Value, json};

use crate::harness::Sandbox;
use crate::http::provider_config;

/// The beginning of the message that replaces older turns.
const CATALOGUE: &str = "Easel wrote this message, not the user. It replaces ";

/// Tokens of an image of 1536x1024 pixels, as OpenAI's models since GPT-5.4 count.
const IMAGE_TOKENS: u64 = 1_843;

/// Starts a provider that counts tokens. `window` returns a response for a request with this number of tokens that the
/// model does not accept.
///
/// The model calls the tool for a message that begins with `draw`, edits the image that a message names after `edit`,
/// and answers with a sentence of 300 characters otherwise.
fn start_provider(window: impl Fn(u64) -> Option<Response> + Send + Sync + 'static) -> MockServer {
    let images = AtomicUsize::new(0);
    MockServer::respond(move |request| {
        if request.endpoint() != "responses" {
            let number = images.fetch_add(1, Ordering::Relaxed).to_string();
            // Bytes after the end of a PNG make each image a different one.
            let png = [solid_png(8, 8, RED), number.into_bytes()].concat();
            return Response::json(200, &json!({"created": 1, "data": [{"b64_json": BASE64.encode(png)}]}));
        }
        let body = request.json();
        let tokens = count_tokens(&body);
        if let Some(refusal) = window(tokens) {
            return refusal;
        }
        let usage = json!({"input_tokens": tokens, "output_tokens": 80, "total_tokens": tokens + 80});
        let completed = json!({"type": "response.completed", "response": {"id": "resp_1", "usage": usage}});
        let mut events = answer(&body);
        events.push(completed);
        Response::events(&events)
    })
}

fn answer(body: &Value) -> Vec<Value> {
    let last = body["input"].as_array().and_then(|input| input.last()).expect("an item");
    let text = last["content"][0]["text"].as_str().unwrap_or_default();
    match text.split_once(' ') {
        Some(("draw", _)) => vec![openai::image_call("1", &json!({"prompt": text}))],
        Some(("edit", handle)) => {
            vec![openai::image_call("1", &json!({"prompt": "blue", "action": "edit", "images": [handle]}))]
        }
        _ => openai::message("1", &"An answer. ".repeat(27)),
    }
}

/// Counts the tokens of a request: four characters of text each, and those of the images.
fn count_tokens(body: &Value) -> u64 {
    fn count(value: &Value, text: &mut u64, images: &mut u64) {
        match value {
            Value::String(image) if image.starts_with("data:image/") => *images += 1,
            Value::String(string) => *text += string.len() as u64,
            Value::Array(values) => values.iter().for_each(|value| count(value, text, images)),
            Value::Object(fields) => {
                for (name, value) in fields {
                    *text += name.len() as u64;
                    count(value, text, images);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let (mut text, mut images) = (0, 0);
    count(body, &mut text, &mut images);
    text / 4 + images * IMAGE_TOKENS
}

fn sandbox(provider: &MockServer, model_context_tokens: u64, more: &str) -> Sandbox {
    Sandbox::with_config(&format!(
        "model_context_tokens = {model_context_tokens}\nwire.turn_event_delay_ms = 0\n{}{more}",
        provider_config(&provider.base_url())
    ))
}

fn model_requests(provider: &MockServer) -> Vec<Value> {
    provider.requests_to("/responses").iter().map(Request::json).collect()
}

/// Returns the catalogue with which the conversation of a request begins.
fn catalogue(body: &Value) -> Option<&str> {
    body["input"][0]["content"][0]["text"].as_str().filter(|text| text.starts_with(CATALOGUE))
}

fn count_compactions<'a>(items: impl IntoIterator<Item = &'a ThreadItem>) -> usize {
    items.into_iter().filter(|item| matches!(item, ThreadItem::ContextCompaction(_))).count()
}

fn methods(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(Event::method).collect()
}
