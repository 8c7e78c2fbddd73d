//! Asks the host's user whether a call may be made: by an elicitation, or by a result that requires input.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use easel_protocol::approval::{
    ApprovalScope, NetworkPermissions, PermissionProfile, PermissionsRequestApprovalParams,
    PermissionsRequestApprovalResponse,
};
use easel_protocol::method::PermissionsRequestApproval;
use parking_lot::Mutex;
use rmcp::RoleServer;
use rmcp::model::{
    ClientResult, ElicitRequest, ElicitRequestParams, ElicitResult, ElicitationAction, ElicitationSchema, ErrorData,
    InputRequest, InputRequests, InputRequiredResult, InputResponses, ProtocolVersion, RequestStateCodec, SealOptions,
    ServerRequest,
};
use rmcp::service::{PeerRequestOptions, RequestContext, RequestHandle};
use tokio_util::sync::CancellationToken;

use crate::app::random_id;
use crate::call::{Call, Question};

/// The key of the question in a result that requires input.
const KEY: &str = "approval";

/// Questions that wait for the retry of their request.
const MAX_OPEN: usize = 32;

/// How a host's user can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// By a request to the host.
    Elicitation,
    /// By a result after which the host sends its request again.
    InputRequired,
    /// The host has not declared that it asks its user.
    None,
}

/// The questions that wait for the retry of their request.
pub(crate) struct Approvals {
    /// `None` if the operating system returned no random bits for the key.
    codec: Option<RequestStateCodec>,
    open: Mutex<VecDeque<OpenQuestion>>,
}

struct OpenQuestion {
    nonce: String,
    call: Arc<Call>,
    question: Question,
}

/// The answer of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    Approved,
    Denied,
}

impl Default for Approvals {
    fn default() -> Self {
        let mut key = [0; 32];
        let codec = getrandom::fill(&mut key).ok().and_then(|()| RequestStateCodec::try_new(key).ok());
        Self { codec, open: Mutex::default() }
    }
}

/// Returns how the user behind a request can be asked.
pub(crate) fn way(context: &RequestContext<RoleServer>) -> Way {
    let declared = context.client_capabilities().and_then(|capabilities| capabilities.elicitation);
    // A capability without modes is that of versions that had one only.
    if !declared.is_some_and(|elicitation| elicitation.form.is_some() || elicitation.url.is_none()) {
        return Way::None;
    }
    let is_stateless = context.protocol_version().is_some_and(|version| version >= ProtocolVersion::V_2026_07_28);
    if is_stateless { Way::InputRequired } else { Way::Elicitation }
}

/// A question that the host has been asked.
pub(crate) struct Elicitation {
    question: Question,
    handle: RequestHandle<RoleServer>,
}

impl Elicitation {
    /// Asks by a request to the host. Returns the question if the host cannot be asked.
    pub(crate) async fn new(context: &RequestContext<RoleServer>, question: Question) -> Result<Self, Box<Question>> {
        let request = ServerRequest::ElicitRequest(ElicitRequest::new(form(&question.params)));
        match context.peer.send_cancellable_request(request, PeerRequestOptions::no_options()).await {
            Ok(handle) => Ok(Self { question, handle }),
            Err(error) => {
                tracing::warn!(%error, "the host cannot be questioned");
                Err(Box::new(question))
            }
        }
    }

    /// Waits for the answer of the user. The wait may be dropped and begun again.
    pub(crate) async fn answer(&mut self) -> Decision {
        match (&mut self.handle.rx).await {
            Ok(Ok(ClientResult::ElicitResult(result))) => Decision::from(&result),
            Ok(Err(error)) => {
                tracing::info!(%error, "the host did not ask its user");
                Decision::Denied
            }
            Ok(Ok(_)) | Err(_) => Decision::Denied,
        }
    }

    /// Passes the answer on.
    pub(crate) async fn reply(self, answer: Decision) {
        reply(self.question, answer).await;
    }

