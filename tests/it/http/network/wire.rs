//! The part of HTTP that the proxy and the TLS endpoint need: one request and one response per connection.

use std::io::{self, Read};

/// A received request.
pub(super) struct Request {
    /// The request line and the headers, including the empty line.
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Request {
    /// Reads one request. The head is read byte by byte, so that nothing after the request is consumed.
    pub(super) fn read(stream: &mut impl Read) -> io::Result<Self> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).map_err(io::Error::other)?;
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        stream.read_exact(&mut body)?;
        Ok(Self { head, body })
    }

    pub(super) fn line(&self) -> &str {
        self.head.lines().next().unwrap_or_default()
    }

    /// The request target.
    pub(super) fn target(&self) -> &str {
        self.line().split(' ').nth(1).unwrap_or_default()
    }
}
