//! The bytes of outgoing lines. Every function returns one whole line with its newline.

use jsonrpsee::types::ErrorObjectOwned;
use serde::Serialize;
use serde_json::value::RawValue;

/// Whether lines carry `"jsonrpc":"2.0"`: exactly when the client's `initialize` did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Bare,
    Versioned,
}

impl Dialect {
    fn head(self) -> &'static [u8] {
        match self {
            Self::Bare => b"{",
            Self::Versioned => br#"{"jsonrpc":"2.0","#,
        }
    }
}

/// What jsonrpsee's responses to `Id::Null` begin with. Its ids are unsigned and its `jsonrpc` member is always there,
/// so the head is replaced by ours. The body stays where it is: a long one is there once.
const JSONRPSEE_HEAD: &str = r#"{"jsonrpc":"2.0","id":null"#;

pub(crate) fn response(dialect: Dialect, id: &str, json: Box<RawValue>) -> Vec<u8> {
    let mut line = String::from(Box::<str>::from(json)).into_bytes();
    if !line.starts_with(JSONRPSEE_HEAD.as_bytes()) {
        return error(dialect, id, &crate::error::internal_error());
    }
    let head = [dialect.head(), b"\"id\":", id.as_bytes()].concat();
    line.splice(..JSONRPSEE_HEAD.len(), head);
    close(line)
}

pub(crate) fn error(dialect: Dialect, id: &str, error: &ErrorObjectOwned) -> Vec<u8> {
    let mut line = dialect.head().to_vec();
    line.extend_from_slice(b"\"id\":");
    line.extend_from_slice(id.as_bytes());
    line.extend_from_slice(b",\"error\":");
    // A vector takes every write and an error object has no key that is not a string.
    let _ = serde_json::to_writer(&mut line, error);
    line.push(b'}');
    close(line)
}

/// `{"id":…,"result":{}}`
pub(crate) fn empty_result(dialect: Dialect, id: &str) -> Vec<u8> {
    let mut line = dialect.head().to_vec();
    line.extend_from_slice(b"\"id\":");
    line.extend_from_slice(id.as_bytes());
    line.extend_from_slice(b",\"result\":{}}");
    close(line)
}

pub(crate) fn notification<P: Serialize + ?Sized>(
    dialect: Dialect,
    method: &str,
    params: &P,
    emitted_at_ms: u64,
) -> serde_json::Result<Vec<u8>> {
    let mut line = Vec::with_capacity(256);
    line.extend_from_slice(dialect.head());
    line.extend_from_slice(b"\"method\":");
    serde_json::to_writer(&mut line, method)?;
    line.extend_from_slice(b",\"params\":");
    serde_json::to_writer(&mut line, params)?;
    line.extend_from_slice(b",\"emittedAtMs\":");
    line.extend_from_slice(emitted_at_ms.to_string().as_bytes());
    line.push(b'}');
    Ok(close(line))
}

pub(crate) fn request<P: Serialize + ?Sized>(
    dialect: Dialect,
    id: i64,
    method: &str,
    params: &P,
) -> serde_json::Result<Vec<u8>> {
    let mut line = Vec::with_capacity(256);
    line.extend_from_slice(dialect.head());
    line.extend_from_slice(b"\"id\":");
    line.extend_from_slice(id.to_string().as_bytes());
    line.extend_from_slice(b",\"method\":");
    serde_json::to_writer(&mut line, method)?;
    line.extend_from_slice(b",\"params\":");
    serde_json::to_writer(&mut line, params)?;
    line.push(b'}');
    Ok(close(line))
}

/// A newline inside a message can only be white space (pretty-printed raw JSON), so a space says the same.
fn close(mut line: Vec<u8>) -> Vec<u8> {
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
    fn the_head_of_a_response_is_the_one_that_jsonrpsee_writes() {
        let built = MethodResponse::response(Id::Null, ResponsePayload::success("x"), usize::MAX);
        let line = |dialect| String::from_utf8(response(dialect, "-7", built.to_json())).unwrap();
        assert_eq!(line(Dialect::Bare), "{\"id\":-7,\"result\":\"x\"}\n");
        assert_eq!(line(Dialect::Versioned), "{\"jsonrpc\":\"2.0\",\"id\":-7,\"result\":\"x\"}\n");
    }

    #[test]
    fn pretty_printed_raw_json_stays_on_one_line() {
        let raw = RawValue::from_string("{\n  \"a\": \"b\\n\"\n}".to_owned()).unwrap();
        let line = notification(Dialect::Bare, "x/y", &raw, 5).unwrap();
        assert_eq!(
            String::from_utf8(line).unwrap(),
            "{\"method\":\"x/y\",\"params\":{   \"a\": \"b\\n\" },\"emittedAtMs\":5}\n"
        );
    }
}
