//! A proxy in front of a backend that is another program. It records the requests that pass.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use super::Request;
use crate::request_log;

/// The most bytes that one read takes.
const CHUNK_SIZE: usize = 64 << 10;

/// A TCP proxy. Each connection to it gets its own connection to the backend, and both end together.
#[derive(Debug)]
pub struct RecordingProxy {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl RecordingProxy {
    /// Starts a proxy that listens until the process ends.
    ///
    /// # Panics
    ///
    /// Panics if no port is free.
    pub fn start(backend: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let requests = Arc::<Mutex<Vec<Request>>>::default();
        let log = Arc::clone(&requests);
        std::thread::spawn(move || {
            while let Ok((client, _)) = listener.accept() {
                let log = Arc::clone(&log);
                std::thread::spawn(move || serve(&client, backend, &log));
            }
        });
        Self { address, requests }
    }

    /// Returns the address of the proxy.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the base URL of the backend's API, through the proxy.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Returns the POST requests to this endpoint, in the order in which they were completed.
    pub fn posts(&self, endpoint: &str) -> Vec<Request> {
        let requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        requests.iter().filter(|request| request.method == "POST" && request.endpoint() == endpoint).cloned().collect()
    }
}

fn serve(client: &TcpStream, backend: SocketAddr, log: &Mutex<Vec<Request>>) {
    let Ok(backend) = TcpStream::connect(backend) else { return };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let _ = std::io::copy(&mut &backend, &mut &*client);
            close(client, &backend);
        });
        forward(client, &backend, log);
        close(client, &backend);
    });
}

/// Closes both sides. Either may be closed already.
fn close(client: &TcpStream, backend: &TcpStream) {
    let _ = client.shutdown(Shutdown::Both);
    let _ = backend.shutdown(Shutdown::Both);
}

/// Forwards the client's bytes. Records each request before its last bytes are forwarded.
fn forward(mut client: &TcpStream, mut backend: &TcpStream, log: &Mutex<Vec<Request>>) {
    let mut pending = Vec::new();
    let mut chunk = vec![0; CHUNK_SIZE];
    while let Ok(len @ 1..) = client.read(&mut chunk) {
        pending.extend_from_slice(&chunk[..len]);
        while let Some(request) = take_request(&mut pending) {
            request_log::record(&request.head, &request.body);
            log.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        }
        if backend.write_all(&chunk[..len]).is_err() {
            return;
        }
    }
}

/// Takes the first request from `bytes` if it is complete.
fn take_request(bytes: &mut Vec<u8>) -> Option<Request> {
    let head_len = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8(bytes[..head_len].to_vec()).expect("a head is text");
    let mut request = Request::parse_head(head).expect("the client sends HTTP");
    let end = head_len + 4 + request.content_length as usize;
    if bytes.len() < end {
        return None;
    }
    let rest = bytes.split_off(end);
    request.body = std::mem::replace(bytes, rest).split_off(head_len + 4);
    Some(request)
}

/// Sends one request to a backend directly and returns the body of the response. Nothing is recorded.
///
/// # Panics
///
/// Panics if the backend does not respond.
pub fn send_request(backend: SocketAddr, method: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(backend).expect("the backend listens");
    let length = body.len();
    // A response to HTTP/1.0 is not chunked.
    let request = format!("{method} {path} HTTP/1.0\r\nhost: backend\r\ncontent-length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).expect("the backend reads");
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("the backend responds");
    response.split_once("\r\n\r\n").expect("a response has a body").1.to_owned()
}
