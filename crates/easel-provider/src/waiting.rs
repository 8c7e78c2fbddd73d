//! The limit on waiting for the network.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long one call waits for the network: until a deadline, or until nobody wants its answer any more. Work on this
/// machine has no limit, so that what has arrived is kept.
#[derive(Debug, Clone)]
pub(crate) struct Waiting {
    stop: CancellationToken,
    deadline: Instant,
}

/// Why the network is waited for no longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    Deadline,
    Stopped,
}

impl Waiting {
    pub(crate) fn new(stop: CancellationToken, deadline: Instant) -> Self {
        Self { stop, deadline }
    }

    /// Waits for `network` and drops it when the time is over. It must not own a file that is to be kept.
    pub(crate) async fn on<T>(&self, network: impl Future<Output = T>) -> Result<T, Over> {
        tokio::select! {
            // First, so that a peer which sends without an end cannot prevent them.
            biased;
            () = self.stop.cancelled() => Err(Over::Stopped),
            () = tokio::time::sleep_until(self.deadline) => Err(Over::Deadline),
            value = network => Ok(value),
        }
    }

    pub(crate) fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}
