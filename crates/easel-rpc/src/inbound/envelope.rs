//! Parses the envelope of a message. Id and params stay borrowed text of the line.

use std::borrow::Cow;

use jsonrpsee::types::ErrorObjectOwned;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::error;

/// The id of an error response if the id of the message could not be read.
pub(crate) const NULL_ID: &str = "null";

/// Longest id in bytes. Ids are stored while their request is in flight.
const MAX_ID_BYTES: usize = 1024;

/// A request.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    /// A JSON string or a 64-bit integer, as the client wrote it.
    pub(crate) id: &'a str,
    pub(crate) method: Cow<'a, str>,
    pub(crate) params: Option<&'a RawValue>,
    /// Whether the message carried `"jsonrpc":"2.0"`.
    pub(crate) versioned: bool,
}

/// A message of the client.
#[derive(Debug)]
pub(crate) enum Incoming<'a> {
    Request(Request<'a>),
    Notification {
        method: Cow<'a, str>,
        params: Option<&'a RawValue>,
    },
    /// The client's response to a request of the server. The id is whatever the client sent.
    Response {
        id: &'a str,
        outcome: Result<&'a RawValue, &'a RawValue>,
    },
    Invalid {
        id: &'a str,
        error: ErrorObjectOwned,
    },
}

/// The method. Serde borrows a `Cow` inside an `Option` only through a type of its own.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// The members of any message.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    jsonrpc: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "read_present")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    method: Option<Name<'a>>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "read_present")]
    result: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

/// Reads a member whose explicit `null` counts: an id or a result. For other members `null` means absent.
fn read_present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// Parses one line, which must not be blank.
pub(crate) fn parse(line: &[u8]) -> Incoming<'_> {
    let text = match std::str::from_utf8(line) {
        Ok(text) => text,
        Err(e) => return invalid(NULL_ID, error::parse_error(&format!("invalid UTF-8 at byte {}", e.valid_up_to()))),
    };
    // The derived deserializer also accepts an array, member by member.
    if text.trim_start().starts_with('[') {
        return reject(text, "Invalid request: batches are not supported");
    }
    match serde_json::from_str(text) {
        Ok(envelope) => classify(envelope),
        Err(e) if e.is_data() => reject(text, "Invalid request: not a JSON-RPC message"),
        Err(e) => invalid(NULL_ID, error::parse_error(&e.to_string())),
    }
}

fn invalid(id: &str, error: ErrorObjectOwned) -> Incoming<'_> {
    Incoming::Invalid { id, error }
}

/// Returns the error for a line of the wrong shape: a parse error if it is not JSON, else `message`, with the line's id
/// if it has a valid one.
fn reject<'a>(text: &'a str, message: &str) -> Incoming<'a> {
    #[derive(Deserialize)]
    struct IdOnly<'a> {
        #[serde(borrow)]
        id: &'a RawValue,
    }
    if let Err(e) = serde_json::from_str::<IgnoredAny>(text) {
        return invalid(NULL_ID, error::parse_error(&e.to_string()));
    }
    let id = match serde_json::from_str::<IdOnly<'a>>(text) {
        Ok(found) if text.trim_start().starts_with('{') && is_valid_id(found.id.get()) => found.id.get(),
        Ok(_) | Err(_) => NULL_ID,
    };
    invalid(id, error::invalid_request(message))
}

