//! Draws pictures on blocking threads.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

/// Draws at most one picture per core at a time: each takes a core and some tens of megabytes.
#[derive(Debug)]
pub(super) struct DrawingPool {
    permits: Arc<Semaphore>,
}

/// Why a drawing has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interruption {
    Stopped,
    Panicked,
}

impl DrawingPool {
    pub(super) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self { permits: Arc::new(Semaphore::new(cores)) }
    }

    /// Calls `draw` on a blocking thread, after `pause` and once a permit is free. `stop` has no effect after the
    /// drawing has started.
    pub(super) async fn draw<T: Send + 'static>(
        &self,
        pause: Duration,
        stop: &CancellationToken,
        draw: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Interruption> {
        let permit = stop.run_until_cancelled(async {
            tokio::time::sleep(pause).await;
            Arc::clone(&self.permits).acquire_owned().await
        });
        let permit = permit.await.ok_or(Interruption::Stopped)?;
        let drawing = tokio::task::spawn_blocking(move || {
            // Held to the end of the drawing, even if its future is dropped.
            let _permit = permit;
            draw()
        });
        drawing.await.map_err(|_| Interruption::Panicked)
    }
}
