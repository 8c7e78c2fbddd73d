//! Serializes outgoing messages. Every function returns one line with its newline.

use std::io::{self, Write};

use jsonrpsee::types::ErrorObjectOwned;
use serde::Serialize;
use serde_json::value::RawValue;

/// Whether messages have `"jsonrpc":"2.0"`. They have it if the client's `initialize` has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JsonRpcTag {
    Absent,
    Present,
}

impl JsonRpcTag {
    fn head(self) -> &'static [u8] {
        match self {
            Self::Absent => b"{",
            Self::Present => br#"{"jsonrpc":"2.0","#,
        }
    }
}

/// The start of jsonrpsee's responses to `Id::Null`. Its ids are unsigned and its `jsonrpc` member is not optional, so
/// our own start replaces this one. The rest is moved and not copied into a second buffer, since a response may be
/// long.
const JSONRPSEE_HEAD: &str = r#"{"jsonrpc":"2.0","id":null"#;

pub(crate) fn response(tag: JsonRpcTag, id: &str, json: Box<RawValue>) -> Vec<u8> {
    let mut line = String::from(Box::<str>::from(json)).into_bytes();
    if !line.starts_with(JSONRPSEE_HEAD.as_bytes()) {
        return error(tag, id, &crate::error::internal_error());
    }
    let head = [tag.head(), b"\"id\":", id.as_bytes()].concat();
    line.splice(..JSONRPSEE_HEAD.len(), head);
    finish_line(line)
}

pub(crate) fn error(tag: JsonRpcTag, id: &str, error: &ErrorObjectOwned) -> Vec<u8> {
    let mut line = tag.head().to_vec();
    line.extend_from_slice(b"\"id\":");
    line.extend_from_slice(id.as_bytes());
    line.extend_from_slice(b",\"error\":");
    // Writing to a vector cannot fail, and every key of an error object is a string.
    let _ = serde_json::to_writer(&mut line, error);
    line.push(b'}');
    finish_line(line)
}

/// Returns `{"id":…,"result":{}}`.
pub(crate) fn empty_result(tag: JsonRpcTag, id: &str) -> Vec<u8> {
    let mut line = tag.head().to_vec();
    line.extend_from_slice(b"\"id\":");
    line.extend_from_slice(id.as_bytes());
    line.extend_from_slice(b",\"result\":{}}");
    finish_line(line)
}

/// A value that can be written as JSON. A trait object keeps serde's code of each type from being compiled for each of
/// the writers below.
pub(crate) trait WriteJson {
    fn write_json(&self, writer: &mut dyn Write) -> serde_json::Result<()>;
}

impl<T: Serialize> WriteJson for T {
    fn write_json(&self, writer: &mut dyn Write) -> serde_json::Result<()> {
        serde_json::to_writer(writer, self)
    }
}

pub(crate) fn notification(
    tag: JsonRpcTag,
    method: &str,
    params: &dyn WriteJson,
    emitted_at_ms: Option<u64>,
) -> serde_json::Result<Vec<u8>> {
    let mut line = Vec::with_capacity(256);
    line.extend_from_slice(tag.head());
    line.extend_from_slice(b"\"method\":");
    serde_json::to_writer(&mut line, method)?;
    line.extend_from_slice(b",\"params\":");
    write_params(&mut line, params)?;
    if let Some(emitted_at_ms) = emitted_at_ms {
        line.extend_from_slice(b",\"emittedAtMs\":");
        line.extend_from_slice(emitted_at_ms.to_string().as_bytes());
    }
    line.push(b'}');
    Ok(finish_line(line))
}

pub(crate) fn request(tag: JsonRpcTag, id: i64, method: &str, params: &dyn WriteJson) -> serde_json::Result<Vec<u8>> {
    let mut line = Vec::with_capacity(256);
    line.extend_from_slice(tag.head());
    line.extend_from_slice(b"\"id\":");
    line.extend_from_slice(id.to_string().as_bytes());
    line.extend_from_slice(b",\"method\":");
    serde_json::to_writer(&mut line, method)?;
    line.extend_from_slice(b",\"params\":");
    write_params(&mut line, params)?;
    line.push(b'}');
    Ok(finish_line(line))
}

/// Longest params in bytes that are written into a buffer that grows by doubling.
const MAX_GROWN: usize = 64 * 1024;

/// Room for what follows the params, and for the header of a WebSocket frame.
const TRAILER: usize = 64;

/// Appends params. A buffer that grows by doubling takes up to twice the size of its content, which matters for
/// messages of many megabytes. So long params are serialized once more to count their bytes, and then into a buffer of
/// that size.
fn write_params(line: &mut Vec<u8>, params: &dyn WriteJson) -> serde_json::Result<()> {
    let start = line.len();
    match params.write_json(&mut Bounded(line)) {
        Err(error) if error.is_io() => {}
        result => return result,
    }
    line.truncate(start);
    let mut counter = ByteCounter(0);
    params.write_json(&mut counter)?;
    line.reserve_exact(counter.0 + TRAILER);
    params.write_json(line)
}

/// A buffer that fails instead of growing beyond [`MAX_GROWN`].
struct Bounded<'a>(&'a mut Vec<u8>);

impl Write for Bounded<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_GROWN {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Counts bytes and stores none.
struct ByteCounter(usize);

impl Write for ByteCounter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Ends a line. A newline inside a message can only be white space (of pretty-printed raw JSON), so it becomes a space.
fn finish_line(mut line: Vec<u8>) -> Vec<u8> {
    let mut from = 0;
    while let Some(found) = memchr::memchr(b'\n', &line[from..]) {
        line[from + found] = b' ';
        from += found + 1;
    }
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use jsonrpsee::types::Id;
    use jsonrpsee::{MethodResponse, ResponsePayload};

    #[test]
    fn response_head_matches_jsonrpsee() {
        let built = MethodResponse::response(Id::Null, ResponsePayload::success("x"), usize::MAX);
        let line = |tag| String::from_utf8(response(tag, "-7", built.to_json())).unwrap();
        assert_eq!(line(JsonRpcTag::Absent), "{\"id\":-7,\"result\":\"x\"}\n");
        assert_eq!(line(JsonRpcTag::Present), "{\"jsonrpc\":\"2.0\",\"id\":-7,\"result\":\"x\"}\n");
    }

    #[test]
    fn pretty_printed_raw_json_stays_on_one_line() {
        let raw = RawValue::from_string("{\n  \"a\": \"b\\n\"\n}".to_owned()).unwrap();
        let line = notification(JsonRpcTag::Absent, "x/y", &raw, Some(5)).unwrap();
        assert_eq!(
            String::from_utf8(line).unwrap(),
            "{\"method\":\"x/y\",\"params\":{   \"a\": \"b\\n\" },\"emittedAtMs\":5}\n"
        );
    }

    #[test]
    fn long_notification_fits_its_buffer() {
        for length in [10, MAX_GROWN, 3_000_000] {
            let text = "x".repeat(length);
            let line = notification(JsonRpcTag::Absent, "m", &text, Some(1)).unwrap();
            assert_eq!(line.len(), length + r#"{"method":"m","params":"","emittedAtMs":1}"#.len() + 1);
            assert!(line.capacity() <= line.len() + 2 * MAX_GROWN, "{}", line.capacity());
        }
    }
}
