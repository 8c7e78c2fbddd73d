//! A relay before a backend that is another program: every request is recorded as it passes, and can be counted.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::recorder;

/// A request as it passed.
#[derive(Debug, Clone)]
pub(crate) struct RecordedRequest {
    /// The request line and the headers.
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl RecordedRequest {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

pub(crate) struct RecordingProxy {
    pub(crate) address: SocketAddr,
    passed: Arc<Mutex<Vec<RecordedRequest>>>,
    _connections: JoinSet<()>,
}

impl RecordingProxy {
    /// A connection to the backend for each that is made here; when one ends, both do.
    pub(crate) async fn start(backend: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let passed = Arc::default();
        let all = Arc::clone(&passed);
        let mut connections = JoinSet::new();
        connections.spawn(async move {
            let mut serving = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                serving.spawn(serve(client, backend, Arc::clone(&all)));
            }
        });
        Self { address, passed, _connections: connections }
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// The POSTs to this endpoint, in the order in which they were whole.
    pub(crate) fn posts(&self, endpoint: &str) -> Vec<RecordedRequest> {
        let passed = self.passed.lock().expect("no test panics while it holds this");
        let start = format!("POST /v1/{endpoint} ");
        passed.iter().filter(|passed| passed.head.starts_with(&start)).cloned().collect()
    }
}

async fn serve(client: TcpStream, backend: SocketAddr, passed: Arc<Mutex<Vec<RecordedRequest>>>) {
    let Ok(backend) = TcpStream::connect(backend).await else { return };
    let (from_client, mut to_client) = client.into_split();
    let (mut from_backend, to_backend) = backend.into_split();
    tokio::select! {
        () = forward(from_client, to_backend, &passed) => {}
        _ = tokio::io::copy(&mut from_backend, &mut to_client) => {}
    }
}

/// A request is recorded before its last bytes go on.
async fn forward(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, passed: &Mutex<Vec<RecordedRequest>>) {
    let mut bytes = Vec::new();
    loop {
        let before = bytes.len();
        if !matches!(from.read_buf(&mut bytes).await, Ok(1..)) {
            return;
        }
        let arrived = bytes[before..].to_vec();
        while let Some(request) = whole(&mut bytes) {
            recorder::record(&request.head, &request.body);
            passed.lock().expect("no test panics while it holds this").push(request);
        }
        if to.write_all(&arrived).await.is_err() {
            return;
        }
    }
}

/// Takes the first request off, once it is whole.
fn whole(bytes: &mut Vec<u8>) -> Option<RecordedRequest> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8(bytes[..end].to_vec()).expect("a head in text");
    let mut request = RecordedRequest { head, body: Vec::new() };
    let length = request.header("content-length").map_or(0, |length| length.parse().expect("a length"));
    if bytes.len() < end + 4 + length {
        return None;
    }
    let rest = bytes.split_off(end + 4 + length);
    request.body = std::mem::replace(bytes, rest).split_off(end + 4);
    Some(request)
}

/// One request to a backend itself, which is not recorded, and the body of its answer.
pub(crate) async fn ask(backend: SocketAddr, method: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(backend).await.expect("the backend listens");
    let length = body.len();
    // Without chunks.
    let request = format!("{method} {path} HTTP/1.0\r\nhost: backend\r\ncontent-length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).await.expect("the backend reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("the backend answers");
    answer.split_once("\r\n\r\n").expect("a body").1.to_owned()
}
