//! One request and its connection.

use std::io::{BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::sync::Semaphore;

use super::{Request, Response};
use crate::request_log;

/// The read buffer of a connection, in bytes.
const BUFFER_SIZE: usize = 256 << 10;

/// A socket that the server can close while a handler uses it.
#[derive(Debug)]
pub(super) struct Socket(pub(super) Arc<TcpStream>);

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        (&*self.0).read(buffer)
    }
}

/// A request whose head has been read, with its connection.
#[derive(Debug)]
pub struct Exchange {
    pub(super) request: Request,
    pub(super) stream: BufReader<Socket>,
    /// Bytes of the body that have not been read.
    unread: u64,
    /// Whether the connection takes another request after this one.
    is_reusable: bool,
    disconnects: Arc<Semaphore>,
}

/// Buffers the reads of a connection.
pub(super) fn buffer(stream: Arc<TcpStream>) -> BufReader<Socket> {
    BufReader::with_capacity(BUFFER_SIZE, Socket(stream))
}

impl Exchange {
    pub(super) fn new(request: Request, stream: BufReader<Socket>, disconnects: &Arc<Semaphore>) -> Self {
        let unread = request.content_length;
        Self { request, stream, unread, is_reusable: false, disconnects: Arc::clone(disconnects) }
    }

    /// Returns the request. Its body is empty unless the server reads bodies by itself.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// Returns the path below `/v1/`, such as `images/edits`.
    pub fn endpoint(&self) -> &str {
        self.request.endpoint()
    }

    /// Reads the rest of the body. It is shorter than announced if the client disconnects.
    pub fn read_body(&mut self) -> Vec<u8> {
        let body = self.read_body_part(self.unread);
        // A truncated request is not valid, so it is not recorded.
        if body.len() as u64 == self.request.content_length {
            request_log::record(&self.request.head, &body);
        }
        body
    }

    /// Reads exactly this many bytes of the body, or fewer if the client disconnects.
    pub fn read_body_part(&mut self, len: u64) -> Vec<u8> {
        let mut body = Vec::with_capacity(len as usize);
        // Errors are ignored: a handler that waits for the client to disconnect detects that on the connection.
        let _ = (&mut self.stream).take(len).read_to_end(&mut body);
        self.unread -= body.len() as u64;
        body
    }

    /// Returns whether the client sent its body as announced.
    pub(super) fn is_body_read(&self) -> bool {
        self.unread == 0
    }

    /// Sends a whole response with a request id. The connection can be used again.
    pub fn respond(&mut self, status: u16, content_type: &str, body: &[u8]) {
        self.respond_with(&Response::new(status, content_type, body).with_header("x-request-id", "req_1"));
    }

    /// Sends a stream of events of the Responses API, as a whole.
    pub fn respond_events(&mut self, events: &[Value]) {
        self.respond_with(&Response::events(events).with_header("x-request-id", "req_1"));
    }

    pub(super) fn respond_with(&mut self, response: &Response) {
        self.send(&response.to_bytes());
        self.keep_open();
    }

    /// Sends bytes as they are, without a head. Succeeds even if the client has disconnected.
    pub fn send(&mut self, bytes: &[u8]) {
        let _ = self.try_send(bytes);
    }

    pub(super) fn try_send(&mut self, bytes: &[u8]) -> bool {
        (&*self.stream.get_ref().0).write_all(bytes).is_ok()
    }

    /// Waits until the client closes the connection. Returns the number of bytes of the body that did not arrive.
    pub fn await_disconnect(&mut self) -> u64 {
        self.read_body();
        while matches!(self.stream.read(&mut [0; 4_096]), Ok(1..)) {}
        self.note_disconnect();
        self.unread
    }

    pub(super) fn note_disconnect(&mut self) {
        self.is_reusable = false;
        self.disconnects.add_permits(1);
    }

    pub(super) fn keep_open(&mut self) {
        self.is_reusable = true;
    }

    pub(super) fn close(&mut self) {
        self.is_reusable = false;
    }

    /// Makes closing the socket send a reset, by a linger time of 0.
    pub(super) fn reset(&mut self) {
        self.is_reusable = false;
        let socket = socket2::SockRef::from(&*self.stream.get_ref().0);
        socket.set_linger(Some(Duration::ZERO)).expect("the linger time of an open socket can be set");
    }

    /// Returns the connection, if it takes another request.
    pub(super) fn into_stream(self) -> Option<BufReader<Socket>> {
        (self.is_reusable && self.unread == 0).then_some(self.stream)
    }
}
