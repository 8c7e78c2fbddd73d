//! The limits of one connection.

use std::time::Duration;

/// The limits of one connection. Each field says what happens at its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Longest incoming line in bytes, without its newline. A longer line is skipped without storing it, and answered
    /// with −32600. Default 64 MiB.
    pub max_line_bytes: usize,
    /// Maximum number of requests without a response. One more is answered with −32001. Default 1,024.
    pub max_in_flight: usize,
    /// Memory in bytes for the params of the requests in flight. A request beyond it is answered with −32001. A request
    /// that is larger than the limit is accepted while no other is in flight. Default 128 MiB.
    pub params_bytes: usize,
    /// Bytes queued for the client. At the limit the reader stops reading, senders of notifications wait, and progress
    /// notifications are dropped. As many bytes can be reserved for long responses, from before they are built until
    /// they are written; a request for more waits. Default 32 MiB.
    pub outbox_bytes: usize,
    /// Longest response in bytes. A longer one is replaced by the error −32008. Default 32 MiB.
    pub max_response_bytes: usize,
    /// How long a client may stall before its connection is closed: when it has closed its end and does not read its
    /// responses, or when other connections wait for memory that it holds. Default 5 s.
    pub stall_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        const MIB: usize = 1024 * 1024;
        Self {
            max_line_bytes: 64 * MIB,
            max_in_flight: 1024,
            params_bytes: 128 * MIB,
            outbox_bytes: 32 * MIB,
            max_response_bytes: 32 * MIB,
            stall_timeout: Duration::from_secs(5),
        }
    }
}
