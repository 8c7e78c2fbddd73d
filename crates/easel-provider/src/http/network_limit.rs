//! The limit on waiting for the network.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Limits how long a call waits for the network: until a deadline, or until `stop` is cancelled.
///
/// Local work, such as writing files, has no limit, so that images that have arrived are kept.
#[derive(Debug, Clone)]
pub(crate) struct NetworkLimit {
    stop: CancellationToken,
    deadline: Instant,
}

/// The reason why a call no longer waits for the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LimitReached {
    /// The deadline has passed.
    #[error("the deadline has passed")]
    Deadline,
    /// The turn was interrupted.
    #[error("the turn was interrupted")]
    Stopped,
}

impl NetworkLimit {
    pub(crate) fn new(stop: CancellationToken, deadline: Instant) -> Self {
        Self { stop, deadline }
    }

    /// Waits for `network`, and drops it once the limit is reached. It must not own a file that should be kept.
    ///
    /// # Errors
    ///
    /// Returns which limit was reached first.
    pub(crate) async fn run<T>(&self, network: impl Future<Output = T>) -> Result<T, LimitReached> {
        tokio::select! {
            // The limits come first, so that a peer which never stops sending cannot starve them.
            biased;
            () = self.stop.cancelled() => Err(LimitReached::Stopped),
            () = tokio::time::sleep_until(self.deadline) => Err(LimitReached::Deadline),
            value = network => Ok(value),
        }
    }

    /// Waits for `pause` between two attempts.
    ///
    /// # Errors
    ///
    /// Returns which limit was reached first.
    pub(crate) async fn sleep(&self, pause: Duration) -> Result<(), LimitReached> {
        self.run(tokio::time::sleep(pause)).await
    }

    /// Returns the time until the deadline.
    pub(crate) fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }
}
