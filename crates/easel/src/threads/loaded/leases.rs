//! Leases: the right of this process to write to a thread, for as long as a change takes. A loaded thread keeps its
//! lease.

use std::sync::Arc;

use easel_protocol::id::ThreadId;
use easel_store::EaselStore;
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

use super::{Registry, ThreadQueue};
use crate::requests::RequestError;

/// Acquires and releases leases.
pub(crate) struct Leases {
    pub(super) store: EaselStore,
    pub(super) registry: Arc<Registry>,
    pub(super) queue: ThreadQueue,
    pub(super) tasks: TaskTracker,
}

/// A lease on a thread. Its holder is at the head of the thread's queue.
///
/// It ends with [`Lease::end`]. If it is dropped instead, because its holder was cancelled or has panicked, a task
/// releases it shortly afterwards.
#[must_use]
pub(crate) struct Lease {
    leases: Arc<Leases>,
    thread_id: ThreadId,
    is_held: bool,
}

impl Leases {
    /// Makes this process the writer of a thread. First closes whatever a dead writer left open.
    ///
    /// # Errors
    /// [`RequestError::ThreadInUse`] if another process uses the thread, [`RequestError::ThreadNotFound`] if the thread
    /// does not exist.
    pub(crate) async fn acquire(self: &Arc<Self>, thread_id: &str) -> Result<Lease, RequestError> {
        let acquired = self.store.acquire_writer(thread_id).await;
        acquired.map_err(|error| RequestError::lease(error, thread_id))?;
        Ok(Lease { leases: Arc::clone(self), thread_id: thread_id.into(), is_held: true })
    }

    /// Makes this process the writer of a thread's images, which an ephemeral thread leaves behind when it ends.
    ///
    /// # Errors
    /// As for [`Leases::acquire`].
    pub(crate) async fn acquire_images(self: &Arc<Self>, thread_id: &str) -> Result<Lease, RequestError> {
        let acquired = self.store.acquire_image_writer(thread_id).await;
        acquired.map_err(|error| RequestError::lease(error, thread_id))?;
        Ok(Lease { leases: Arc::clone(self), thread_id: thread_id.into(), is_held: true })
    }

    /// Runs `change` while this process is the writer of the thread.
    ///
    /// # Errors
    /// As for [`Leases::acquire`], and those of `change`.
    pub(crate) async fn with_lease<T>(
        self: &Arc<Self>,
        thread_id: &str,
        change: impl Future<Output = Result<T, RequestError>>,
    ) -> Result<T, RequestError> {
        let lease = self.acquire(thread_id).await?;
        let result = change.await;
        lease.end().await;
        result
    }

    /// Returns the error for a request that needs a loaded thread: [`RequestError::ThreadNotLoaded`], or a better
    /// reason.
    pub(crate) async fn not_loaded_error(&self, thread_id: &str) -> RequestError {
        self.explain_not_loaded(thread_id, RequestError::ThreadNotLoaded(thread_id.into())).await
    }

    /// Returns why a thread is not loaded here: it does not exist, another process uses it, or else `otherwise`.
    pub(crate) async fn explain_not_loaded(&self, thread_id: &str, otherwise: RequestError) -> RequestError {
        let may_write = self.store.check_writer(thread_id).await;
        may_write.map_or_else(|error| RequestError::lease(error, thread_id), |()| otherwise)
    }

    /// Releases the lease, so that other processes can acquire it.
    pub(super) async fn release(&self, thread_id: &str) {
        if let Err(error) = self.store.release_writer(thread_id).await {
            tracing::warn!(thread_id, %error, "the lease on a thread was not released; other processes cannot use it");
        }
    }
}

impl Lease {
    /// Releases the lease, unless the thread is loaded here.
    pub(crate) async fn end(mut self) {
        self.is_held = false;
        if !self.leases.registry.is_loaded(&self.thread_id) {
            self.leases.release(&self.thread_id).await;
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // Without a runtime the process is about to end, which releases its leases.
        if !self.is_held || Handle::try_current().is_err() {
            return;
        }
        let (leases, thread_id) = (Arc::clone(&self.leases), std::mem::take(&mut self.thread_id));
        self.leases.tasks.spawn(async move {
            // The next request of the thread may have acquired the lease again.
            let _guard = leases.queue.enter(&thread_id).await;
            if !leases.registry.is_loaded(&thread_id) {
                leases.release(&thread_id).await;
            }
        });
    }
}
