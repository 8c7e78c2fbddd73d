//! The service of `image/…`: lists, reads, compares, exports and deletes images, and stores those of user messages.

mod attachments;
mod compare;
mod composite;
mod delete;
mod export;
mod preview;
mod read;
mod reference_roots;

use std::path::PathBuf;
use std::sync::Arc;

use easel_protocol::image::{ImageListParams, ImageListResponse};
use easel_store::{EaselStore, ThreadOwner};
use tokio_util::task::TaskTracker;

use crate::connections::Hub;
use crate::requests::RequestError;
use crate::threads::{LoadedThreads, ThreadQueue};
pub(crate) use export::ExportWorkers;
pub(crate) use preview::{PreviewBounds, PreviewError, Previews, media_type};

/// The service of `image/…`.
pub(crate) struct Images {
    pub(crate) store: EaselStore,
    pub(crate) previews: Previews,
    pub(crate) exports: ExportWorkers,
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
}
