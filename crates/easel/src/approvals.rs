//! Approvals of image calls: asks the client that makes the call, or that started the turn of the model that makes it,
//! with the request of the Codex app-server.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use easel_imagegen::approval::{ApprovalRequest, Denial, Extent, Grants};
use easel_imagegen::port::Approver;
use easel_protocol::approval::{
    ApprovalScope, PermissionProfile, PermissionsRequestApprovalParams, PermissionsRequestApprovalResponse,
};
use easel_protocol::event::{Event, RequestId, ServerRequestResolvedNotification};
use easel_protocol::id::{ThreadId, TurnId};
use easel_protocol::method::{Method, PermissionsRequestApproval};
use easel_rpc::PeerError;
use easel_thread::now_ms;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::connections::Client;

/// Maximum number of threads whose turn has an approval. Further ones displace them, and the user is asked again.
const MAX_TURNS: usize = 1_024;

/// The approvals that a connection has given for more than a call. They end with the connection.
#[derive(Default)]
pub(crate) struct ClientApprovals {
    grants: Mutex<Grants>,
    /// The approvals of turns: the latest one of each thread, because a thread runs one turn at a time.
    turns: Mutex<HashMap<ThreadId, (TurnId, Extent)>>,
    /// Notified when an approval is added, also one of a turn.
    changed: Notify,
}

impl ClientApprovals {
    /// Keeps an approval until the end of the turn of its call.
    fn add_for_turn(&self, request: &ApprovalRequest, extent: Extent) {
        let mut turns = self.turns.lock();
        if turns.len() >= MAX_TURNS && !turns.contains_key(&request.thread_id) {
            turns.clear();
        }
        let kept = turns.entry(request.thread_id.clone()).or_insert_with(|| (request.turn_id.clone(), extent));
        let extent = if kept.0 == request.turn_id { extent.max(kept.1) } else { extent };
        *kept = (request.turn_id.clone(), extent);
    }

    /// Returns whether an approval of another call covers this one.
    fn cover(&self, request: &ApprovalRequest) -> bool {
        if request.hook.is_some() {
            return false;
        }
        let extent = request.extent();
        let turns = self.turns.lock();
        let turn = turns.get(&request.thread_id).filter(|(turn_id, _)| *turn_id == request.turn_id);
        turn.is_some_and(|(_, approved)| *approved >= extent)
            || self.grants.lock().covers(&request.thread_id, extent, now_ms())
    }
}

/// Asks one client, and keeps what it approves besides a call.
pub(crate) struct ClientApprover {
    client: Arc<Client>,
}

impl ClientApprover {
    /// Creates the approver of the calls for which `client` is asked.
    pub(crate) fn new(client: &Arc<Client>) -> Self {
        Self { client: Arc::clone(client) }
    }

    /// Waits until an approval of another call covers this one.
    async fn wait_until_approved(&self, request: &ApprovalRequest) {
        loop {
            let changed = self.client.approvals().changed.notified();
            if self.has_approved(request) {
                return;
            }
            changed.await;
        }
    }

    /// Keeps what an approval covers besides its own call. What a hook asks about covers nothing else.
    fn keep(&self, scope: ApprovalScope, request: &ApprovalRequest) {
        if request.hook.is_some() {
            return;
        }
        let (extent, approvals) = (request.extent(), self.client.approvals());
        match scope {
            ApprovalScope::Call => return,
            ApprovalScope::Turn => approvals.add_for_turn(request, extent),
            ApprovalScope::Session | ApprovalScope::Day => {
                approvals.grants.lock().add(scope, &request.thread_id, extent, request.budget.reset.at_ms);
            }
        }
        approvals.changed.notify_waiters();
    }

    fn decide(
        &self,
        request: &ApprovalRequest,
        response: Result<PermissionsRequestApprovalResponse, PeerError>,
    ) -> Result<(), Denial> {
        match response {
            Ok(PermissionsRequestApprovalResponse { permissions, scope }) if grants_network(&permissions) => {
                self.keep(scope, request);
                Ok(())
            }
            Ok(_) | Err(PeerError::Refused(_)) => Err(Denial::Denied),
            Err(PeerError::TimedOut(limit)) => Err(Denial::TimedOut(limit)),
            Err(PeerError::Disconnected) => Err(Denial::Disconnected),
            Err(PeerError::InvalidResponse(_) | PeerError::InvalidParams(_)) => Err(Denial::InvalidResponse),
        }
    }
}

fn grants_network(permissions: &PermissionProfile) -> bool {
    permissions.network.as_ref().is_some_and(|network| network.enabled == Some(true))
}

impl fmt::Debug for ClientApprover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientApprover").field("client", &self.client.name()).finish()
    }
}

impl Approver for ClientApprover {
    fn has_approved(&self, request: &ApprovalRequest) -> bool {
        self.client.approvals().cover(request)
    }

    fn can_ask(&self) -> bool {
        self.client.answers_approvals()
    }

    fn ask(&self, request: ApprovalRequest) -> BoxFuture<'_, Result<(), Denial>> {
        async move {
            let params: PermissionsRequestApprovalParams = request.to_params(now_ms());
            let (id, response) =
                self.client.outbox().open_request(PermissionsRequestApproval::NAME, &params, request.timeout);
            let _question = OpenQuestion { client: &self.client, thread_id: request.thread_id.clone(), id };
            tokio::select! {
                biased;
                response = response => self.decide(&request, response),
                () = self.wait_until_approved(&request) => Ok(()),
            }
        }
        .boxed()
    }
}

/// A question that the client was asked. On drop, the client learns that the server no longer waits for its answer.
struct OpenQuestion<'a> {
    client: &'a Client,
    thread_id: ThreadId,
    id: i64,
}

impl Drop for OpenQuestion<'_> {
    fn drop(&mut self) {
        let thread_id = self.thread_id.clone();
        let resolved = ServerRequestResolvedNotification { thread_id, request_id: RequestId::Number(self.id) };
        // The event is queued at once. Nobody waits for room, because a drop cannot.
        drop(self.client.queue(&Event::ServerRequestResolved(resolved)));
    }
}
