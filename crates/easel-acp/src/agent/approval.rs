//! Asks the user of the editor whether an image call may be made.

use std::sync::Arc;
use std::time::Duration;

use easel_client::ServerRequest;
use easel_protocol::approval::{
    ApprovalScope, NetworkPermissions, PermissionProfile, PermissionsRequestApprovalParams,
    PermissionsRequestApprovalResponse,
};
use easel_protocol::id::ItemId;
use easel_protocol::method::PermissionsRequestApproval;
use tokio_util::task::AbortOnDropHandle;

use super::session::SessionEvent;
use super::{Agent, Session};
use crate::schema::{
    ALLOW, CancelRequestParams, PermissionOutcome, RequestPermissionResponse, SessionUpdate, ToolCall, ToolCallStatus,
};
use crate::translate::permission_params;

/// How much longer than the app-server the agent waits for the user, so that the app-server decides.
const MARGIN: Duration = Duration::from_secs(5);

/// A question that the user has not answered. Dropping it ends the wait for the answer.
pub(super) struct Question {
    request: ServerRequest,
    /// The id of the request to the editor.
    id: i64,
    _wait: AbortOnDropHandle<()>,
}

impl Question {
    /// Shows the call as pending and asks. The answer arrives as an event of the session, after the events before it.
    pub(super) async fn ask(
        agent: &Agent,
        session: &Arc<Session>,
        request: ServerRequest,
        params: &PermissionsRequestApprovalParams,
    ) -> Self {
        let question = permission_params(params);
        let pending = SessionUpdate::ToolCallUpdate(question.tool_call.clone());
        agent.update(&session.id, &pending).await;
        let deadline = Duration::from_millis(params.image_generation.timeout_ms) + MARGIN;
        let (id, answer) = agent.outbox.open_request::<RequestPermissionResponse, _>(
            "session/request_permission",
            &question,
            deadline,
        );
        let (session, item_id) = (Arc::clone(session), params.item_id.clone());
        let wait = agent.tasks.spawn(async move {
            // A cancelled question, a wrong answer and a closed connection are denials.
            let allowed = matches!(
                answer.await,
                Ok(RequestPermissionResponse { outcome: PermissionOutcome::Selected { option_id } })
                    if option_id == ALLOW
            );
            session.push(SessionEvent::Decision { item_id, allowed }).await;
        });
        Self { request, id, _wait: AbortOnDropHandle::new(wait) }
    }

    /// Passes on the answer of the user, and shows an allowed call as running again.
    pub(super) async fn answer(self, agent: &Agent, session: &Session, item_id: ItemId, allowed: bool) {
        if allowed {
            let running = ToolCall { status: Some(ToolCallStatus::InProgress), ..ToolCall::new(item_id) };
            agent.update(&session.id, &SessionUpdate::ToolCallUpdate(running)).await;
        }
        let permissions = PermissionProfile { network: allowed.then_some(NetworkPermissions { enabled: Some(true) }) };
        let response = PermissionsRequestApprovalResponse { permissions, scope: ApprovalScope::Call };
        // On a task of its own: the app-server may read it only after its events are read.
        agent.tasks.spawn(async move {
            // The turn may have ended in the meantime.
            let _ = self.request.reply::<PermissionsRequestApproval>(&Ok(response)).await;
        });
    }

    /// Takes the question back, because its item has ended.
    pub(super) async fn withdraw(self, agent: &Agent) {
        // A closed connection ends everything that sends messages.
        let _ = agent.outbox.notify("$/cancel_request", &CancelRequestParams { request_id: self.id }).await;
    }
}
