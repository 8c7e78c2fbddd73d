//! What the tool needs from the outside: a provider that answers and draws, and a store that keeps.
//!
//! Image bytes cross these traits only through [`Files`]: read in pieces from the one copy on disk, written in pieces
//! to a staged file. Nothing in a job, an event or a record can hold them.

mod error;
mod provider;
mod send_gate;
mod staged_image;
mod store;

use std::io::{self, Read, Seek, Write};
use std::path::PathBuf;

use easel_protocol::id::ImageId;
use easel_protocol::record::{Billed, ImageError, ImageErrorKind, ImageFacts};

pub use error::{ImportError, StorageError, StorageErrorKind};
pub use provider::{
    FunctionCall, GeneratedImage, GeneratedImages, ImageJob, ModelError, ModelEvent, ModelRequest, Preview,
    PreviewSink, Provider, ProviderInfo,
};
pub use send_gate::{SendGate, SendPass};
pub use staged_image::StagedImage;
pub use store::{CallEnd, CallStart, ImageSource, Origin, RequestStart, Store, StoredThread, ThreadImage};

/// One image in Easel's own store: all that a provider ever reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The handle, where the image has one: a file that the model named by path has none.
    pub id: Option<ImageId>,
    pub path: PathBuf,
    pub facts: ImageFacts,
    pub provenance: Provenance,
}

/// Whose bytes an image has. What was given may say more than it shows, and is sent as [`crate::strip`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provenance {
    /// A user attached it, or a model named it among the user's files.
    User,
    /// A provider made it in this thread or one that this was forked from.
    Generated,
}

/// Where a provider reads references and puts what it makes, for one thread. All calls block for disk, not for long.
pub trait Files: Send + Sync + 'static {
    type Reader: Read + Seek + Send + 'static;
    type Writer: Write + Send + 'static;

    fn open(&self, image: &Reference) -> io::Result<Self::Reader>;
    fn create(&self) -> io::Result<Self::Writer>;
    /// Ends an image: refuses with [`io::ErrorKind::InvalidData`] what is not a PNG, JPEG, WebP or GIF by content.
    fn stage(&self, writer: Self::Writer) -> io::Result<StagedImage>;
    /// The same for what an image looks like while it is made: it is no image of the thread, and outlives no crash.
    fn stage_preview(&self, writer: Self::Writer) -> io::Result<StagedImage>;
}

/// An [`ImageError`] with nothing but a kind and a sentence. What passes by itself is retryable; what the same call
/// would meet again is not.
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
        | ImageErrorKind::UsageLimit
        | ImageErrorKind::BudgetExceeded
        | ImageErrorKind::ApprovalDenied
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
