//! Why an export was not made.

use easel_imagegen::port::StorageError;
use easel_picture::TransformError;
use easel_protocol::id::ImageId;
use easel_store::{ExportError, SetError};

use super::workers::TIME_LIMIT;
use crate::requests::RequestError;

/// Why the pictures of an export were not made. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ExportFailure {
    /// The image does not go with a field of the params.
    #[error("{field}: {reason}")]
    Field { field: &'static str, reason: String },
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Picture(#[from] easel_picture::Error),
    /// The scaler refused the picture.
    #[error(transparent)]
    Scale(TransformError),
    #[error("it was not ready within {} s", TIME_LIMIT.as_secs())]
    Timeout,
    /// A decoder or encoder panicked, which the panic hook has logged.
    #[error("it could not be made")]
    Panic,
}

impl ExportFailure {
    /// Creates the failure for a field; `reason` completes the sentence that the field begins.
    pub(super) fn field(field: &'static str, reason: impl Into<String>) -> Self {
        Self::Field { field, reason: reason.into() }
    }
}

impl From<TransformError> for ExportFailure {
    fn from(error: TransformError) -> Self {
        match error {
            TransformError::Aspect { .. } => Self::field("fit", format!("must be contain or cover: {error}")),
            TransformError::Blank => Self::field("trim", "would cut off everything: the picture has one color"),
            TransformError::NoRoom => Self::field("padding", "leaves no room for the picture"),
            TransformError::TooLarge(..) => Self::field("width", format!("must be smaller: {error}")),
            TransformError::Scale(_) => Self::Scale(error),
        }
    }
}

impl RequestError {
    /// Converts an error of exporting an image.
    pub(super) fn export(error: ExportError, image_id: ImageId) -> Self {
        match error {
            ExportError::ImageNotFound => Self::ImageNotFound(image_id),
            ExportError::Path(error) => Self::field("path", error.to_string()),
            ExportError::Storage(error) => Self::Storage(error),
        }
    }

    /// Converts an error of making the pictures of an export.
    pub(super) fn export_failure(error: ExportFailure, image_id: &ImageId) -> Self {
        match error {
            ExportFailure::Field { field, reason } => Self::field(field, reason),
            ExportFailure::Storage(error) => Self::Storage(error),
            error @ (ExportFailure::Picture(_)
            | ExportFailure::Scale(_)
            | ExportFailure::Timeout
            | ExportFailure::Panic) => Self::NotExported { image_id: image_id.clone(), reason: error.to_string() },
        }
    }

    /// Converts an error of writing a set of files.
    pub(super) fn export_set(error: SetError) -> Self {
        match error {
            SetError::Storage(error) => Self::Storage(error),
            error @ (SetError::Folder(_) | SetError::File { .. }) => Self::field("folder", error.to_string()),
        }
    }
}
