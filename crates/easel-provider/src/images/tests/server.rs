//! A server that speaks HTTP/1.1 by hand, so that its faults are real ones.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::recorder;

/// Far shorter than any silence that a client gives up at.
const BETWEEN_DROPS: Duration = Duration::from_millis(20);

/// A request as it came.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("a JSON body")
    }
}

/// What to do with one request.
#[derive(Debug, Clone)]
pub(super) enum Act {
    /// The whole answer, head and body.
    Answer(Vec<u8>),
    /// A part of the answer, then the end of the connection.
    Cut(Vec<u8>),
    /// A part of the answer, then the connection is reset.
    Reset(Vec<u8>),
    /// A part of the answer, then nothing; ends when the client closes.
    Stall(Vec<u8>),
    /// A part of the answer, then a little of it again and again, slowly, until the client closes.
    Drip(Vec<u8>, &'static [u8]),
}

pub(super) struct Server {
    pub(super) port: u16,
    pub(super) seen: Arc<Mutex<Vec<Seen>>>,
    /// Told when a client has closed a connection on which the server stalled.
    pub(super) closed: Arc<Semaphore>,
    /// Told when a request was read to its end.
    pub(super) arrived: Arc<Semaphore>,
    _connections: JoinSet<()>,
}

impl Server {
    /// Does each act for one request, in order; the last one for all that follow.
    pub(super) async fn start(acts: Vec<Act>) -> Self {
        Self::start_at(0, acts).await
    }

    pub(super) async fn start_at(port: u16, acts: Vec<Act>) -> Self {
        Self::start_choosing(port, Arc::new(move |count, _| acts[count.min(acts.len() - 1)].clone())).await
    }

    /// Does what `choose` says of each request, given how many came before it.
    pub(super) async fn start_choosing(port: u16, choose: Choose) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let none = || Arc::new(Semaphore::new(0));
        let (seen, closed, arrived) = (Arc::default(), none(), none());
        let mut connections = JoinSet::new();
        let parts = (Arc::clone(&seen), Arc::clone(&closed), Arc::clone(&arrived));
        connections.spawn(async move {
            let mut serving = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                serving.spawn(serve(stream, Arc::clone(&choose), parts.clone()));
            }
        });
        Self { port, seen, closed, arrived, _connections: connections }
    }

    pub(super) fn requests(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

pub(super) type Choose = Arc<dyn Fn(usize, &Seen) -> Act + Send + Sync>;

type Parts = (Arc<Mutex<Vec<Seen>>>, Arc<Semaphore>, Arc<Semaphore>);

async fn serve(mut stream: TcpStream, choose: Choose, (seen, closed, arrived): Parts) {
    while let Some(request) = read(&mut stream).await {
        let act = {
            let mut seen = seen.lock().unwrap();
            let act = choose(seen.len(), &request);
            seen.push(request);
            act
        };
        arrived.add_permits(1);
        match act {
            Act::Answer(bytes) => {
                if stream.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Act::Cut(bytes) => {
                let _ = stream.write_all(&bytes).await;
                return;
            }
            Act::Reset(bytes) => {
                let _ = stream.write_all(&bytes).await;
                stream.set_zero_linger().unwrap();
                return;
            }
            Act::Drip(bytes, piece) => {
                let _ = stream.write_all(&bytes).await;
                let mut often = tokio::time::interval(BETWEEN_DROPS);
                while stream.write_all(piece).await.is_ok() {
                    often.tick().await;
                }
                closed.add_permits(1);
                return;
            }
            Act::Stall(bytes) => {
                let _ = stream.write_all(&bytes).await;
                // Nothing is to come but the end.
                let _ = stream.read(&mut [0]).await;
                closed.add_permits(1);
                return;
            }
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Seen> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.lines();
    let mut words = lines.next()?.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let mut seen = Seen { method, path, headers, body: Vec::new() };
    assert_eq!(seen.header("transfer-encoding"), None, "some servers take no chunks");
    let length = seen.header("content-length").map_or(0, |length| length.parse().unwrap());
    seen.body.resize(length, 0);
    stream.read_exact(&mut seen.body).await.ok()?;
    recorder::record(&head, &seen.body);
    Some(seen)
}

/// An answer with a head.
pub(super) fn answer(status: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Vec<u8> {
    let body = body.as_ref();
    let mut answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        answer.push_str(&format!("{name}: {value}\r\n"));
    }
    let mut answer = (answer + "\r\n").into_bytes();
    answer.extend_from_slice(body);
    answer
}
