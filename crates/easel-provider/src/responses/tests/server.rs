//! An HTTP server by hand, so that its faults are real ones.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::recorder;

/// What a connection does after it has read its request.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Send(Vec<u8>),
    /// Sends the bytes again and again until nobody takes them.
    Drip(&'static [u8]),
    /// Waits until the client is gone, and reports it.
    Wait,
}

#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// The request line and the headers.
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

pub(super) struct Server {
    pub(super) url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    gone: mpsc::Receiver<()>,
    _running: JoinSet<()>,
}

impl Server {
    /// Each connection takes the next script; without one it is refused.
    pub(super) async fn start(scripts: impl IntoIterator<Item = Vec<Step>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (report, gone) = mpsc::channel(16);
        let mut running = JoinSet::new();
        let mut scripts: VecDeque<Vec<Step>> = scripts.into_iter().collect();
        let all_seen = Arc::clone(&seen);
        running.spawn(async move {
            let mut connections = JoinSet::new();
            while let Some(script) = scripts.pop_front() {
                let (stream, _) = listener.accept().await.unwrap();
                connections.spawn(serve(stream, script, Arc::clone(&all_seen), report.clone()));
            }
            drop(listener);
            while connections.join_next().await.is_some() {}
        });
        Self { url, seen, gone, _running: running }
    }

    pub(super) fn requests(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Returns when a client has closed its connection.
    pub(super) async fn client_is_gone(&mut self) {
        self.gone.recv().await.unwrap();
    }
}

async fn serve(mut stream: TcpStream, script: Vec<Step>, seen: Arc<Mutex<Vec<Seen>>>, report: mpsc::Sender<()>) {
    let Some(request) = request(&mut stream).await else {
        return;
    };
    seen.lock().unwrap().push(request);
    for step in script {
        match step {
            Step::Send(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Step::Drip(bytes) => while stream.write_all(bytes).await.is_ok() {},
            Step::Wait => {
                while matches!(stream.read(&mut [0; 1_024]).await, Ok(1..)) {}
                report.send(()).await.unwrap();
            }
        }
    }
}

async fn request(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let length =
        head.lines().find_map(|line| line.strip_prefix("content-length: ")).map(|length| length.parse().unwrap());
    let mut body = bytes.split_off(end + 4);
    while body.len() < length.unwrap_or(0) {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    recorder::record(&head, &body);
    Some(Seen { head, body })
}

/// A response with these bytes, which ends with the connection.
pub(super) fn response(status: &str, headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let mut bytes =
        format!("HTTP/1.1 {status}\r\nconnection: close\r\nx-request-id: req_7\r\n{headers}\r\n").into_bytes();
    bytes.extend_from_slice(body.as_ref());
    bytes
}

pub(super) fn stream(body: impl AsRef<[u8]>) -> Vec<u8> {
    response("200 OK", "content-type: text/event-stream\r\n", body)
}

/// Events as a stream sends them.
pub(super) fn events(events: &[serde_json::Value]) -> String {
    events.iter().map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap_or("x"))).collect()
}
