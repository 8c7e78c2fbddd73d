//! A provider on loopback that keeps what it was sent. What it answers is the test's.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::recorder;

/// Listens until it is dropped.
pub(crate) struct MockServer {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
    _serving: JoinSet<()>,
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) path: String,
    /// With names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// Head and body apart.
    fn of(head: &str, body: Vec<u8>) -> Self {
        recorder::record(head, &body);
        let mut lines = head.lines();
        let path = lines.next().and_then(|line| line.split(' ').nth(1)).expect("a request line").to_owned();
        let header = |line: &str| {
            let (name, value) = line.split_once(": ").expect("a header");
            (name.to_lowercase(), value.to_owned())
        };
        Self { path, headers: lines.map(header).collect(), body }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// What it is authorised with.
    pub(crate) fn bearer(&self) -> &str {
        self.header("authorization").and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }
}

/// What a request gets: a whole body.
#[derive(Clone)]
pub(crate) struct Reply {
    status: u16,
    headers: String,
    body: String,
    /// Waited for before the answer.
    together: Option<Arc<Barrier>>,
}

impl Reply {
    fn new(status: u16, content_type: &str, body: String) -> Self {
        Self { status, headers: format!("content-type: {content_type}\r\n"), body, together: None }
    }

    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json", body.to_string())
    }

    /// An answer of the model that consists of these items.
    pub(crate) fn answer(items: &[Value]) -> Self {
        let mut events: Vec<Value> =
            items.iter().map(|item| json!({ "type": "response.output_item.done", "item": item })).collect();
        let usage = json!({ "input_tokens": 1, "output_tokens": 1, "total_tokens": 2 });
        events.push(json!({ "type": "response.completed", "response": { "id": "resp_1", "usage": usage } }));
        let body = events.iter().map(|event| format!("data: {event}\n\n")).collect();
        Self::new(200, "text/event-stream", body)
    }

    /// The model says this.
    pub(crate) fn message(text: &str) -> Self {
        let content = json!([{ "type": "output_text", "text": text }]);
        Self::answer(&[json!({ "type": "message", "id": "msg_1", "role": "assistant", "content": content })])
    }

    /// The model calls the standalone tool, once for each of the arguments.
    pub(crate) fn calls(arguments: &[Value]) -> Self {
        let call = |(at, arguments): (usize, &Value)| {
            json!({
                "type": "function_call", "id": format!("fc_{at}"), "call_id": format!("call_{at}"),
                "namespace": "image_gen", "name": "imagegen", "arguments": arguments.to_string(),
            })
        };
        Self::answer(&arguments.iter().enumerate().map(call).collect::<Vec<_>>())
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

impl MockServer {
    pub(crate) async fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
        let (kept, answer) = (Arc::clone(&requests), Arc::new(answer));
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, Arc::clone(&kept), Arc::clone(&answer)));
            }
        });
        Self { address, requests, _serving: serving }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// A URL here.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address())
    }

    /// The configuration of a provider with this preset that is here.
    pub(crate) fn config(&self, preset: &str) -> String {
        let url = self.url("v1");
        format!(
            "model_provider = \"here\"\n[model_providers.here]\npreset = \"{preset}\"\nbase_url = \"{url}\"\n\
             http_headers = {{ X-Key = \"k\" }}\n"
        )
    }

    /// Everything that it was sent so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("no test panics while it holds this").clone()
    }

    /// The requests so far whose path ends so.
    pub(crate) fn sent_to(&self, end: &str) -> Vec<Request> {
        self.requests().into_iter().filter(|request| request.path.ends_with(end)).collect()
    }

    /// What the requests to this endpoint were authorised with, in their order.
    pub(crate) fn bearers(&self, endpoint: &str) -> Vec<String> {
        self.sent_to(endpoint).iter().map(|request| request.bearer().to_owned()).collect()
    }
}

async fn serve(
    mut stream: TcpStream,
    requests: Arc<Mutex<Vec<Request>>>,
    answer: Arc<impl Fn(&Request) -> Reply + Send + Sync + 'static>,
) {
    let Some(request) = request(&mut stream).await else { return };
    let Reply { status, headers, body, together } = answer(&request);
    requests.lock().expect("no test panics while it holds this").push(request);
    if let Some(together) = together {
        together.wait().await;
    }
    let length = body.len();
    let head = format!("HTTP/1.1 {status} Status\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n");
    // A client that is gone needs no answer.
    let _ = stream.write_all((head + &body).as_bytes()).await;
}

/// `None` when the client is gone before its request is whole.
async fn request(stream: &mut TcpStream) -> Option<Request> {
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
    Some(Request::of(head.trim_end(), body))
}
