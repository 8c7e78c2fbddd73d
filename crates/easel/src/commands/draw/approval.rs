//! The question whether an image call may be made, on the terminal.

use std::time::Duration;

use easel_client::{ClientError, ServerRequest};
use easel_protocol::approval::{
    ApprovalScope, NetworkPermissions, PermissionProfile, PermissionsRequestApprovalParams,
    PermissionsRequestApprovalResponse,
};
use easel_protocol::method::PermissionsRequestApproval;
use tokio_util::sync::CancellationToken;

use super::progress::Progress;
use crate::commands::ask;

/// Asks the user whether a call may be made, and sends the answer. Only `y` and `yes` allow it; no answer in time or a
/// stop denies it.
///
/// # Errors
/// If the connection fails. A request of another kind is refused.
pub(super) async fn answer(
    request: ServerRequest,
    progress: &Progress,
    stopping: &CancellationToken,
) -> Result<(), ClientError> {
    let Some(params) = request.params::<PermissionsRequestApproval>()? else { return Ok(()) };
    let question = question(&params);
    progress.hide();
    // Standard input is read on another thread, since nothing can end a read.
    let is_allowed = tokio::select! {
        answer = tokio::task::spawn_blocking(move || ask(&question)) => matches!(answer, Ok(Ok(true))),
        () = tokio::time::sleep(Duration::from_millis(params.image_generation.timeout_ms)) => false,
        () = stopping.cancelled() => false,
    };
    progress.show();
    let network = is_allowed.then_some(NetworkPermissions { enabled: Some(true) });
    let permissions = PermissionProfile { network };
    let response = PermissionsRequestApprovalResponse { permissions, scope: ApprovalScope::Call };
    request.reply::<PermissionsRequestApproval>(&Ok(response)).await
}

fn question(params: &PermissionsRequestApprovalParams) -> String {
    let call = &params.image_generation;
    let reason = params.reason.clone().unwrap_or_else(|| format!("`{}` draws with {}.", call.provider, call.model));
    format!("{reason} Make it? [y/N]")
}
