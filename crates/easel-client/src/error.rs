//! Errors of the client.

use std::io;

/// Why a request has no result.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The server responded with an error.
    #[error("{message} ({code})")]
    Refused {
        /// The JSON-RPC error code.
        code: i32,
        /// The text for the user.
        message: String,
    },
    /// The request is too long for the server, and was not sent.
    #[error("the request is {bytes} bytes long; at most {max} are allowed")]
    TooLong {
        /// The length of its line in bytes.
        bytes: usize,
        /// The length of the longest line that the server reads.
        max: usize,
    },
    /// The server closed its output, or this client closed its input.
    #[error("the server closed the connection")]
    Closed,
    /// The server broke the protocol; the text says how.
    #[error("{0}")]
    Protocol(String),
    /// The pipes to the server failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Returns the error for a message that cannot be serialized or parsed.
pub(crate) fn protocol_error(error: &serde_json::Error) -> ClientError {
    ClientError::Protocol(error.to_string())
}
