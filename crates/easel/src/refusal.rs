//! Why a request was refused, and the one place where that becomes a JSON-RPC error.
//!
//! Clients take a message with "login", "auth" or "credential" for a missing login, and "thread … not found" for a
//! missing session, so messages are short and exact.

use easel_config::WriteRefused;
use easel_imagegen::port::{ImportError, StorageError};
use easel_protocol::id::{ImageId, ThreadId, TurnId};
use easel_rpc::ErrorObjectOwned;
use easel_store::{HistoryError, LeaseError, PageError};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// A field holds what it must not; the text says which and why.
    #[error("{field}: {reason}")]
    BadField { field: String, reason: String },
    /// A login that is none; the text says why. Here a message may speak of logins.
    #[error("login refused: {0}")]
    Login(String),
    #[error("thread {0} not found")]
    ThreadNotFound(ThreadId),
    #[error("thread {0} is not loaded; call thread/resume first")]
    ThreadNotLoaded(ThreadId),
    #[error("thread {thread_id} is in use by another Easel, process {pid}")]
    ThreadInUse { thread_id: ThreadId, pid: u32 },
    #[error("turn {0} is still running")]
    TurnRunning(TurnId),
    #[error("thread {thread_id} has no turn {turn_id}")]
    TurnNotFound { thread_id: ThreadId, turn_id: TurnId },
    #[error("thread {0} is ephemeral and cannot be archived")]
    Ephemeral(String),
    #[error("no active turn to interrupt")]
    NoActiveTurn,
    #[error("no active turn to steer")]
    NoTurnToSteer,
    #[error("expected active turn id {wanted} but found {found}")]
    OtherTurn { wanted: TurnId, found: TurnId },
    #[error("image {0} not found")]
    ImageNotFound(ImageId),
    #[error("thread {thread_id} has no image {image_id}")]
    ImageNotInThread { thread_id: ThreadId, image_id: ImageId },
    #[error("image {0} was deleted")]
    ImageDeleted(ImageId),
    #[error(transparent)]
    Config(#[from] WriteRefused),
    #[error("only the configuration of the home can be written")]
    ConfigReadOnly,
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Nobody waits for this answer.
    #[error("the request was cancelled")]
    Cancelled,
    #[error("the server is shutting down")]
    ShuttingDown,
}

impl Refusal {
    pub(crate) fn field(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::BadField { field: field.into(), reason: reason.into() }
    }

    /// An image that was not taken in, and the field that it came in.
    pub(crate) fn source(field: impl Into<String>, refused: ImportError) -> Self {
        match refused {
            ImportError::Storage(error) => Self::Storage(error),
            refused @ (ImportError::NotFound { .. }
            | ImportError::TooLarge { .. }
            | ImportError::Refused { .. }
            | ImportError::Unreadable { .. }) => Self::field(field, refused.client_message()),
        }
    }

    /// A cursor that no page came with.
    pub(crate) fn cursor() -> Self {
        Self::field("cursor", "is not one that this list gave out")
    }

    pub(crate) fn page(refused: PageError, thread_id: Option<&str>) -> Self {
        match refused {
            PageError::Cursor => Self::cursor(),
            PageError::ThreadNotFound => Self::ThreadNotFound(thread_id.unwrap_or_default().into()),
            PageError::Storage(error) => Self::Storage(error),
        }
    }

    /// A part of a thread's history that is not to be had; `turn_id` is the one that was asked for.
    pub(crate) fn history(refused: HistoryError, thread_id: &str, turn_id: &str) -> Self {
        match refused {
            HistoryError::ThreadNotFound => Self::ThreadNotFound(thread_id.into()),
            HistoryError::TurnNotFound => Self::TurnNotFound { thread_id: thread_id.into(), turn_id: turn_id.into() },
            HistoryError::TurnRunning => Self::TurnRunning(turn_id.into()),
            HistoryError::Storage(error) => Self::Storage(error),
        }
    }

    pub(crate) fn lease(refused: LeaseError, thread_id: &str) -> Self {
        match refused {
            LeaseError::Busy(busy) => Self::ThreadInUse { thread_id: thread_id.into(), pid: busy.pid },
            LeaseError::ThreadNotFound => Self::ThreadNotFound(thread_id.into()),
            LeaseError::Storage(error) => Self::Storage(error),
        }
    }
}

impl From<Refusal> for ErrorObjectOwned {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::BadField { field, reason } => easel_rpc::invalid_params(&field, &reason),
            Refusal::Storage(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, kind = ?error.kind(), "storage failed");
                Self::owned(easel_rpc::code::INTERNAL_ERROR, error.client_message(), None::<()>)
            }
            Refusal::ConfigReadOnly => config_error("configLayerReadonly", &refusal.to_string()),
            Refusal::Config(WriteRefused::Conflict) => config_error("configVersionConflict", &refusal.to_string()),
            Refusal::Config(WriteRefused::Invalid(sentence)) => config_error("configValidationError", &sentence),
            Refusal::Config(error @ (WriteRefused::Io { .. } | WriteRefused::Busy { .. })) => {
                Self::owned(easel_rpc::code::INTERNAL_ERROR, error.to_string(), None::<()>)
            }
            refusal @ (Refusal::Login(_)
            | Refusal::ThreadNotFound(_)
            | Refusal::ThreadNotLoaded(_)
            | Refusal::ThreadInUse { .. }
            | Refusal::TurnRunning(_)
            | Refusal::TurnNotFound { .. }
            | Refusal::Ephemeral(_)
            | Refusal::NoActiveTurn
            | Refusal::NoTurnToSteer
            | Refusal::OtherTurn { .. }
            | Refusal::ImageNotFound(_)
            | Refusal::ImageNotInThread { .. }
            | Refusal::ImageDeleted(_)
            | Refusal::Cancelled
            | Refusal::ShuttingDown) => easel_rpc::invalid_request(&refusal.to_string()),
        }
    }
}

/// The peer's tag says what kind of refusal it is; clients branch on that and not on the sentence.
fn config_error(tag: &str, sentence: &str) -> ErrorObjectOwned {
    easel_rpc::invalid_request_with(sentence, serde_json::json!({ "config_write_error_code": tag }))
}

/// The answer to a method outside the table. A name that clients would take for a missing login is left out.
pub(crate) fn unknown_method(method: &str) -> ErrorObjectOwned {
    let error = easel_rpc::method_not_found(method);
    let message = format!("{}; it is not part of an image sidecar", error.message());
    ErrorObjectOwned::owned(error.code(), message, None::<()>)
}
