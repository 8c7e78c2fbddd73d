//! Makes previews: pictures of limited size for those who look at an image, such as a host that shows it in a chat.
//!
//! Previews are not stored: their clients choose the size, so the files would pile up.

use std::sync::Arc;
use std::time::Duration;

use easel_imagegen::port::StorageError;
use easel_picture::{Encoded, Format, Limits};
use easel_protocol::image::PreviewSize;
use easel_protocol::record::MediaType;
use easel_store::EaselStore;
use tokio::sync::Semaphore;

use crate::requests::RequestError;

/// Default longest edge in pixels: what hosts of models keep of a picture.
const DEFAULT_EDGE: u32 = 1_568;
/// Default size in bytes. Its base64 stays under 64 KiB.
const DEFAULT_BYTES: u32 = 32_768;
/// Maximum size in bytes.
const MAX_BYTES: u32 = 8 << 20;
/// How long a request waits for a worker and its work. The limits on pixels bound the work itself.
const TIME_LIMIT: Duration = Duration::from_secs(20);
/// Previews that are made at once in the process. Each may take as much memory as a model copy.
const WORKERS: usize = 2;

/// Makes previews of stored images. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Previews {
    store: EaselStore,
    workers: Arc<Semaphore>,
}

/// The checked size of a preview.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PreviewBounds {
    /// The longest edge in pixels.
    pub(crate) edge: u32,
    /// The most bytes of the encoded preview.
    pub(crate) bytes: u32,
}

/// Why an image has no preview.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PreviewError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Picture(#[from] easel_picture::Error),
    #[error("it was not ready within {} s", TIME_LIMIT.as_secs())]
    Timeout,
    /// The decoder panicked, which the panic hook has logged.
    #[error("it could not be made")]
    Panic,
}

impl PreviewBounds {
    /// Checks the size that `field` of a request asks for.
    ///
    /// # Errors
    /// [`RequestError::BadField`] for a size out of range.
    pub(crate) fn new(size: PreviewSize, field: &str) -> Result<Self, RequestError> {
        let bounds =
            Self { edge: size.max_edge.unwrap_or(DEFAULT_EDGE), bytes: size.max_bytes.unwrap_or(DEFAULT_BYTES) };
        if !(16..=4_096).contains(&bounds.edge) {
            return Err(RequestError::field(format!("{field}.maxEdge"), "must be between 16 and 4096"));
        }
        if !(1_024..=MAX_BYTES).contains(&bounds.bytes) {
            let reason = format!("must be between 1024 and {MAX_BYTES}");
            return Err(RequestError::field(format!("{field}.maxBytes"), reason));
        }
        Ok(bounds)
    }

    /// Returns the number of bytes in base64 that a preview of this size has at most; 0 for a size out of range.
    pub(crate) fn max_base64(size: PreviewSize) -> usize {
        Self::new(size, "").map_or(0, |bounds| (bounds.bytes as usize).div_ceil(3) * 4)
    }
}

impl Previews {
    pub(crate) fn new(store: EaselStore) -> Self {
        Self { store, workers: Arc::new(Semaphore::new(WORKERS)) }
    }

    /// Makes a preview of the stored image at `path`. One that is being made when the future is dropped is completed
    /// and discarded.
    ///
    /// # Errors
    /// If the file cannot be opened or decoded, no preview has so few bytes, or the time limit has passed.
    pub(crate) async fn make(&self, path: &str, bounds: PreviewBounds) -> Result<Encoded, PreviewError> {
        tokio::time::timeout(TIME_LIMIT, self.make_unlimited(path, bounds)).await.unwrap_or(Err(PreviewError::Timeout))
    }

    async fn make_unlimited(&self, path: &str, bounds: PreviewBounds) -> Result<Encoded, PreviewError> {
        let worker = Arc::clone(&self.workers).acquire_owned().await.map_err(|_| PreviewError::Panic)?;
        let file = self.store.open_image(path.into()).await?;
        let make = move || {
            // The work holds the permit, since it continues when nobody waits for it anymore.
            let _worker = worker;
            easel_picture::preview(file, bounds.edge, bounds.bytes as usize, Limits::default())
        };
        Ok(tokio::task::spawn_blocking(make).await.map_err(|_| PreviewError::Panic)??)
    }
}

/// Returns the media type of a format.
pub(crate) fn media_type(format: Format) -> MediaType {
    match format {
        Format::Png => MediaType::Png,
        Format::Jpeg => MediaType::Jpeg,
        Format::WebP => MediaType::Webp,
        Format::Gif => MediaType::Gif,
    }
}
