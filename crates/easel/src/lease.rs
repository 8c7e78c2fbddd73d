//! The right of this process to write to a thread, for as long as a change takes. A loaded thread keeps it.

use std::sync::Arc;

use tokio::runtime::Handle;

use easel_protocol::id::ThreadId;

use crate::app::App;
use crate::refusal::Refusal;

/// This process is the writer of a thread. Whoever holds it has the thread's place in the order of requests.
///
/// It ends with [`Lease::end`]; dropped, on a path that nobody foresaw, it ends a moment later.
pub(crate) struct Lease {
    app: Arc<App>,
    thread_id: ThreadId,
    is_held: bool,
}

impl App {
    /// Makes this process the writer of a thread. What a dead writer left open is closed before. Refused when another
    /// process has the thread.
    pub(crate) async fn lease(self: &Arc<Self>, thread_id: &str) -> Result<Lease, Refusal> {
        let acquired = self.store.acquire_writer(thread_id).await;
        acquired.map_err(|refused| Refusal::lease(refused, thread_id))?;
        Ok(Lease { app: Arc::clone(self), thread_id: thread_id.into(), is_held: true })
    }

    /// The same for the images of a thread, also of an ephemeral one that has ended.
    pub(crate) async fn lease_images(self: &Arc<Self>, thread_id: &str) -> Result<Lease, Refusal> {
        let acquired = self.store.acquire_image_writer(thread_id).await;
        acquired.map_err(|refused| Refusal::lease(refused, thread_id))?;
        Ok(Lease { app: Arc::clone(self), thread_id: thread_id.into(), is_held: true })
    }

    /// Does something as the one writer of a thread.
    pub(crate) async fn write<T>(
        self: &Arc<Self>,
        thread_id: &str,
        change: impl Future<Output = Result<T, Refusal>>,
    ) -> Result<T, Refusal> {
        let lease = self.lease(thread_id).await?;
        let changed = change.await;
        lease.end().await;
        changed
    }

    pub(crate) async fn release(&self, thread_id: &str) {
        if let Err(error) = self.store.release_writer(thread_id).await {
            tracing::warn!(thread_id, %error, "the thread was not given back");
        }
    }
}

impl Lease {
    /// Lets other processes have the thread, unless it is loaded here.
    pub(crate) async fn end(mut self) {
        self.is_held = false;
        if !self.app.threads.is_loaded(&self.thread_id) {
            self.app.release(&self.thread_id).await;
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // Without a runtime the process is about to end, and with it what it had.
        if !self.is_held || Handle::try_current().is_err() {
            return;
        }
        let (app, thread_id) = (Arc::clone(&self.app), std::mem::take(&mut self.thread_id));
        self.app.tasks.spawn(async move {
            // The next request of the thread may have the lease by now.
            let _place = app.order.take(&thread_id).await;
            if !app.threads.is_loaded(&thread_id) {
                app.release(&thread_id).await;
            }
        });
    }
}
