//! Events of the Responses API, as a provider sends them.

use serde_json::{Value, json};

/// Formats events as an event stream.
///
/// # Panics
///
/// Panics if an event has no `type`.
pub fn event_stream(events: &[Value]) -> Vec<u8> {
    let frame =
        |event: &Value| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().expect("an event has a type"));
    events.iter().map(frame).collect::<String>().into_bytes()
}

/// Returns the event for a finished item of a response.
pub fn item_done(item: &Value) -> Value {
    json!({"type": "response.output_item.done", "item": item})
}

/// Returns the event for a call of the standalone image tool. `id` becomes part of the ids of the item and of the call.
pub fn image_call(id: &str, arguments: &Value) -> Value {
    item_done(&json!({"type": "function_call", "id": format!("fc_{id}"), "call_id": format!("call_{id}"),
        "namespace": "image_gen", "name": "imagegen", "arguments": arguments.to_string()}))
}

/// Returns the events for a message: one delta, and the finished item.
pub fn message(id: &str, text: &str) -> Vec<Value> {
    let item = json!({"type": "message", "id": format!("msg_{id}"), "role": "assistant",
        "content": [{"type": "output_text", "text": text, "annotations": []}]});
    let delta = json!({"type": "response.output_text.delta", "item_id": format!("msg_{id}"), "delta": text});
    vec![delta, item_done(&item)]
}

/// Returns the event for the end of a response, with its token counts.
pub fn completed() -> Value {
    let usage = json!({"input_tokens": 100, "output_tokens": 20, "total_tokens": 120});
    json!({"type": "response.completed", "response": {"id": "resp_1", "status": "completed", "usage": usage}})
}
