//! The parser of the envelope, for the fuzz targets in `fuzz/`. Only those and tests have it: tests notice
//! when it no longer compiles.

use crate::inbound::envelope::{self, Incoming};

/// What a line is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineKind {
    /// A request of the client.
    Request {
        /// As the client wrote it.
        id: String,
        /// Without escapes.
        method: String,
    },
    /// A notification of the client.
    Notification {
        /// Without escapes.
        method: String,
    },
    /// A response of the client.
    Response {
        /// As the client wrote it.
        id: String,
        /// Whether it is an error.
        is_error: bool,
    },
    /// A line that is answered with an error.
    Invalid {
        /// The id of the error response.
        id: String,
        /// The code of the error.
        code: i32,
    },
}

/// Classifies one line, which must not be blank.
pub fn classify_line(line: &[u8]) -> LineKind {
    match envelope::parse(line) {
        Incoming::Request(request) => {
            LineKind::Request { id: request.id.to_owned(), method: request.method.into_owned() }
        }
        Incoming::Notification { method, .. } => LineKind::Notification { method: method.into_owned() },
        Incoming::Response { id, outcome } => LineKind::Response { id: id.to_owned(), is_error: outcome.is_err() },
        Incoming::Invalid { id, error } => LineKind::Invalid { id: id.to_owned(), code: error.code() },
    }
}
