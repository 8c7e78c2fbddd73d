//! A provider on loopback that keeps what it was sent. What it answers is the test's.

use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::harness::pictures::{RED, plain_png};
use crate::recorder;

/// Listens until it is dropped.
pub(crate) struct Loopback {
    port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
    _serving: JoinSet<()>,
}

#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) path: String,
    /// With names in lower case.
    headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// What it is authorised with.
    pub(crate) fn bearer(&self) -> &str {
        self.header("authorization").strip_prefix("Bearer ").unwrap_or_default()
    }

    fn of(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        recorder::record(head, body.as_bytes());
        let mut lines = head.lines();
        let path = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a request line").to_owned();
        let header = |line: &str| {
            let (name, value) = line.split_once(": ").expect("a header");
            (name.to_lowercase(), value.to_owned())
        };
        Self { path, headers: lines.map(header).collect(), body: body.to_owned() }
    }
}

/// What a request gets.
#[derive(Clone)]
pub(crate) struct Reply {
    status: &'static str,
    headers: String,
    body: String,
    /// Waited for before the answer.
    together: Option<Arc<Barrier>>,
}

impl Reply {
    fn new(status: &'static str, body: String) -> Self {
        Self { status, headers: String::new(), body, together: None }
    }

    /// One image.
    pub(crate) fn image() -> Self {
        let image = STANDARD.encode(plain_png(2, 2, RED));
        Self::new("200 OK", json!({ "created": 1, "data": [{ "b64_json": image }] }).to_string())
    }

    /// An answer of the model: calls of the image tool to a user, words to their outputs.
    pub(crate) fn model(request: &Request, calls: usize) -> Self {
        let body: Value = serde_json::from_str(&request.body).expect("JSON");
        let last = body["input"].as_array().and_then(|input| input.last()).expect("a conversation");
        let is_over = last["type"] == "function_call_output";
        let output: Vec<Value> = if is_over {
            let text = json!({ "type": "output_text", "text": "Done." });
            vec![json!({ "type": "message", "id": "msg_1", "role": "assistant", "content": [text] })]
        } else {
            let call = |at: usize| {
                json!({
                    "type": "function_call", "id": format!("fc_{at}"), "call_id": format!("call_{at}"),
                    "namespace": "image_gen", "name": "imagegen", "arguments": "{\"prompt\":\"a cat\"}",
                })
            };
            (0..calls).map(call).collect()
        };
        let mut events = String::new();
        for (at, item) in output.iter().enumerate() {
            let done = json!({ "type": "response.output_item.done", "output_index": at, "item": item });
            events.push_str(&format!("data: {done}\n\n"));
        }
        let usage = json!({ "input_tokens": 1, "output_tokens": 1, "total_tokens": 2 });
        let response = json!({ "id": "resp_1", "output": output, "usage": usage });
        events.push_str(&format!("data: {}\n\n", json!({ "type": "response.completed", "response": response })));
        Self::new("200 OK", events)
    }

    pub(crate) fn unauthorized() -> Self {
        let error = json!({ "error": { "message": "The token has expired.", "code": "token_expired" } });
        Self::new("401 Unauthorized", error.to_string())
    }

    /// A refusal that repeats what the request was authorised with, as careless servers do.
    pub(crate) fn tale(request: &Request) -> Self {
        let is_secret = |(name, value): &&(String, String)| name == "authorization" || value.contains("canary");
        let secrets = request.headers.iter().filter(is_secret).map(|(name, value)| format!("{name}: {value}"));
        let secrets = secrets.collect::<Vec<_>>().join(", ");
        assert!(!secrets.is_empty(), "the credential arrives: {request:?}");
        let error = json!({ "error": {
            "message": format!("Incorrect API key provided: {secrets}"), "type": "invalid_request_error",
            "param": secrets, "code": "invalid_api_key",
        } });
        Self::new("401 Unauthorized", error.to_string())
    }

    pub(crate) fn usage_limit_reached() -> Self {
        let error = json!({ "error": {
            "type": "usage_limit_reached", "message": "Enough.", "plan_type": "plus", "resets_at": 1_800_000_000,
        } });
        Self::new("429 Too Many Requests", error.to_string())
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push_str(&format!("{name}: {value}\r\n"));
        self
    }

    /// Not before as many requests wait as the barrier wants.
    pub(crate) fn together(mut self, barrier: &Arc<Barrier>) -> Self {
        self.together = Some(Arc::clone(barrier));
        self
    }
}

impl Loopback {
    pub(crate) async fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (kept, answer) = (Arc::clone(&requests), Arc::new(answer));
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, Arc::clone(&kept), Arc::clone(&answer)));
            }
        });
        Self { port, requests, _serving: serving }
    }

    /// A URL here.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    /// Everything that it was sent so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("no test panics while it holds this").clone()
    }

    /// What the requests to this endpoint were authorised with, in their order.
    pub(crate) fn bearers(&self, endpoint: &str) -> Vec<String> {
        let requests = self.requests();
        requests.iter().filter(|request| request.path.ends_with(endpoint)).map(|r| r.bearer().to_owned()).collect()
    }
}

async fn serve(
    mut stream: TcpStream,
    requests: Arc<Mutex<Vec<Request>>>,
    answer: Arc<impl Fn(&Request) -> Reply + Send + Sync + 'static>,
) {
    let mut bytes = Vec::new();
    while !is_whole(&bytes) {
        let mut piece = [0; 4_096];
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => return,
            Ok(length) => bytes.extend_from_slice(&piece[..length]),
        }
    }
    let request = Request::of(&String::from_utf8_lossy(&bytes));
    let reply = answer(&request);
    requests.lock().expect("no test panics while it holds this").push(request);
    if let Some(together) = &reply.together {
        together.wait().await;
    }
    let Reply { status, headers, body, .. } = reply;
    let length = body.len();
    let text = format!("HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}");
    let _ = stream.write_all(text.as_bytes()).await;
}

/// Head and body are there.
fn is_whole(request: &[u8]) -> bool {
    let Some(end) = request.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&request[..end]).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    request.len() >= end + 4 + length.unwrap_or(0_usize)
}

/// A ChatGPT access token; `signature` tells one from another.
pub(crate) fn token(signature: &str) -> String {
    let claims = json!({
        "https://api.openai.com/profile": { "email": "a@example.com" },
        "https://api.openai.com/auth": { "chatgpt_plan_type": "plus", "chatgpt_user_id": "user-1" },
    });
    format!("e30.{}.{signature}", URL_SAFE_NO_PAD.encode(claims.to_string()))
}
