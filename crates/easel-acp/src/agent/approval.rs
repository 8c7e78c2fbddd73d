//! Asks the user of the editor whether an image call may be made.

use std::sync::Arc;
use std::time::Duration;

use easel_client::ServerRequest;
use easel_protocol::approval::{
    ApprovalScope, NetworkPermissions, PermissionProfile, PermissionsRequestApprovalParams,
    PermissionsRequestApprovalResponse,
};
use easel_protocol::method::PermissionsRequestApproval;
use tokio_util::sync::CancellationToken;

use super::Agent;
use crate::schema::{
    ALLOW, CancelRequestParams, PermissionOutcome, RequestPermissionResponse, SessionUpdate, ToolCall, ToolCallStatus,
};
use crate::translate::permission_params;

/// How much longer than the app-server the agent waits for the user, so that the app-server decides.
const MARGIN: Duration = Duration::from_secs(5);

/// Shows the call as pending and asks. The answer is awaited on a task of its own. `withdrawn` is cancelled when the
/// item ends.
pub(super) async fn ask(
    agent: &Arc<Agent>,
    request: ServerRequest,
    params: &PermissionsRequestApprovalParams,
    withdrawn: CancellationToken,
) {
    let question = permission_params(params);
    let pending = SessionUpdate::ToolCallUpdate(question.tool_call.clone());
    agent.update(&question.session_id, &pending).await;
    let deadline = Duration::from_millis(params.image_generation.timeout_ms) + MARGIN;
    let (id, answer) =
        agent.outbox.open_request::<RequestPermissionResponse, _>("session/request_permission", &question, deadline);
    let agent = Arc::clone(agent);
    agent.tasks.clone().spawn(async move {
        let answer = tokio::select! {
            biased;
            answer = answer => answer,
            () = withdrawn.cancelled() => {
                let _ = agent.outbox.notify("$/cancel_request", &CancelRequestParams { request_id: id }).await;
                return;
            }
        };
        // A cancelled question, a wrong answer and a closed connection are denials.
        let allowed = matches!(
            answer,
            Ok(RequestPermissionResponse { outcome: PermissionOutcome::Selected { option_id } }) if option_id == ALLOW
        );
        if allowed {
            let running =
                ToolCall { status: Some(ToolCallStatus::InProgress), ..ToolCall::new(question.tool_call.tool_call_id) };
            agent.update(&question.session_id, &SessionUpdate::ToolCallUpdate(running)).await;
        }
        let permissions = PermissionProfile { network: allowed.then_some(NetworkPermissions { enabled: Some(true) }) };
        let response = PermissionsRequestApprovalResponse { permissions, scope: ApprovalScope::Call };
        // The turn may have ended in the meantime.
        let _ = request.reply::<PermissionsRequestApproval>(&Ok(response)).await;
    });
}
