//! ChatGPT tokens of a client: where they are sent, who is notified, and that they are not stored.

use easel_protocol::account::{
    Account, AuthMode, CancelLoginAccountParams, CancelLoginAccountStatus, GetAccountParams, LoginAccountParams,
    LoginAccountResponse, LogoutAccountParams, PlanType, SecretText,
};
use easel_protocol::event::Event;
use easel_protocol::item::ImageStatus;
use easel_protocol::method::{
    AccountLoginCancel, AccountLoginStart, AccountLogout, AccountRateLimitsRead, AccountRead, ModelProviderList,
    ThreadStart, ToolList,
};
use easel_protocol::model::ModelProviderListParams;
use easel_protocol::rate_limits::{GetAccountRateLimitsParams, GetAccountRateLimitsResponse};
use easel_protocol::thread::ThreadStartParams;
use easel_protocol::tool::{ToolExposure, ToolListParams};
use easel_testkit::http::{MockServer, Request, Response};
use serde_json::json;

use super::responses::{self, token};
use super::{auth_mode, offered};
use crate::harness::{Sandbox, Server, events, text};

/// A sandbox whose account requests go to the mock server only.
pub(super) fn sandbox(backend: &MockServer) -> Sandbox {
    Sandbox::with_config(&format!(
        "model_provider = \"openai\"\nopenai_base_url = \"{}\"\nchatgpt_base_url = \"{}\"\n",
        backend.url("v1"),
        backend.url("backend-api/")
    ))
}

pub(super) fn tokens(signature: &str) -> LoginAccountParams {
    LoginAccountParams::ChatgptAuthTokens {
        access_token: SecretText(token(signature)),
        chatgpt_account_id: "acct-1".to_owned(),
        chatgpt_plan_type: None,
    }
}

/// Logs in and reads the notifications.
pub(super) async fn log_in(server: &mut Server, login: &LoginAccountParams) {
    server.request::<AccountLoginStart>(login).await;
    server.events_until(|event| matches!(event, Event::ToolListUpdated(_))).await;
}

/// A backend that accepts every request.
pub(super) fn accept_all(request: &Request) -> Response {
    if request.path.ends_with("/responses") { responses::model(request, 1) } else { responses::image() }
}

#[tokio::test]
async fn client_tokens_work_and_account_update_reaches_all_connections() {
    let backend = MockServer::respond(accept_all);
    let sandbox = sandbox(&backend);
    let mut server = sandbox.start_server().await;
    assert_eq!(server.request::<AccountLoginStart>(&tokens("one")).await, LoginAccountResponse::ChatgptAuthTokens {});
    let event = server.expect_event("account/login/completed", |e| matches!(e, Event::AccountLoginCompleted(_))).await;
    let Event::AccountLoginCompleted(completed) = event else { unreachable!("the event was checked") };
    assert!(completed.success && completed.error.is_none());
    assert_eq!(auth_mode(&mut server).await, Some(AuthMode::ChatgptAuthTokens));
    assert_eq!(offered(&mut server).await, ["image_gen.imagegen"]);

    let read = server.request::<AccountRead>(&GetAccountParams::default()).await;
    let account = Account::Chatgpt { email: Some("a@example.com".to_owned()), plan_type: PlanType::Plus };
    assert_eq!((read.account, read.user_id.as_deref()), (Some(account), Some("user-1")));
    let providers = server.request::<ModelProviderList>(&ModelProviderListParams::default()).await;
    let openai = providers.data.iter().find(|provider| provider.id == "openai").expect("the built-in one");
    assert_eq!(openai.base_url, Some(backend.url("backend-api/codex")));

    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("draw a cat")]).await;
    assert_eq!(events::completed_image(&events).status, ImageStatus::Completed);
    let requests = backend.requests();
    let paths: Vec<&str> = requests.iter().map(|request| request.path.as_str()).collect();
    let (model, images) = ("/backend-api/codex/responses", "/backend-api/codex/images/generations");
    assert_eq!(paths, [model, images, model]);
    for request in &requests {
        assert_eq!(request.bearer_token(), token("one"));
        assert_eq!(
            (request.header("chatgpt-account-id"), request.header("originator")),
            (Some("acct-1"), Some("easel_tests"))
        );
    }

    server.request::<AccountLogout>(&LogoutAccountParams {}).await;
    assert_eq!(auth_mode(&mut server).await, None);
    assert!(offered(&mut server).await.is_empty());
    assert_eq!(server.request::<AccountRead>(&GetAccountParams::default()).await.account, None);
    server.close().await;
    assert!(!sandbox.home().join("auth.json").exists());
}

