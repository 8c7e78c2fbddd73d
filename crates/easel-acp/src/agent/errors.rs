//! Errors of the app-server as errors of the protocol.

use easel_client::ClientError;
use easel_protocol::turn::{CodexErrorInfo, Turn};
use easel_rpc::{ErrorObjectOwned, auth_required, failed, invalid_request, resource_not_found};

/// Converts an error of the app-server.
pub(super) fn app_error(error: ClientError) -> ErrorObjectOwned {
    match error {
        ClientError::Refused { message, .. } if message.starts_with("thread ") && message.ends_with(" not found") => {
            resource_not_found(&message)
        }
        ClientError::Refused { code, message } => ErrorObjectOwned::owned(code, message, None::<()>),
        error @ ClientError::TooLong { .. } => invalid_request(&error.to_string()),
        ClientError::Closed | ClientError::Protocol(_) | ClientError::Io(_) => failed(&error.to_string()),
    }
}

/// Returns the error of a turn that failed.
pub(super) fn turn_error(turn: &Turn) -> ErrorObjectOwned {
    let Some(error) = &turn.error else { return failed("the turn failed") };
    match error.codex_error_info {
        Some(CodexErrorInfo::Unauthorized) => auth_required(&error.message),
        Some(_) | None => failed(&error.message),
    }
}
