//! The error codes of the protocol, and the only functions that create error objects.

use jsonrpsee::types::ErrorObjectOwned;
use serde_json::json;

/// JSON-RPC error codes that this crate uses.
pub mod code {
    /// The message is not JSON or not UTF-8. The response has `id: null`.
    pub const PARSE_ERROR: i32 = -32700;
    /// The message is JSON of the wrong shape, a batch, or a line over the limit; its id is invalid or in use; or the
    /// handshake does not allow it.
    pub const INVALID_REQUEST: i32 = -32600;
    /// The method does not exist.
    pub const METHOD_NOT_FOUND: i32 = -32601;
    /// A field of the params is missing or has the wrong type.
    pub const INVALID_PARAMS: i32 = -32602;
    /// The handler panicked or ended without a response.
    pub const INTERNAL_ERROR: i32 = -32603;
    /// Too many requests are in flight.
    pub const OVERLOADED: i32 = -32001;
    /// The request was cancelled by the client or by the shutdown of the server.
    pub const CANCELLED: i32 = -32800;
    /// The client has to authenticate first, in the Agent Client Protocol.
    pub const AUTH_REQUIRED: i32 = -32000;
    /// What the params name does not exist, in the Agent Client Protocol.
    pub const RESOURCE_NOT_FOUND: i32 = -32002;
}

/// Longest text from a client in an error message, in characters.
const MAX_CLIENT_TEXT: usize = 200;

/// Longest path of a field in an error message, in characters. Deep nesting makes long paths.
const MAX_FIELD: usize = 80;

/// Words that make clients of this protocol take an error for "not logged in".
const LOGIN_WORDS: [&str; 3] = ["login", "auth", "credential"];

fn error(code: i32, message: impl Into<String>) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(code, message, None::<()>)
}

/// Shortens text from a client for an error message and removes control characters. `None` if clients would take the
/// error for "not logged in".
fn sanitize_client_text(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    if LOGIN_WORDS.iter().any(|word| lower.contains(word)) {
        return None;
    }
    Some(shorten(text))
}

/// Removes control characters, and the middle of a long text, because its ends are most useful.
fn shorten(text: &str) -> String {
    let is_plain = |c: &char| !c.is_control();
    if text.chars().filter(is_plain).count() <= MAX_CLIENT_TEXT {
        return text.chars().filter(is_plain).collect();
    }
    let half = MAX_CLIENT_TEXT / 2;
    let tail: Vec<char> = text.chars().rev().filter(is_plain).take(half - 1).collect();
    text.chars().filter(is_plain).take(half).chain(['…']).chain(tail.into_iter().rev()).collect()
}

/// Returns −32700. `reason` says where the line stops being JSON.
pub(crate) fn parse_error(reason: &str) -> ErrorObjectOwned {
    match sanitize_client_text(reason) {
        Some(reason) => error(code::PARSE_ERROR, format!("Parse error: {reason}")),
        None => error(code::PARSE_ERROR, "Parse error"),
    }
}

/// Returns −32600 with a message of the server, which may contain an id from the client.
pub fn invalid_request(message: &str) -> ErrorObjectOwned {
    error(code::INVALID_REQUEST, shorten(message))
}

/// Returns −32600 with a message that may quote the client, and data for clients to act on. If clients would take the
/// message for a login failure, it moves to `data.reason`.
pub fn invalid_request_with(message: &str, mut data: serde_json::Value) -> ErrorObjectOwned {
    let lower = message.to_lowercase();
    if !LOGIN_WORDS.iter().any(|word| lower.contains(word)) {
        return ErrorObjectOwned::owned(code::INVALID_REQUEST, message, Some(data));
    }
    data["reason"] = message.into();
    ErrorObjectOwned::owned(code::INVALID_REQUEST, "Invalid request: see data.reason", Some(data))
}

/// Returns −32601. The message omits a name that clients would take for a login failure.
pub fn method_not_found(method: &str) -> ErrorObjectOwned {
    match sanitize_client_text(method) {
        Some(method) => error(code::METHOD_NOT_FOUND, format!("Method not found: {method}")),
        None => error(code::METHOD_NOT_FOUND, "Method not found"),
    }
}

/// Returns −32602. `data.field` names the field: a path such as `input[0].url`, or `.` for the params as a whole. The
/// message has the field and the reason, unless clients would take it for a login failure; then `data.reason` has it.
pub fn invalid_params(field: &str, reason: &str) -> ErrorObjectOwned {
    let named: String = field.chars().filter(|c| !c.is_control()).take(MAX_FIELD).collect();
    let (message, data) = match sanitize_client_text(&format!("`{named}`: {reason}")) {
        Some(text) => (format!("Invalid params: {text}"), json!({ "field": named })),
        None => ("Invalid params: see data".to_owned(), json!({ "field": named, "reason": shorten(reason) })),
    };
    ErrorObjectOwned::owned(code::INVALID_PARAMS, message, Some(data))
}

/// Returns −32603 without details: a panic message may quote anything.
pub fn internal_error() -> ErrorObjectOwned {
    error(code::INTERNAL_ERROR, "Internal error")
}

/// Returns −32001, with the message on which clients of the Codex app-server retry.
pub fn overloaded() -> ErrorObjectOwned {
    error(code::OVERLOADED, "Server overloaded; retry later.")
}

/// Returns −32603 with a sentence for the user.
pub fn failed(message: &str) -> ErrorObjectOwned {
    error(code::INTERNAL_ERROR, shorten(message))
}

/// Returns −32000 of the Agent Client Protocol, with a sentence that says how to authenticate.
pub fn auth_required(message: &str) -> ErrorObjectOwned {
    error(code::AUTH_REQUIRED, shorten(message))
}

/// Returns −32002 of the Agent Client Protocol.
pub fn resource_not_found(message: &str) -> ErrorObjectOwned {
    error(code::RESOURCE_NOT_FOUND, shorten(message))
}

/// Returns −32800.
pub(crate) fn cancelled() -> ErrorObjectOwned {
    error(code::CANCELLED, "Request cancelled")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_message_keeps_both_ends() {
        let message = invalid_request(&format!("thread {} not\u{1b} found", "é".repeat(100_000))).message().to_owned();
        assert_eq!(message.chars().count(), MAX_CLIENT_TEXT);
        assert!(message.starts_with("thread éé") && message.ends_with("éé not found"), "{message}");
        assert_eq!(invalid_request(&"é".repeat(200)).message().chars().count(), 200);
    }

    #[test]
    fn client_text_cannot_suggest_a_login_failure() {
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
    fn client_text_is_short_without_control_characters() {
        let error = method_not_found(&format!("a\u{1b}[31m\n{}", "x".repeat(5000)));
        assert!(error.message().len() < 300);
        assert!(!error.message().contains('\u{1b}'));
    }
}
