//! The ports of the tool: a provider that runs the model and draws images, and a store that keeps them.
//!
//! Image bytes cross these traits only through [`Files`], in pieces: read from the one copy on disk, written to a
//! staged file. A job, an event or a record never contains them.

mod approver;
mod edit;
mod error;
mod hook_runner;
mod provider;
mod send_gate;
mod staged_image;
mod store;

use std::io::{self, Read, Seek, Write};
use std::path::PathBuf;

use easel_protocol::id::ImageId;
use easel_protocol::record::{Billed, ImageError, ImageErrorKind, ImageFacts};

use crate::model_copy::ModelCopy;
pub use approver::Approver;
pub use edit::{EditSource, ExaminedEdit, StagedComposite};
pub use error::{ImportError, ReserveError, StorageError, StorageErrorKind};
pub use hook_runner::HookRunner;
pub use provider::{
    FunctionCall, GeneratedImage, GeneratedImages, ImageJob, ModelError, ModelEvent, ModelRequest, Preview,
    PreviewSink, Provider, ProviderInfo, Reasoning, ReasoningEvent, ReasoningPart,
};
pub use send_gate::{SendGate, SendPermit};
pub use staged_image::StagedImage;
pub use store::{Admission, CallEnd, CallStart, ImageSource, Origin, RequestStart, Store, StoredThread, ThreadImage};

/// An image in Easel's store. A provider reads no other files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The handle. A file that the model named by path has none.
    pub id: Option<ImageId>,
    /// The absolute path of Easel's copy.
    pub path: PathBuf,
    /// Format, size and hash of the content.
    pub facts: ImageFacts,
    /// Where the bytes came from.
    pub provenance: Provenance,
}

/// Where the bytes of an image came from. User images may carry metadata and are sent through [`crate::strip`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provenance {
    /// The user attached the image, or the model named it among the user's files.
    User,
    /// A provider generated the image in this thread or in one that this thread was forked from.
    Generated,
}

/// The image files of one thread: a provider reads references from it and writes new images to it. All methods block
/// for the disk, but not for long.
pub trait Files: Send + Sync + 'static {
    /// An open image.
    type Reader: Read + Seek + Send + 'static;
    /// An unfinished image. Dropping it removes its file.
    type Writer: Write + Send + 'static;

    /// Opens an image of the store.
    ///
    /// # Errors
    /// Those of the file system.
    fn open(&self, image: &Reference) -> io::Result<Self::Reader>;
    /// Opens a copy that [`Store::model_copies`] returned. It may have been removed since.
    ///
    /// # Errors
    /// Those of the file system.
    fn open_copy(&self, copy: &ModelCopy) -> io::Result<Self::Reader>;
    /// Creates a file for a new image.
    ///
    /// # Errors
    /// Those of the file system.
    fn create(&self) -> io::Result<Self::Writer>;
    /// Completes an image and makes it durable.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidData`] if the content is not a PNG, JPEG, WebP or GIF image; otherwise those of the file
    /// system.
    fn stage(&self, writer: Self::Writer) -> io::Result<StagedImage>;
    /// Completes a preview of an unfinished image. It never becomes part of the thread and does not survive a crash.
    ///
    /// # Errors
    /// Those of [`Self::stage`].
    fn stage_preview(&self, writer: Self::Writer) -> io::Result<StagedImage>;
}

/// Creates an [`ImageError`] from a kind and a message. It is retryable if the same call may succeed later.
pub fn image_error(kind: ImageErrorKind, message: impl Into<String>) -> ImageError {
    let retryable = match kind {
        ImageErrorKind::RateLimited
        | ImageErrorKind::Timeout
        | ImageErrorKind::Network
        | ImageErrorKind::Interrupted => true,
        ImageErrorKind::InvalidArguments
        | ImageErrorKind::ReferenceNotFound
        | ImageErrorKind::ReferenceRefused
        | ImageErrorKind::ModerationBlocked
        | ImageErrorKind::Unauthorized
        | ImageErrorKind::Configuration
        | ImageErrorKind::UsageLimit
        | ImageErrorKind::BudgetExceeded
        | ImageErrorKind::ApprovalDenied
        | ImageErrorKind::HookDenied
        | ImageErrorKind::BadResponse
        | ImageErrorKind::Storage
        | ImageErrorKind::Internal => false,
    };
    ImageError {
        kind,
        message: message.into(),
        http_status: None,
        code: None,
        request_id: None,
        attempts: 0,
        elapsed_ms: 0,
        retryable,
        billed: Billed::No,
        usage_limit: None,
    }
}
