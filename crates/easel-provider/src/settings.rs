//! Time limits and retry limits of a provider.

use std::time::Duration;

/// Time limits of a provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For opening a connection.
    pub connect: Duration,
    /// Between two chunks of the model's response.
    pub stream_idle: Duration,
    /// For a whole response of the model.
    pub response: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            stream_idle: Duration::from_secs(300),
            response: Duration::from_secs(3_600),
        }
    }
}

/// How often a request to the model is sent again.
///
/// For one response of the model, `request` and `stream` share a budget, which is the larger of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// Requests that got no response.
    pub request: u32,
    /// Responses that were truncated before any of their events was used.
    pub stream: u32,
}

impl Default for Retries {
    fn default() -> Self {
        Self { request: 2, stream: 2 }
    }
}
