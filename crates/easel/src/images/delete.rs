//! Deletes an image from a thread.

use std::sync::Arc;

use easel_protocol::event::{Event, ImageDeletedNotification};
use easel_protocol::id::{ImageId, ThreadId};

use super::Images;
use crate::connections::Client;
use crate::requests::RequestError;
use crate::threads::{QueueGuard, require_thread};

/// An image that was deleted.
pub(crate) struct DeletedImage {
    pub(crate) thread_id: ThreadId,
    pub(crate) image_id: ImageId,
    /// Whether the file was deleted too; forks may still use it.
    pub(crate) file_deleted: bool,
    /// Keeps other requests of the thread waiting until the event is sent.
    guard: QueueGuard,
}

impl Images {
    /// Deletes an image from the thread, or from the only thread that uses it if `thread_id` is `None`.
    ///
    /// # Errors
    /// [`RequestError::ImageNotFound`], [`RequestError::ImageNotInThread`], [`RequestError::ThreadNotFound`],
    /// [`RequestError::BadField`] if several threads use the image and none is named, [`RequestError::TurnRunning`],
    /// [`RequestError::ThreadInUse`], and those of the store.
    pub(crate) async fn delete(
        &self,
        image_id: ImageId,
        thread_id: Option<ThreadId>,
    ) -> Result<DeletedImage, RequestError> {
        let thread_id = self.thread_with(&image_id, thread_id).await?;
        let guard = self.queue.enter(&thread_id).await;
        self.loaded.actors.wait_until_idle(&thread_id).await?;
        // Another request may have deleted the image in the meantime.
        let thread_id = self.thread_with(&image_id, Some(thread_id)).await?;
        let lease = self.loaded.leases.acquire_images(&thread_id).await?;
        // Even if the file cannot be deleted, the conversation in memory must not show an image that history marks as
        // deleted.
        let deleted = match self.loaded.actors.evict(&thread_id) {
            Ok(()) => self.store.delete_image(&thread_id, &image_id).await.map_err(RequestError::from),
            Err(error) => Err(error),
        };
        lease.end().await;
        Ok(DeletedImage { thread_id, image_id, file_deleted: deleted?, guard })
    }

    /// Sends the event about a deleted image.
    pub(crate) async fn publish_deleted(&self, requester: &Arc<Client>, deleted: DeletedImage) {
        let DeletedImage { thread_id, image_id, guard, .. } = deleted;
        let event = Event::ImageDeleted(ImageDeletedNotification { thread_id: thread_id.clone(), image_id });
        self.hub.publish_with(&thread_id, requester, event).await;
        drop(guard);
    }

    /// Returns the thread to delete the image from. Fails if this thread does not use the image.
    async fn thread_with(&self, image_id: &str, requested: Option<ThreadId>) -> Result<ThreadId, RequestError> {
        let mut threads = self.store.threads_with_image(image_id).await?;
        let Some(requested) = requested else {
            if threads.len() > 1 {
                return Err(RequestError::field("threadId", "is required: several threads use this image"));
            }
            return threads.pop().ok_or_else(|| RequestError::ImageNotFound(image_id.into()));
        };
        if threads.contains(&requested) {
            return Ok(requested);
        }
        if threads.is_empty() {
            return Err(RequestError::ImageNotFound(image_id.into()));
        }
        require_thread(&self.store, &requested).await?;
        Err(RequestError::ImageNotInThread { thread_id: requested, image_id: image_id.into() })
    }
}