    /// Takes the question back from the host, which hears nothing of it after `stop`: the SDK sends nothing then.
    pub(crate) async fn withdraw(self, reason: &str, stop: &CancellationToken) -> Question {
        let _ = stop.run_until_cancelled(self.handle.cancel(Some(reason.to_owned()))).await;
        self.question
    }
}

/// Responds to a question of the app-server.
pub(crate) async fn reply(question: Question, answer: Decision) {
    let permissions = match answer {
        Decision::Approved => PermissionProfile { network: Some(NetworkPermissions { enabled: Some(true) }) },
        Decision::Denied => PermissionProfile::default(),
    };
    let response = PermissionsRequestApprovalResponse { permissions, scope: ApprovalScope::Call };
    if let Err(error) = question.request.reply::<PermissionsRequestApproval>(&Ok(response)).await {
        tracing::info!(%error, "an answer came too late");
    }
}

impl From<&ElicitResult> for Decision {
    fn from(result: &ElicitResult) -> Self {
        if result.action == ElicitationAction::Accept { Self::Approved } else { Self::Denied }
    }
}

impl Approvals {
    /// Returns the result that makes the host ask and send its request again.
    pub(crate) fn require_input(&self, call: &Arc<Call>, question: Question) -> Result<InputRequiredResult, ErrorData> {
        let failed =
            |reason: &str| ErrorData::internal_error(format!("no question can be put to the user: {reason}"), None);
        let codec = self.codec.as_ref().ok_or_else(|| failed("no random bits"))?;
        let nonce = random_id("").map_err(|_| failed("no random bits"))?;
        let lifetime = Duration::from_millis(question.params.image_generation.timeout_ms);
        // The state is bound to the arguments, so that it approves no other call.
        let options = SealOptions::new().associated_data(call.key.as_bytes()).ttl(lifetime);
        let state = codec.seal_with(nonce.as_bytes(), &options);
        let request = InputRequest::Elicitation(ElicitRequest::new(form(&question.params)));
        let requests = InputRequests::from([(KEY.to_owned(), request)]);
        let mut open = self.open.lock();
        if open.len() == MAX_OPEN {
            open.pop_front();
        }
        open.push_back(OpenQuestion { nonce, call: Arc::clone(call), question });
        Ok(InputRequiredResult::new(Some(requests), Some(state)))
    }

    /// Returns the call of a request that was sent again, its question, and the user's answer if there is one.
    ///
    /// # Errors
    /// If the state is not one of this process for these arguments, or was used.
    pub(crate) fn resume(
        &self,
        state: &str,
        key: &str,
        responses: Option<&InputResponses>,
    ) -> Result<(Arc<Call>, Question, Option<Decision>), ErrorData> {
        let refused = |reason: &str| ErrorData::invalid_params(format!("requestState: {reason}"), None);
        let codec = self.codec.as_ref().ok_or_else(|| refused("unknown"))?;
        let nonce = codec.open_with(state, key.as_bytes()).map_err(|error| refused(&error.to_string()))?;
        let answer = match responses.and_then(|responses| responses.get(KEY)) {
            Some(response) => {
                let result: ElicitResult = serde_json::from_value(response.clone()).map_err(|_| {
                    ErrorData::invalid_params("inputResponses.approval: not an elicitation result", None)
                })?;
                Some(Decision::from(&result))
            }
            None => None,
        };
        let mut open = self.open.lock();
        let position = open.iter().position(|question| question.nonce.as_bytes() == nonce);
        let found = position.and_then(|position| open.remove(position));
        let OpenQuestion { call, question, .. } = found.ok_or_else(|| refused("it was used already"))?;
        Ok((call, question, answer))
    }
}

/// Returns the form that shows a question. It has no fields: accepting it is the answer.
fn form(params: &PermissionsRequestApprovalParams) -> ElicitRequestParams {
    let message = params.reason.clone().unwrap_or_else(|| "Make this image?".to_owned());
    let requested_schema = ElicitationSchema::new(BTreeMap::new());
    ElicitRequestParams::FormElicitationParams { meta: None, message, requested_schema }
}
