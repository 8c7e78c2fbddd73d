//! The current configuration of a loaded thread, which a configuration change replaces.
//!
//! A turn keeps the configuration that it started with, except that stricter limits apply to it at once: every request
//! that may be billed for images acquires a [`SendPermit`] immediately before it is sent.

use std::sync::Arc;

use easel_imagegen::port::SendPermit;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::ThreadConfig;

/// The current configuration of a thread, shared by its actor and all handles of the thread.
///
/// It has the version of the process's configuration from which it was derived, so that a request that starts a turn
/// can detect that it is out of date.
#[derive(Debug, Clone)]
pub struct LiveConfig(Arc<watch::Sender<Current>>);

#[derive(Debug)]
struct Current {
    version: u64,
    /// Threads with equal configuration may share it.
    config: Arc<ThreadConfig>,
    /// Counts the permits that were granted under this configuration and are still in use.
    permits: TaskTracker,
    /// Cancelled once the response to the request that changed the configuration is sent.
    response_sent: Option<CancellationToken>,
}

/// Watches a thread's configuration for a running turn.
#[derive(Debug)]
pub(crate) struct ConfigWatcher(watch::Receiver<Current>);

/// The requests that were permitted under a replaced configuration and may not have reached their connection yet.
#[derive(Debug)]
pub struct PendingSends(Option<TaskTracker>);

impl PendingSends {
    /// Waits until none of them is left. Requests that start later follow the new configuration.
    pub async fn wait(self) {
        if let Some(permits) = self.0 {
            permits.wait().await;
        }
    }
}

impl LiveConfig {
    /// Creates the configuration of a thread. It was derived from this version of the process's configuration.
    pub fn new(version: u64, config: Arc<ThreadConfig>) -> Self {
        Self(Arc::new(watch::Sender::new(Current {
            version,
            config,
            permits: TaskTracker::new(),
            response_sent: None,
        })))
    }

    /// Returns the configuration as it is now.
    pub fn get(&self) -> Arc<ThreadConfig> {
        Arc::clone(&self.0.borrow().config)
    }

    /// Returns the version of the process's configuration from which this one was derived.
    pub fn version(&self) -> u64 {
        self.0.borrow().version
    }

    /// Replaces the configuration, unless the current one was derived from a later version. `response_sent` is
    /// cancelled once the response to the request that changed the configuration is sent; events that follow from the
    /// change wait for it.
    pub fn replace(
        &self,
        version: u64,
        config: Arc<ThreadConfig>,
        response_sent: Option<&CancellationToken>,
    ) -> PendingSends {
        let mut replaced = None;
        self.0.send_if_modified(|current| {
            if current.version > version {
                return false;
            }
            let next = Current { version, config, permits: TaskTracker::new(), response_sent: response_sent.cloned() };
            replaced = Some(std::mem::replace(current, next).permits);
            true
        });
        if let Some(permits) = &replaced {
            permits.close();
        }
        PendingSends(replaced)
    }

    /// Grants a permit if `check` accepts the current configuration, which is not replaced between the check and the
    /// grant.
    pub(crate) fn acquire_permit<E>(
        &self,
        check: impl FnOnce(&ThreadConfig) -> Result<(), E>,
    ) -> Result<SendPermit, E> {
        let current = self.0.borrow();
        check(&current.config)?;
        Ok(SendPermit::with_guard(current.permits.token()))
    }

    pub(crate) fn subscribe(&self) -> ConfigWatcher {
        ConfigWatcher(self.0.subscribe())
    }
}

impl ConfigWatcher {
    /// Waits for the next change; never resolves once the thread is unloaded.
    pub(crate) async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Marks the latest change as seen. Returns the token that is cancelled when the response to the request that
    /// caused it is sent.
    pub(crate) fn mark_seen(&mut self) -> Option<CancellationToken> {
        self.0.borrow_and_update().response_sent.clone()
    }
}
