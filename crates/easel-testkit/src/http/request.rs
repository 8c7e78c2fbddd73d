//! A request that a server received.

use std::io::BufRead;

use serde_json::Value;

/// A request of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The request line and the headers, each ended by a line break.
    pub head: String,
    /// Such as `POST`.
    pub method: String,
    /// The path and the query, such as `/v1/responses`.
    pub path: String,
    /// Names in lower case, with their values.
    pub headers: Vec<(String, String)>,
    /// The length of the body that the head announces; 0 without `content-length`.
    pub content_length: u64,
    /// The whole body. It is empty in the log of a server whose handler reads the body by itself.
    pub body: Vec<u8>,
}

impl Request {
    /// Reads up to the end of the headers. Returns `None` at the end of the stream, or if it is not HTTP.
    pub(super) fn read_head(stream: &mut impl BufRead) -> Option<Self> {
        let mut head = String::new();
        loop {
            let line_start = head.len();
            stream.read_line(&mut head).ok().filter(|read| *read > 0)?;
            if head[line_start..].trim_end().is_empty() {
                head.truncate(line_start);
                return Self::parse_head(head);
            }
        }
    }

    /// Parses a request without its body.
    pub(super) fn parse_head(head: String) -> Option<Self> {
        let mut lines = head.lines();
        let mut words = lines.next()?.split(' ').map(str::to_owned);
        let (method, path) = (words.next()?, words.next()?);
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
            .collect();
        let mut request = Self { head, method, path, headers, content_length: 0, body: Vec::new() };
        request.content_length = request.header("content-length").unwrap_or("0").parse().ok()?;
        Some(request)
    }

    /// Returns the path below `/v1/`, such as `images/edits`, with the query if there is one.
    pub fn endpoint(&self) -> &str {
        self.path.trim_start_matches("/v1/")
    }

    /// Returns the value of a header. `name` is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Returns the bearer token of the `authorization` header, or an empty text.
    pub fn bearer_token(&self) -> &str {
        self.header("authorization").and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default()
    }

    /// Returns the body as JSON.
    ///
    /// # Panics
    ///
    /// Panics if the body is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }
}
