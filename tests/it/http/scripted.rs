//! An HTTP server by hand, on real sockets: what it does with a request is a closure of the test. The benchmarks use
//! it too, so it needs nothing but the standard library and JSON.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::recorder;

pub(crate) struct ScriptedServer {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    stopped: Arc<AtomicBool>,
}

/// A request whose head was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Below the base URL, such as `responses`.
    pub(crate) path: String,
    /// Bytes of the body, as its head promised.
    pub(crate) length: u64,
}

/// One request and the connection that it came on.
pub(crate) struct Exchange {
    seen: Seen,
    /// The request line and the headers.
    head: String,
    stream: BufReader<TcpStream>,
    unread: u64,
    /// The answer said where it ends, so that the connection can be used again.
    answered: bool,
}

impl ScriptedServer {
    /// Each request goes to `serve`, on a thread of its connection. A request that it neither answers nor holds is cut.
    pub(crate) fn start(serve: impl Fn(&mut Exchange) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        let (seen, stopped) = (Arc::<Mutex<Vec<Seen>>>::default(), Arc::<AtomicBool>::default());
        let (noted, over, serve) = (Arc::clone(&seen), Arc::clone(&stopped), Arc::new(serve));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (Ok(stream), false) = (stream, over.load(Ordering::Acquire)) else { return };
                let (noted, serve) = (Arc::clone(&noted), Arc::clone(&serve));
                std::thread::spawn(move || connection(stream, &noted, &*serve));
            }
        });
        Self { address, seen, stopped }
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("nobody panics while holding this").clone()
    }

    /// Bytes of every request to this path, in the order in which they came.
    pub(crate) fn lengths(&self, path: &str) -> Vec<u64> {
        self.seen().into_iter().filter(|seen| seen.path == path).map(|seen| seen.length).collect()
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Release);
        // Wakes the thread that accepts; when that fails there is none.
        drop(TcpStream::connect(self.address));
    }
}

fn connection(stream: TcpStream, noted: &Mutex<Vec<Seen>>, serve: &dyn Fn(&mut Exchange)) {
    // What is written in pieces must not wait for the other side's acknowledgement.
    stream.set_nodelay(true).expect("an open socket");
    let mut stream = BufReader::with_capacity(256 << 10, stream);
    while let Some((seen, head)) = head(&mut stream) {
        noted.lock().expect("nobody panics while holding this").push(seen.clone());
        let unread = seen.length;
        let mut exchange = Exchange { seen, head, stream, unread, answered: false };
        serve(&mut exchange);
        if !exchange.answered || exchange.unread > 0 {
            return;
        }
        stream = exchange.stream;
    }
}

fn head(stream: &mut BufReader<TcpStream>) -> Option<(Seen, String)> {
    let mut head = String::new();
    loop {
        let begun = head.len();
        stream.read_line(&mut head).ok().filter(|read| *read > 0)?;
        if head[begun..].trim_end().is_empty() {
            break;
        }
    }
    let path = head.split(' ').nth(1)?.trim_start_matches("/v1/").to_owned();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length = length.unwrap_or("0").parse().ok()?;
    Some((Seen { path, length }, head))
}

impl Exchange {
    pub(crate) fn path(&self) -> &str {
        &self.seen.path
    }

    /// What is left of the request's body; shorter when the client is gone.
    pub(crate) fn body(&mut self) -> Vec<u8> {
        let body = self.part(self.unread);
        // What was cut off is nobody's to judge.
        if body.len() as u64 == self.seen.length {
            recorder::record(&self.head, &body);
        }
        body
    }

    /// So many bytes of the request's body, and no more.
    pub(crate) fn part(&mut self, bytes: u64) -> Vec<u8> {
        let mut body = Vec::with_capacity(bytes as usize);
        // Whoever waits for the client's end finds it on the connection.
        let _ = (&mut self.stream).take(bytes).read_to_end(&mut body);
        self.unread -= body.len() as u64;
        body
    }

    /// A whole answer.
    pub(crate) fn answer(&mut self, status: u16, content_type: &str, body: &[u8]) {
        let length = body.len();
        self.send(
            format!(
                "HTTP/1.1 {status} Status\r\ncontent-type: {content_type}\r\nx-request-id: req_1\r\ncontent-length: {length}\r\n\r\n"
            )
            .as_bytes(),
        );
        self.send(body);
        self.answered = true;
    }

    pub(crate) fn answer_events(&mut self, events: &[Value]) {
        self.answer(200, "text/event-stream", &stream_of(events));
    }

    /// Bytes of an answer as they are. A client that is gone takes none, and that is its right.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.get_mut().write_all(bytes);
    }

    /// Returns when the client has closed the connection, with the bytes of the body that never came.
    pub(crate) fn until_gone(&mut self) -> u64 {
        self.body();
        while matches!(self.stream.read(&mut [0; 4_096]), Ok(1..)) {}
        self.unread
    }
}

/// Events as a stream sends them.
pub(crate) fn stream_of(events: &[Value]) -> Vec<u8> {
    let events =
        events.iter().map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().expect("a type")));
    events.collect::<String>().into_bytes()
}

/// The model calls the image tool.
pub(crate) fn calls(id: &str, arguments: &Value) -> Value {
    let item = json!({"type": "function_call", "id": format!("fc_{id}"), "call_id": format!("call_{id}"),
        "namespace": "image_gen", "name": "imagegen", "arguments": arguments.to_string()});
    json!({"type": "response.output_item.done", "item": item})
}

/// The model says something.
pub(crate) fn says(id: &str, text: &str) -> Vec<Value> {
    let item = json!({"type": "message", "id": format!("msg_{id}"), "role": "assistant",
        "content": [{"type": "output_text", "text": text, "annotations": []}]});
    let delta = json!({"type": "response.output_text.delta", "item_id": format!("msg_{id}"), "delta": text});
    vec![delta, json!({"type": "response.output_item.done", "item": item})]
}

/// The model's answer is whole.
pub(crate) fn completes() -> Value {
    let usage = json!({"input_tokens": 100, "output_tokens": 20, "total_tokens": 120});
    json!({"type": "response.completed", "response": {"id": "resp_1", "status": "completed", "usage": usage}})
}
