//! The error codes of the wire and the only functions that word them.

use jsonrpsee::types::ErrorObjectOwned;
use serde_json::json;

/// JSON-RPC error codes that this crate answers with.
pub mod code {
    /// Not JSON, or not UTF-8. Answered with `id: null`.
    pub const PARSE_ERROR: i32 = -32700;
    /// JSON of the wrong shape, a batch, a line over the limit, a wrong or duplicate id, a wrong handshake.
    pub const INVALID_REQUEST: i32 = -32600;
    /// No such method.
    pub const METHOD_NOT_FOUND: i32 = -32601;
    /// A field of the params is missing or has the wrong type.
    pub const INVALID_PARAMS: i32 = -32602;
    /// The handler panicked or ended without an answer.
    pub const INTERNAL_ERROR: i32 = -32603;
    /// Too many requests are in flight.
    pub const OVERLOADED: i32 = -32001;
    /// The request was cancelled by the client or by the shutdown of the server.
    pub const CANCELLED: i32 = -32800;
}

/// Longest text of foreign origin in an error message, in characters.
const FOREIGN_TEXT_MAX: usize = 200;

/// Longest path of a field, in characters; deep nesting makes long ones.
const FIELD_MAX: usize = 80;

/// Clients of this protocol take an error whose message contains one of these for "not logged in".
const LOGIN_WORDS: [&str; 3] = ["login", "auth", "credential"];

fn error(code: i32, message: impl Into<String>) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(code, message, None::<()>)
}

/// Text that came from the client, fit for a message: short, without control characters. `None` when it would make
/// clients believe that they are not logged in.
fn foreign(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    if LOGIN_WORDS.iter().any(|word| lower.contains(word)) {
        return None;
    }
    Some(short(text))
}

/// Without control characters, and without its middle where it is long: what it is about stands at the ends.
fn short(text: &str) -> String {
    let is_plain = |c: &char| !c.is_control();
    if text.chars().filter(is_plain).count() <= FOREIGN_TEXT_MAX {
        return text.chars().filter(is_plain).collect();
    }
    let half = FOREIGN_TEXT_MAX / 2;
    let tail: Vec<char> = text.chars().rev().filter(is_plain).take(half - 1).collect();
    text.chars().filter(is_plain).take(half).chain(['…']).chain(tail.into_iter().rev()).collect()
}

/// −32700. `reason` says where the line stops being JSON.
pub(crate) fn parse_error(reason: &str) -> ErrorObjectOwned {
    match foreign(reason) {
        Some(reason) => error(code::PARSE_ERROR, format!("Parse error: {reason}")),
        None => error(code::PARSE_ERROR, "Parse error"),
    }
}

/// −32600 with a message of our own words, which may hold an id that the client sent.
pub fn invalid_request(message: &str) -> ErrorObjectOwned {
    error(code::INVALID_REQUEST, short(message))
}

/// −32600 with a sentence that may name what the client said, and data to branch on. A sentence that would be mistaken for
/// a login failure stands in `data.reason` instead.
pub fn invalid_request_with(message: &str, mut data: serde_json::Value) -> ErrorObjectOwned {
    let lower = message.to_lowercase();
    if !LOGIN_WORDS.iter().any(|word| lower.contains(word)) {
        return ErrorObjectOwned::owned(code::INVALID_REQUEST, message, Some(data));
    }
    data["reason"] = message.into();
    ErrorObjectOwned::owned(code::INVALID_REQUEST, "Invalid request: see data.reason", Some(data))
}

/// −32601. A name that would be mistaken for a login failure is left out of the message.
pub fn method_not_found(method: &str) -> ErrorObjectOwned {
    match foreign(method) {
        Some(method) => error(code::METHOD_NOT_FOUND, format!("Method not found: {method}")),
        None => error(code::METHOD_NOT_FOUND, "Method not found"),
    }
}

/// −32602. `data.field` always names the field (a path like `input[0].url`, `.` for the params as a whole); the message
/// does too and says why, unless it would be mistaken for a login failure: then `data.reason` says that.
pub fn invalid_params(field: &str, reason: &str) -> ErrorObjectOwned {
    let named: String = field.chars().filter(|c| !c.is_control()).take(FIELD_MAX).collect();
    let (message, data) = match foreign(&format!("`{named}`: {reason}")) {
        Some(text) => (format!("Invalid params: {text}"), json!({ "field": named })),
        None => ("Invalid params: see data".to_owned(), json!({ "field": named, "reason": short(reason) })),
    };
    ErrorObjectOwned::owned(code::INVALID_PARAMS, message, Some(data))
}

/// −32603. It says nothing more on purpose: a panic message may quote anything.
pub fn internal_error() -> ErrorObjectOwned {
    error(code::INTERNAL_ERROR, "Internal error")
}

/// −32001, in the words that clients of the peer retry on.
pub fn overloaded() -> ErrorObjectOwned {
    error(code::OVERLOADED, "Server overloaded; retry later.")
}

/// −32800.
pub(crate) fn cancelled() -> ErrorObjectOwned {
    error(code::CANCELLED, "Request cancelled")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_keeps_both_ends() {
        let message = invalid_request(&format!("thread {} not\u{1b} found", "é".repeat(100_000))).message().to_owned();
        assert_eq!(message.chars().count(), FOREIGN_TEXT_MAX);
        assert!(message.starts_with("thread éé") && message.ends_with("éé not found"), "{message}");
        assert_eq!(invalid_request(&"é".repeat(200)).message().chars().count(), 200);
    }

    #[test]
    fn no_message_speaks_of_a_login_because_the_client_did() {
        for error in [
            method_not_found("account/Login/start"),
            invalid_params("authMode", "unknown variant"),
            parse_error("expected value near credential"),
        ] {
            let message = error.message().to_lowercase();
            assert!(!LOGIN_WORDS.iter().any(|word| message.contains(word)), "{message}");
        }
        assert_eq!(invalid_params("authMode", "x").data().unwrap().get(), r#"{"field":"authMode","reason":"x"}"#);
    }

    #[test]
    fn foreign_text_is_short_and_has_no_control_characters() {
        let error = method_not_found(&format!("a\u{1b}[31m\n{}", "x".repeat(5000)));
        assert!(error.message().len() < 300);
        assert!(!error.message().contains('\u{1b}'));
    }
}
