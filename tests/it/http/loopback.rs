//! A provider on loopback that keeps what it was sent and answers as the test says.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::recorder;

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    head: String,
    pub(crate) path: String,
    pub(crate) body: Vec<u8>,
}

/// What it is answered with: a whole body with its status and type.
pub(crate) struct Reply {
    status: u16,
    content_type: &'static str,
    body: String,
}

pub(crate) struct Loopback {
    address: SocketAddr,
    sent: Arc<Mutex<Vec<Sent>>>,
    _serving: JoinSet<()>,
}

impl Sent {
    /// A header by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let mut headers = self.head.lines().filter_map(|line| line.split_once(": "));
        headers.find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

impl Reply {
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self { status, content_type: "application/json", body: body.to_string() }
    }

    /// One event a line, then the end.
    pub(crate) fn events(events: &[Value]) -> Self {
        let body = events.iter().map(|event| format!("data: {event}\n\n")).collect();
        Self { status: 200, content_type: "text/event-stream", body }
    }

    /// An answer of the model that consists of these items.
    pub(crate) fn answer(items: &[Value]) -> Self {
        let mut events: Vec<Value> =
            items.iter().map(|item| json!({ "type": "response.output_item.done", "item": item })).collect();
        let usage = json!({ "input_tokens": 1, "output_tokens": 1, "total_tokens": 2 });
        events.push(json!({ "type": "response.completed", "response": { "id": "resp_1", "usage": usage } }));
        Self::events(&events)
    }

    /// The model says this.
    pub(crate) fn message(text: &str) -> Self {
        let content = json!([{ "type": "output_text", "text": text }]);
        Self::answer(&[json!({ "type": "message", "id": "msg_1", "role": "assistant", "content": content })])
    }

    /// The model calls the standalone tool.
    pub(crate) fn call(arguments: &Value) -> Self {
        let arguments = arguments.to_string();
        Self::answer(&[json!({
            "type": "function_call", "call_id": "call_1", "namespace": "image_gen", "name": "imagegen",
            "arguments": arguments,
        })])
    }
}

impl Loopback {
    pub(crate) async fn start(answer: fn(&Sent) -> Reply) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let sent = Arc::new(Mutex::new(Vec::new()));
        let all = Arc::clone(&sent);
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, Arc::clone(&all), answer));
            }
        });
        Self { address, sent, _serving: serving }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The configuration of a provider with this preset that is here.
    pub(crate) fn config(&self, preset: &str) -> String {
        let address = self.address();
        format!(
            "model_provider = \"here\"\n[model_providers.here]\npreset = \"{preset}\"\nbase_url = \"http://{address}/v1\"\n\
             http_headers = {{ X-Key = \"k\" }}\n"
        )
    }

    /// The requests so far whose path ends so.
    pub(crate) fn sent_to(&self, end: &str) -> Vec<Sent> {
        let sent = self.sent.lock().expect("no test panics while it holds this");
        sent.iter().filter(|sent| sent.path.ends_with(end)).cloned().collect()
    }
}

async fn serve(mut stream: TcpStream, all: Arc<Mutex<Vec<Sent>>>, answer: fn(&Sent) -> Reply) {
    let Some(sent) = request(&mut stream).await else { return };
    let Reply { status, content_type, body } = answer(&sent);
    all.lock().expect("no test panics while it holds this").push(sent);
    let head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-type: {content_type}\r\n\r\n");
    // A client that is gone needs no answer.
    let _ = stream.write_all((head + &body).as_bytes()).await;
}

async fn request(stream: &mut TcpStream) -> Option<Sent> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let mut body = bytes.split_off(end + 4);
    let head = String::from_utf8(bytes).ok()?;
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap_or("0").parse().ok()?;
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    recorder::record(&head, &body);
    let path = head.split(' ').nth(1)?.to_owned();
    Some(Sent { head, path, body })
}
