//! Why a request failed, and the mapping of the reasons to JSON-RPC errors.
//!
//! Clients take a message with "login", "auth" or "credential" for a missing login, and "thread … not found" for a
//! missing session, so messages are short and exact.

use std::error::Error;

use easel_config::WriteError;
use easel_imagegen::port::{ImportError, StorageError};
use easel_protocol::id::{CallId, ImageId, ThreadId, TurnId};
use easel_protocol::tool::HeldBack;
use easel_rpc::ErrorObjectOwned;
use easel_store::{CompositeError, HistoryError, LeaseError, PageError};
use easel_thread::{InterruptError, StartError, SteerError};

use crate::images::PreviewError;

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RequestError {
    /// A field of the params has an invalid value.
    #[error("{field}: {reason}")]
    BadField { field: String, reason: String },
    /// A login was refused. This is the only error whose message may mention logins.
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
    Ephemeral(ThreadId),
    #[error("no active turn to interrupt")]
    NoActiveTurn,
    #[error("no active turn to steer")]
    NoTurnToSteer,
    #[error("expected active turn id {expected} but found {found}")]
    OtherTurn { expected: TurnId, found: TurnId },
    #[error("turn {0} runs the calls of a client; it has no model that could read a message")]
    TurnWithoutModel(TurnId),
    #[error("tool {0} is not known; the only tool that can be called is image_gen.imagegen")]
    UnknownTool(String),
    #[error("the tool image_gen.imagegen is not offered: {}", reasons.iter().map(|held_back| held_back.message.as_str()).collect::<Vec<_>>().join(" "))]
    ToolNotOffered { reasons: Vec<HeldBack> },
    #[error("call {0} of this thread has another tool or other arguments")]
    CallIdUsed(CallId),
    #[error("too many calls are waiting; try again")]
    TooManyCalls,
    /// A call has neither ended nor is it stored, which is a bug in Easel.
    #[error("the call ended without a result; the log has the reason")]
    CallLost,
    #[error("image {0} not found")]
    ImageNotFound(ImageId),
    #[error("thread {thread_id} has no image {image_id}")]
    ImageNotInThread { thread_id: ThreadId, image_id: ImageId },
    #[error("image {0} was deleted")]
    ImageDeleted(ImageId),
    #[error("image {image_id} has no preview: {reason}")]
    NoPreview { image_id: ImageId, reason: String },
    #[error("image {image_id} was not exported: {reason}")]
    NotExported { image_id: ImageId, reason: String },
    #[error("images {a} and {b} cannot be compared: {reason}")]
    NotCompared { a: ImageId, b: ImageId, reason: String },
    /// `name` is that of the reason, for programs.
    #[error("image {image_id} has no composite: {reason}")]
    NoComposite { image_id: ImageId, reason: String, name: Option<&'static str> },
    #[error(transparent)]
    Config(#[from] WriteError),
    #[error("only the config.toml in Easel's home can be written")]
    ConfigReadOnly,
    /// A configuration cannot be serialized, which is a bug in Easel.
    #[error("the configuration cannot be described")]
    Description(#[source] serde_json::Error),
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The client has cancelled the request, so nobody reads this.
    #[error("the request was cancelled")]
    Cancelled,
    #[error("the server is shutting down")]
    ShuttingDown,
}

impl RequestError {
    /// Creates the error for a field with an invalid value; `reason` completes the sentence that the field begins.
    pub(crate) fn field(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::BadField { field: field.into(), reason: reason.into() }
    }

    /// Creates the error for a login that was refused because of `error`.
    pub(crate) fn login(error: impl Error) -> Self {
        Self::Login(error.to_string())
    }

    /// Creates the error for an image in `field` that could not be imported.
    pub(crate) fn source(field: impl Into<String>, error: ImportError) -> Self {
        match error {
            ImportError::Storage(error) => Self::Storage(error),
            error @ (ImportError::NotFound { .. }
            | ImportError::TooLarge { .. }
            | ImportError::Refused { .. }
            | ImportError::Unreadable { .. }) => Self::field(field, error.client_message()),
        }
    }

    /// Creates the error for a cursor that does not come from a page of this list.
    pub(crate) fn cursor() -> Self {
        Self::field("cursor", "is invalid for this list")
    }

    /// Converts an error of reading a page of a list; `thread_id` is the thread that the params name, if they name one.
    pub(crate) fn page(error: PageError, thread_id: Option<&str>) -> Self {
        match error {
            PageError::Cursor => Self::cursor(),
            PageError::ThreadNotFound => Self::ThreadNotFound(thread_id.unwrap_or_default().into()),
            PageError::Storage(error) => Self::Storage(error),
        }
    }

    /// Converts an error of copying or reverting a thread's history; `turn_id` is the turn that the params name.
    pub(crate) fn history(error: HistoryError, thread_id: &str, turn_id: &str) -> Self {
        match error {
            HistoryError::ThreadNotFound => Self::ThreadNotFound(thread_id.into()),
            HistoryError::TurnNotFound => Self::TurnNotFound { thread_id: thread_id.into(), turn_id: turn_id.into() },
            HistoryError::TurnRunning => Self::TurnRunning(turn_id.into()),
            HistoryError::Storage(error) => Self::Storage(error),
        }
    }

    /// Converts an error of acquiring the lease on a thread.
    pub(crate) fn lease(error: LeaseError, thread_id: &str) -> Self {
        match error {
            LeaseError::Busy(busy) => Self::ThreadInUse { thread_id: thread_id.into(), pid: busy.pid },
            LeaseError::ThreadNotFound => Self::ThreadNotFound(thread_id.into()),
            LeaseError::Storage(error) => Self::Storage(error),
        }
    }

    /// Converts an error of making a preview.
    pub(crate) fn preview(error: PreviewError, image_id: ImageId) -> Self {
        match error {
            PreviewError::Storage(error) => Self::Storage(error),
            error @ (PreviewError::Picture(_) | PreviewError::Timeout | PreviewError::Panic) => {
                Self::NoPreview { image_id, reason: error.to_string() }
            }
        }
    }

    /// Converts an error of making the composite of an image.
    pub(crate) fn composite(error: CompositeError, image_id: ImageId) -> Self {
        match error {
            CompositeError::Storage(error) => Self::Storage(error),
            CompositeError::ImageNotFound => Self::ImageNotFound(image_id),
            CompositeError::Refused(refusal) => {
                Self::NoComposite { image_id, reason: refusal.to_string(), name: Some(refusal.name()) }
            }
            error @ (CompositeError::Compare(_) | CompositeError::Store(_)) => {
                Self::NoComposite { image_id, reason: error.to_string(), name: None }
            }
        }
    }

    /// Converts an error of steering a turn; `expected` is the turn that the params name.
    pub(crate) fn steer(error: SteerError, expected: &str) -> Self {
        match error {
            SteerError::NoTurn => Self::NoTurnToSteer,
            SteerError::NoModel(turn) => Self::TurnWithoutModel(turn),
            SteerError::OtherTurn(found) => Self::OtherTurn { expected: expected.into(), found },
            SteerError::QueueFull => Self::field("input", "too much input is waiting; try again"),
        }
    }

    /// Converts an error of interrupting a turn; `expected` is the turn that the params name.
    pub(crate) fn interrupt(error: InterruptError, expected: TurnId) -> Self {
        match error {
            InterruptError::NoTurn => Self::NoActiveTurn,
            InterruptError::OtherTurn(found) => Self::OtherTurn { expected, found },
        }
    }
}

impl From<StartError> for RequestError {
    fn from(error: StartError) -> Self {
        match error {
            StartError::Storage(error) => Self::Storage(error),
            StartError::ActorEnded => Self::ShuttingDown,
        }
    }
}

impl From<RequestError> for ErrorObjectOwned {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::BadField { field, reason } => easel_rpc::invalid_params(&field, &reason),
            RequestError::Storage(error) => {
                tracing::error!(error = &error as &dyn Error, kind = ?error.kind(), "storage failed");
                internal_error(error.client_message())
            }
            RequestError::ConfigReadOnly => config_error("configLayerReadonly", &error.to_string()),
            RequestError::Config(WriteError::Conflict) => config_error("configVersionConflict", &error.to_string()),
            RequestError::Config(WriteError::Invalid(reason)) => config_error("configValidationError", &reason),
            RequestError::Config(WriteError::Io { path, source }) => {
                tracing::error!(path = %path.display(), error = &source as &dyn Error, "cannot write the configuration");
                internal_error(format!("Nothing was written: cannot write {}: {source}", path.display()))
            }
            RequestError::Config(error @ WriteError::Busy { .. }) => internal_error(error.to_string()),
            RequestError::Description(source) => {
                tracing::error!(error = &source as &dyn Error, "cannot describe the configuration");
                internal_error("the configuration cannot be described; the log has the reason")
            }
            RequestError::TooManyCalls => easel_rpc::overloaded(),
            error @ RequestError::CallLost => internal_error(error.to_string()),
            RequestError::NoComposite { name: Some(name), .. } => {
                easel_rpc::invalid_request_with(&error.to_string(), serde_json::json!({ "refused": name }))
            }
            RequestError::ToolNotOffered { ref reasons } => {
                easel_rpc::invalid_request_with(&error.to_string(), serde_json::json!({ "reasons": reasons }))
            }
            error @ (RequestError::Login(_)
            | RequestError::ThreadNotFound(_)
            | RequestError::ThreadNotLoaded(_)
            | RequestError::ThreadInUse { .. }
            | RequestError::TurnRunning(_)
            | RequestError::TurnNotFound { .. }
            | RequestError::Ephemeral(_)
            | RequestError::NoActiveTurn
            | RequestError::NoTurnToSteer
            | RequestError::OtherTurn { .. }
            | RequestError::TurnWithoutModel(_)
            | RequestError::UnknownTool(_)
            | RequestError::CallIdUsed(_)
            | RequestError::ImageNotFound(_)
            | RequestError::ImageNotInThread { .. }
            | RequestError::ImageDeleted(_)
            | RequestError::NoPreview { .. }
            | RequestError::NotExported { .. }
            | RequestError::NotCompared { .. }
            | RequestError::NoComposite { .. }
            | RequestError::Cancelled
            | RequestError::ShuttingDown) => easel_rpc::invalid_request(&error.to_string()),
        }
    }
}

/// Creates an error that the client can do nothing about. `message` is for the client; the log has the details.
fn internal_error(message: impl Into<String>) -> ErrorObjectOwned {
    ErrorObjectOwned::owned(easel_rpc::code::INTERNAL_ERROR, message, None::<()>)
}

/// Creates an error of `config/…`. Clients branch on the tag, which is the Codex app-server's, and not on the message.
fn config_error(tag: &str, message: &str) -> ErrorObjectOwned {
    easel_rpc::invalid_request_with(message, serde_json::json!({ "config_write_error_code": tag }))
}
