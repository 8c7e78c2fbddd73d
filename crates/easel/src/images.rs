//! The service of `image/…`: lists, reads, exports and deletes images, and stores those of user messages.

mod attachments;
mod delete;
mod preview;
mod read;
mod reference_roots;

use std::path::PathBuf;
use std::sync::Arc;

use easel_protocol::id::ImageId;
use easel_protocol::image::{ImageListParams, ImageListResponse};
use easel_store::{EaselStore, ExistingFile, ThreadOwner};
use tokio_util::task::TaskTracker;

use crate::connections::Hub;
use crate::requests::RequestError;
use crate::threads::{LoadedThreads, ThreadQueue};
pub(crate) use preview::{PreviewBounds, PreviewError, Previews, media_type};

/// The service of `image/…`.
pub(crate) struct Images {
    pub(crate) store: EaselStore,
    pub(crate) previews: Previews,
    pub(crate) loaded: Arc<LoadedThreads>,
    pub(crate) queue: ThreadQueue,
    pub(crate) hub: Hub,
    pub(crate) tasks: TaskTracker,
    /// The server's working folder.
    pub(crate) cwd: PathBuf,
    /// The user's home folder, if it is known.
    pub(crate) user_home: Option<PathBuf>,
}

impl Images {
    /// Returns a page of generated images. `owner` is the client that asks.
    ///
    /// # Errors
    /// [`RequestError::ThreadNotFound`], [`RequestError::BadField`] for an invalid cursor, and those of the store.
    pub(crate) async fn list(
        &self,
        params: ImageListParams,
        owner: ThreadOwner,
    ) -> Result<ImageListResponse, RequestError> {
        let thread_id = params.thread_id.clone();
        let page = match params.mine {
            Some(true) => self.store.list_images_of(params, owner).await,
            Some(false) | None => self.store.list_images(params).await,
        };
        page.map_err(|error| RequestError::page(error, thread_id.as_deref()))
    }

    /// Copies an image to `path`, relative to the server's working folder. Returns the absolute path and the size in
    /// bytes.
    ///
    /// # Errors
    /// [`RequestError::ImageNotFound`], [`RequestError::BadField`] for a path that cannot be written, and those of the
    /// store.
    pub(crate) async fn export(
        &self,
        image_id: ImageId,
        path: String,
        existing: ExistingFile,
    ) -> Result<(PathBuf, u64), RequestError> {
        let exported = self.store.export_image(&image_id, path.into(), self.cwd.clone(), existing).await;
        let exported = exported.map_err(|error| RequestError::export(error, image_id))?;
        Ok((exported.path, exported.bytes))
    }
}
