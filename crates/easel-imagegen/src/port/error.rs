//! Errors of the storage port.
//!
//! Each error has a kind that callers branch on, a text for the client, and a text with a source chain for the log.
//! [`Display`](std::fmt::Display) writes the text for the log; `client_message` returns the one for the client.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

use easel_protocol::record::ImageErrorKind;

use crate::spending::LimitError;

/// What kind of failure a [`StorageError`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StorageErrorKind {
    /// The disk is full, or the user's quota is used up.
    DiskFull,
    /// Another program holds the lock of the database.
    Locked,
    /// The database or one of its rows cannot be read.
    Damaged,
    /// A newer version of Easel has changed the database.
    NewerVersion,
    /// The operating system denies access to a file.
    PermissionDenied,
    /// A file or a row does not exist.
    NotFound,
    /// The store was closed.
    Closed,
    /// Any other failure.
    Other,
}

/// A failure of the store.
#[derive(Debug, Clone)]
pub struct StorageError {
    kind: StorageErrorKind,
    client_message: String,
    source: Option<Arc<dyn Error + Send + Sync>>,
}

impl StorageError {
    /// Creates an error without a source. `client_message` is a sentence that says what happened and what helps.
    pub fn new(kind: StorageErrorKind, client_message: impl Into<String>) -> Self {
        Self { kind, client_message: client_message.into(), source: None }
    }

    /// Returns the error with the failure that caused it. The log then shows that failure instead of the client's text.
    pub fn with_source(self, source: impl Error + Send + Sync + 'static) -> Self {
        Self { source: Some(Arc::new(source)), ..self }
    }

    /// Returns what kind of failure this is.
    pub fn kind(&self) -> StorageErrorKind {
        self.kind
    }

    /// Returns the text for the client. It names no file, except one in which an image was kept.
    pub fn client_message(&self) -> &str {
        &self.client_message
    }
}

impl fmt::Display for StorageError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Some(source) => write!(formatter, "{source}"),
            None => formatter.write_str(&self.client_message),
        }
    }
}

impl Error for StorageError {
    /// [`Display`](fmt::Display) writes the first error of the chain, so this returns the second.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_ref()?.source()
    }
}

/// Why a call was not journaled. It must not be sent.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ReserveError {
    /// A limit of spending refuses the call.
    #[error("{0}")]
    Refused(Box<LimitError>),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why an image was not imported. `image` names the image, never its content.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file does not exist.
    #[error("{image} does not exist")]
    NotFound {
        /// The image as messages name it.
        image: String,
    },
    /// The image is larger than the configuration allows.
    #[error("{image} {excess}")]
    TooLarge {
        /// The image as messages name it.
        image: String,
        /// The limit that the image exceeds, such as "is larger than 50 bytes".
        excess: String,
    },
    /// The file must not be read, or is not an image that Easel accepts.
    #[error("{image} {reason}")]
    Refused {
        /// The image as messages name it.
        image: String,
        /// The rest of the sentence.
        reason: String,
    },
    /// The operating system could not read the file.
    #[error("{image} cannot be read")]
    Unreadable {
        /// The image as messages name it.
        image: String,
        /// What the operating system reported.
        source: io::Error,
    },
    /// The store could not keep its copy.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl ImportError {
    /// Returns the kind that the item of a failed image call has.
    pub fn kind(&self) -> ImageErrorKind {
        match self {
            Self::NotFound { .. } => ImageErrorKind::ReferenceNotFound,
            Self::TooLarge { .. } | Self::Refused { .. } | Self::Unreadable { .. } => ImageErrorKind::ReferenceRefused,
            Self::Storage(_) => ImageErrorKind::Storage,
        }
    }

    /// Returns the text for the client or the model.
    pub fn client_message(&self) -> String {
        match self {
            Self::NotFound { .. } | Self::TooLarge { .. } | Self::Refused { .. } => self.to_string(),
            // An error of the operating system is described by its kind, since its text ends with a number.
            Self::Unreadable { image, source } => match source.get_ref() {
                Some(reason) => format!("{image} cannot be read: {reason}"),
                None => format!("{image} cannot be read: {}", source.kind()),
            },
            Self::Storage(error) => error.client_message().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_text_follows_the_source_chain() {
        let unreadable = ImportError::Unreadable { image: "the image".into(), source: io::Error::other("bad sector") };
        let error = StorageError::new(StorageErrorKind::Damaged, "The disk is damaged.").with_source(unreadable);
        assert_eq!(error.client_message(), "The disk is damaged.");
        assert_eq!(error.to_string(), "the image cannot be read");
        assert_eq!(error.source().unwrap().to_string(), "bad sector");
    }

    #[test]
    fn error_without_source_logs_the_client_text() {
        let error = StorageError::new(StorageErrorKind::Closed, "Easel's store is closed.");
        assert_eq!(error.to_string(), "Easel's store is closed.");
        assert!(error.source().is_none());
    }

    #[test]
    fn import_error_has_kind_and_text_for_the_client() {
        let image = || "the image".to_owned();
        let storage = StorageError::new(StorageErrorKind::DiskFull, "The disk is full.");
        assert_eq!(storage.kind(), StorageErrorKind::DiskFull);
        // Each system has a number of its own for it.
        let os_error = io::Error::from_raw_os_error(if cfg!(windows) { 5 } else { 13 });
        for (error, kind, text) in [
            (ImportError::NotFound { image: image() }, ImageErrorKind::ReferenceNotFound, "the image does not exist"),
            (
                ImportError::TooLarge { image: image(), excess: "is too large".to_owned() },
                ImageErrorKind::ReferenceRefused,
                "the image is too large",
            ),
            (
                ImportError::Unreadable { image: image(), source: io::Error::other("bad sector") },
                ImageErrorKind::ReferenceRefused,
                "the image cannot be read: bad sector",
            ),
            (
                ImportError::Unreadable { image: image(), source: os_error },
                ImageErrorKind::ReferenceRefused,
                "the image cannot be read: permission denied",
            ),
            (ImportError::Storage(storage), ImageErrorKind::Storage, "The disk is full."),
        ] {
            assert_eq!((error.kind(), error.client_message().as_str()), (kind, text));
        }
    }
}
