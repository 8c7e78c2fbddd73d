//! The methods of the protocol.

use std::sync::Arc;

use easel_rpc::{CancelMethod, DuplicateMethod, Limits, Reply, RequestParams, Table, parse_params};

use crate::agent::Agent;
use crate::schema::{
    AuthenticateParams, InitializeParams, ListSessionsParams, NewSessionParams, NoParams, NoResult, OpenSessionParams,
    PromptParams, SessionParams, SetConfigOptionParams,
};

/// Builds the dispatch table.
///
/// # Errors
/// [`DuplicateMethod`] if two methods have the same name.
pub(crate) fn build(limits: Limits) -> Result<Table<Arc<Agent>>, DuplicateMethod> {
    Table::<Arc<Agent>>::builder()
        .limits(limits)
        .cancel_method(CancelMethod { method: "$/cancel_request", field: "requestId" })
        .method("initialize", |agent, _, params: InitializeParams| async move {
            agent.initialize(params).await.map(|result| Reply::new(&result))
        })
        .method("authenticate", |agent, _, params: AuthenticateParams| async move {
            agent.authenticate(params).await.map(no_result)
        })
        .method("logout", |agent, _, _: NoParams| async move { agent.log_out().await.map(no_result) })
        .method("session/new", |agent, _, params: NewSessionParams| async move {
            agent.new_session(params).await.map(|result| Reply::new(&result))
        })
        .method("session/load", |agent, _, params: OpenSessionParams| async move {
            agent.open_session(params, true).await.map(|result| Reply::new(&result))
        })
        .method("session/resume", |agent, _, params: OpenSessionParams| async move {
            agent.open_session(params, false).await.map(|result| Reply::new(&result))
        })
        .method("session/list", |agent, _, params: ListSessionsParams| async move {
            agent.list(params).await.map(|result| Reply::new(&result))
        })
        .method("session/close", |agent, _, params: SessionParams| async move {
            agent.close_session(&params.session_id).await.map(no_result)
        })
        .method("session/delete", |agent, _, params: SessionParams| async move {
            agent.delete_session(params.session_id).await.map(no_result)
        })
        .method("session/set_config_option", |agent, _, params: SetConfigOptionParams| async move {
            agent.choose(params).map(|result| Reply::new(&result))
        })
        .cooperative("session/prompt")
        .method_unparsed(
            "session/prompt",
            parse_params,
            |agent: Arc<Agent>, call, params: RequestParams<PromptParams>| {
                // Before the params are parsed, which may take a while: a cancellation may follow at once.
                let id = params.text_field("sessionId", |params| Some(params.session_id.as_str()));
                let permit = id.map(|id| agent.start_prompt(&id));
                async move {
                    // Without a session id, parsing fails.
                    let permit = permit.transpose()?;
                    let params = params.read().await?;
                    let permit = permit.map_or_else(|| agent.start_prompt(&params.session_id), Ok)?;
                    agent.prompt(permit, &call, params).await.map(|result| Reply::new(&result))
                }
            },
        )
        .notification("session/cancel", |agent, params: SessionParams| agent.cancel(&params.session_id))
        .build()
}

fn no_result((): ()) -> Reply {
    Reply::new(&NoResult {})
}