#[tokio::test]
async fn login_switches_loaded_threads_without_mixing_credentials() {
    let backend = MockServer::respond(accept_all);
    let sandbox = sandbox(&backend);
    let mut server = sandbox.start_server().await;
    log_in(&mut server, &LoginAccountParams::ApiKey { api_key: SecretText("sk-key".to_owned()) }).await;
    let thread = server.start_thread().await;
    server.run_turn(&thread.id, vec![text("draw a cat")]).await;
    log_in(&mut server, &tokens("one")).await;
    let tools = server.request::<ToolList>(&ToolListParams { thread_id: Some(thread.id.clone()) }).await;
    assert_eq!(tools.exposure, ToolExposure::Standalone, "the gate asks for what is in use now");
    let events = server.run_turn(&thread.id, vec![text("draw a dog")]).await;
    assert_eq!(events::completed_image(&events).status, ImageStatus::Completed);
    // A stored key replaces the tokens.
    log_in(&mut server, &LoginAccountParams::ApiKey { api_key: SecretText("sk-key".to_owned()) }).await;
    server.run_turn(&thread.id, vec![text("draw a cow")]).await;
    let used: Vec<(bool, String)> =
        backend.requests().iter().map(|r| (r.path.starts_with("/v1/"), r.bearer_token().to_owned())).collect();
    let key = || (true, "sk-key".to_owned());
    let token = || (false, token("one"));
    assert_eq!(used, [key(), key(), key(), token(), token(), token(), key(), key(), key()]);
    server.close().await;
}

#[tokio::test]
async fn projects_and_threads_cannot_redirect_the_account() {
    let (backend, thief) = (MockServer::respond(accept_all), MockServer::respond(accept_all));
    let sandbox = sandbox(&backend);
    std::fs::create_dir(sandbox.project().join(".easel")).expect("a folder");
    sandbox.write_file(".easel/config.toml", format!("chatgpt_base_url = \"{}\"\n", thief.url("x")).as_bytes());
    let mut server = sandbox.start_server().await;
    log_in(&mut server, &tokens("one")).await;
    let config = json!({ "chatgpt_base_url": thief.url("x"), "openai_base_url": thief.url("x") });
    let params = ThreadStartParams { config: config.as_object().cloned(), ..ThreadStartParams::default() };
    let thread = server.start_thread_with(params).await;
    server.run_turn(&thread.id, vec![text("draw a cat")]).await;
    assert_eq!((backend.requests().len(), thief.requests().len()), (3, 0));

    let program = json!({ "model_providers.x.auth.command": "/bin/sh" });
    let params = ThreadStartParams { config: program.as_object().cloned(), ..ThreadStartParams::default() };
    let refused = server.request_error::<ThreadStart>(&params).await;
    assert!(refused.contains("may be secret"), "{refused}");
    server.close().await;
}

#[tokio::test]
async fn unsupported_logins_are_refused_with_advice() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    for login in [LoginAccountParams::Chatgpt {}, LoginAccountParams::ChatgptDeviceCode {}] {
        let refused = server.request_error::<AccountLoginStart>(&login).await;
        assert!(refused.starts_with("-32600 login refused") && refused.contains("chatgptAuthTokens"), "{refused}");
    }
    for (access_token, account) in [("two canaries", "acct-1"), ("", "acct-1"), ("canary", ""), ("canary", "a\u{7}b")] {
        let login = LoginAccountParams::ChatgptAuthTokens {
            access_token: SecretText(access_token.to_owned()),
            chatgpt_account_id: account.to_owned(),
            chatgpt_plan_type: None,
        };
        let refused = server.request_error::<AccountLoginStart>(&login).await;
        assert!(refused.starts_with("-32600 login refused") && !refused.contains("canar"), "{refused}");
    }
    let params = CancelLoginAccountParams { login_id: "1".to_owned() };
    assert_eq!(server.request::<AccountLoginCancel>(&params).await.status, CancelLoginAccountStatus::NotFound);
    let limits = server.request::<AccountRateLimitsRead>(&GetAccountRateLimitsParams {}).await;
    assert_eq!(limits, GetAccountRateLimitsResponse::default());
    server.close().await;
}
