//! A provider that counts what it is asked for, and may bill it.

use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use easel_testkit::http::{MockServer, Request, Response};
use easel_testkit::image::{RED, solid_png};
use easel_testkit::openai;
use serde_json::{Value, json};

/// Starts a provider whose model calls the tool for a message that begins with `draw`, `edit` or `three`, and responds
/// with text otherwise. If the hosted tool is offered, the response has the image.
pub(super) fn start_provider() -> MockServer {
    let images = AtomicUsize::new(0);
    MockServer::respond(move |request| {
        if request.endpoint() != "responses" {
            return Response::json(200, &json!({"created": 1, "data": [{"b64_json": next_image(&images)}]}));
        }
        let body = request.json();
        let mut events = if offers_hosted_tool(&body) && first_word(&body) == "draw" {
            let result = next_image(&images);
            let item = json!({"type": "image_generation_call", "id": call_id(&body, 0), "status": "completed", "result": result});
            [vec![openai::item_done(&item)], openai::message("1", "Done.")].concat()
        } else {
            let calls = image_calls(&body);
            if calls.is_empty() { openai::message("1", &"An answer. ".repeat(27)) } else { calls }
        };
        events.push(openai::completed());
        Response::events(&events)
    })
}

/// The number of requests among these that may be billed for images.
pub(super) fn count_billable(requests: &[Request]) -> usize {
    let is_billable = |request: &&Request| {
        request.path.contains("/images/") || {
            let body = request.json();
            offers_hosted_tool(&body) && first_word(&body) == "draw"
        }
    };
    requests.iter().filter(is_billable).count()
}

/// An image that differs from all others: bytes after the end of a PNG are ignored.
fn next_image(images: &AtomicUsize) -> String {
    let number = images.fetch_add(1, Ordering::Relaxed).to_string();
    BASE64.encode([solid_png(8, 8, RED), number.into_bytes()].concat())
}

fn offers_hosted_tool(body: &Value) -> bool {
    body["tools"].as_array().is_some_and(|tools| tools.iter().any(|tool| tool["type"] == "image_generation"))
}

fn image_calls(body: &Value) -> Vec<Value> {
    let (count, edit) = match first_word(body).as_str() {
        "draw" => (1, json!({})),
        "three" => (3, json!({})),
        "edit" => (1, json!({"num_last_images_to_include": 1})),
        _ => (0, json!({})),
    };
    let call = |index: usize| {
        let mut arguments = json!({"prompt": format!("square {index}")});
        let fields = arguments.as_object_mut().expect("an object");
        fields.extend(edit.as_object().cloned().unwrap_or_default());
        openai::image_call(&call_id(body, index), &arguments)
    };
    (0..count).map(call).collect()
}

/// An id that no other call of the thread has.
fn call_id(body: &Value, index: usize) -> String {
    format!("{}_{index}", body["input"].as_array().map_or(0, Vec::len))
}

/// The first word of the last item, if that is a message of the user.
fn first_word(body: &Value) -> String {
    let last = body["input"].as_array().and_then(|input| input.last());
    let content = last.and_then(|last| last["content"].as_array());
    let text = content.and_then(|content| content.iter().find_map(|part| part["text"].as_str()));
    text.and_then(|text| text.split(' ').next()).unwrap_or_default().to_owned()
}
