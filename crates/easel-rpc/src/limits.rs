use std::time::Duration;

/// What one connection may hold. Every bound has a full case: see each field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one incoming line without its newline. A longer line is skipped, never held, and answered −32600.
    /// Default 64 MiB.
    pub max_line_bytes: usize,
    /// Requests that were accepted and are not answered yet. One more is answered −32001. Default 1,024.
    pub max_in_flight: usize,
    /// Bytes of the params of the requests in flight, as they lie in memory. A request beyond the bound is answered
    /// −32001; one that is larger than the bound passes when it is alone. Default 128 MiB.
    pub params_bytes: usize,
    /// Bytes queued towards the client. At the bound the reader stops reading and senders of notifications wait;
    /// progress is dropped. As many bytes of long answers may exist at the same time, from the moment they are built
    /// until they are written; a request for one more waits. Default 32 MiB.
    pub outbox_bytes: usize,
    /// Bytes of one serialized response. A longer one is replaced by the error −32008. Default 32 MiB.
    pub max_response_bytes: usize,
    /// How long a client may leave its answers unread after it has closed its end, or while other connections wait for the
    /// memory; then its connection ends. Default 5 s.
    pub silence: Duration,
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
            silence: Duration::from_secs(5),
        }
    }
}