fn classify(envelope: Envelope<'_>) -> Incoming<'_> {
    let Envelope { jsonrpc, id, method, params, result, error } = envelope;
    let id = id.map(RawValue::get);
    let Some(Name(method)) = method else {
        let outcome = match (result, error) {
            (_, Some(error)) => Err(error),
            (Some(result), None) => Ok(result),
            (None, None) => {
                let id = id.filter(|id| is_valid_id(id)).unwrap_or(NULL_ID);
                return invalid(id, error::invalid_request("Invalid request: no method"));
            }
        };
        return Incoming::Response { id: id.unwrap_or(NULL_ID), outcome };
    };
    let Some(id) = id else { return Incoming::Notification { method, params } };
    if !is_valid_id(id) {
        return invalid(NULL_ID, error::invalid_request("Invalid request: id must be a string or a 64-bit integer"));
    }
    if error.is_some() || result.is_some_and(|result| result.get() != "null") {
        return invalid(id, error::invalid_request("Invalid request: both a request and a response"));
    }
    let versioned = jsonrpc.is_some_and(|version| version.get() == r#""2.0""#);
    Incoming::Request(Request { id, method, params, versioned })
}

fn is_valid_id(raw: &str) -> bool {
    match raw.as_bytes().first() {
        Some(b'"') => raw.len() <= MAX_ID_BYTES,
        Some(b'-' | b'0'..=b'9') => raw.parse::<i64>().is_ok(),
        Some(_) | None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a request's id, or the code and the id of the error.
    fn verdict(line: &str) -> String {
        match parse(line.as_bytes()) {
            Incoming::Request(request) => format!("request {} {}", request.id, request.method),
            Incoming::Notification { method, .. } => format!("notification {method}"),
            Incoming::Response { id, outcome: Ok(_) } => format!("result {id}"),
            Incoming::Response { id, outcome: Err(_) } => format!("error {id}"),
            Incoming::Invalid { id, error } => format!("{} {id}", error.code()),
        }
    }

    #[test]
    fn ids_are_strings_or_64_bit_integers() {
        for id in ["1", "-1", "0", "-0", "9223372036854775807", "-9223372036854775808", r#""a\u00e9""#, r#""""#] {
            assert_eq!(verdict(&format!(r#"{{"id": {id} ,"method":"m"}}"#)), format!("request {id} m"));
        }
        let long = format!("{:?}", "x".repeat(2000));
        for id in ["null", "1.0", "1e3", "true", "{}", "[1]", "9223372036854775808", long.as_str()] {
            assert_eq!(verdict(&format!(r#"{{"id":{id},"method":"m"}}"#)), "-32600 null", "{id}");
        }
    }

    #[test]
    fn null_means_absent_except_for_id_and_result() {
        assert_eq!(verdict(r#"{"id":1,"method":"m","params":null,"result":null,"error":null}"#), "request 1 m");
        assert_eq!(verdict(r#"{"id":1,"method":null,"result":null,"error":null}"#), "result 1");
        assert_eq!(verdict(r#"{"id":1,"result":null,"error":{}}"#), "error 1");
        assert_eq!(verdict(r#"{"id":null,"error":{"code":-32700}}"#), "error null");
    }

    #[test]
    fn wrong_shapes_differ_from_invalid_json() {
        for (line, expected) in [
            ("5", "-32600 null"),
            ("\"x\"", "-32600 null"),
            ("{}", "-32600 null"),
            ("[]", "-32600 null"),
            (r#"[{"id":1,"method":"m"}]"#, "-32600 null"),
            (r#"[7,"m"]"#, "-32600 null"),
            (r#"{"id":7,"method":5}"#, "-32600 7"),
            (r#"{"id":[7],"method":5}"#, "-32600 null"),
            (r#"{"id":7,"method":"m","result":1}"#, "-32600 7"),
            (r#"{"id":7,"id":8,"method":"m"}"#, "-32600 null"),
            (r#"{"id":7,"method":"m","method":"n"}"#, "-32600 7"),
            ("5 x", "-32700 null"),
            ("[1,", "-32700 null"),
            ("{\"id\":1,\"method\":\"a\u{0}\"}", "-32700 null"),
            ("\u{feff}{\"id\":1,\"method\":\"a\"}", "-32700 null"),
            (r#"{"id":1,"method":"\ud800"}"#, "-32700 null"),
            (r#"{"id":1,"method":"m"} {"#, "-32700 null"),
        ] {
            assert_eq!(verdict(line), expected, "{line}");
        }
        assert!(
            matches!(parse(b"{\"method\":\"\xff\"}"), Incoming::Invalid { id: "null", error } if error.code() == -32700)
        );
    }

    #[test]
    fn version_is_the_string_of_the_standard() {
        for (version, expected) in [("\"2.0\"", true), ("\"1.0\"", false), ("2.0", false), ("null", false)] {
            let line = format!(r#"{{"jsonrpc":{version},"id":1,"method":"m"}}"#);
            let Incoming::Request(request) = parse(line.as_bytes()) else { panic!("{line}") };
            assert_eq!(request.versioned, expected, "{line}");
        }
    }

    #[test]
    fn escaped_method_is_unescaped_and_plain_one_borrowed() {
        assert_eq!(verdict(r#"{"id":1,"method":"thread\/start"}"#), "request 1 thread/start");
        let Incoming::Notification { method, .. } = parse(br#"{"method":"initialized"}"#) else { panic!() };
        assert!(matches!(method, Cow::Borrowed("initialized")));
    }
}
