//! A whole response.

use serde_json::{Value, json};

use crate::openai;

/// A response that is sent as a whole.
#[derive(Debug, Clone)]
pub struct Response {
    status: u16,
    headers: String,
    body: Vec<u8>,
}

impl Response {
    /// Creates a response with a body of this content type.
    pub fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: format!("content-type: {content_type}\r\n"), body: body.into() }
    }

    /// Creates a response with a JSON body.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    /// Creates a response that streams these events of the Responses API.
    pub fn events(events: &[Value]) -> Self {
        Self::new(200, "text/event-stream", openai::event_stream(events))
    }

    /// Creates a response of the model that consists of these items.
    pub fn items(items: &[Value]) -> Self {
        let mut events: Vec<Value> = items.iter().map(openai::item_done).collect();
        let usage = json!({ "input_tokens": 1, "output_tokens": 1, "total_tokens": 2 });
        events.push(json!({ "type": "response.completed", "response": { "id": "resp_1", "usage": usage } }));
        Self::events(&events)
    }

    /// Creates a response of the model that consists of one message.
    pub fn message(text: &str) -> Self {
        let content = json!([{ "type": "output_text", "text": text }]);
        Self::items(&[json!({ "type": "message", "id": "msg_1", "role": "assistant", "content": content })])
    }

    /// Creates a response of the model that calls the standalone image tool, once with each of the arguments.
    pub fn image_calls(arguments: &[Value]) -> Self {
        let call = |(index, arguments): (usize, &Value)| {
            json!({
                "type": "function_call", "id": format!("fc_{index}"), "call_id": format!("call_{index}"),
                "namespace": "image_gen", "name": "imagegen", "arguments": arguments.to_string(),
            })
        };
        Self::items(&arguments.iter().enumerate().map(call).collect::<Vec<_>>())
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    /// Returns the bytes to send: status line, headers, the length of the body, and the body.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { status, headers, body } = self;
        let length = body.len();
        let head = format!("HTTP/1.1 {status} Status\r\n{headers}content-length: {length}\r\n\r\n");
        [head.as_bytes(), body].concat()
    }
}
