//! A stored key or token, and configuration that later redirects requests.

use easel_protocol::account::{LoginAccountParams, LogoutAccountParams, SecretText};
use easel_protocol::configuration::{ConfigValueWriteParams, MergeStrategy};
use easel_protocol::event::Event;
use easel_protocol::method::{AccountLoginStart, AccountLogout, ConfigValueWrite, ModelProviderList, ThreadStart};
use easel_protocol::model::ModelProviderListParams;
use easel_protocol::thread::ThreadStartParams;
use easel_protocol::turn::TurnStatus;
use easel_testkit::http::{MockServer, Request, Response};
use serde_json::json;

use crate::credentials::responses::token;
use crate::credentials::{easel, output_text};
use crate::harness::events::completed_turn;
use crate::harness::{HOSTED, Sandbox, Server, text};

const PUBLIC: &str = "https://api.openai.com";

fn hello(_: &Request) -> Response {
    Response::message("Hello.")
}

/// The scheme, host and port of a mock server.
fn origin(backend: &MockServer) -> String {
    format!("http://{}", backend.address())
}

/// Starts a server in the environment of a workspace that redirects requests to the mock server.
async fn start_redirected_server(sandbox: &Sandbox, variable: &str, backend: &MockServer) -> Server {
    let mut command = sandbox.server_command(HOSTED);
    command.env(variable, backend.url("v1"));
    let mut server = Server::spawn(command);
    server.initialize(None).await;
    server
}

/// Runs a turn of a thread without a configured provider, which must fail. Returns the error.
async fn run_failing_turn(server: &mut Server) -> String {
    let thread = server.request::<ThreadStart>(&ThreadStartParams::default()).await.thread;
    assert_eq!(thread.model_provider, "openai");
    server.events_until(|event| matches!(event, Event::ThreadStarted(_))).await;
    let events = server.run_turn(&thread.id, vec![text("hello")]).await;
    assert_eq!(completed_turn(&events).status, TurnStatus::Failed);
    completed_turn(&events).error.clone().expect("an error").message
}

async fn write_setting(server: &mut Server, key: &str, value: String) {
    let params = ConfigValueWriteParams {
        key_path: key.to_owned(),
        value: json!(value),
        merge_strategy: MergeStrategy::Replace,
        file_path: None,
        expected_version: None,
    };
    server.request::<ConfigValueWrite>(&params).await;
}

async fn log_in(server: &mut Server, login: &LoginAccountParams) {
    server.request::<AccountLoginStart>(login).await;
    server.events_until(|event| matches!(event, Event::AccountUpdated(_))).await;
}

/// Reads events up to the warning that contains this text.
async fn expect_warning(server: &mut Server, part: &str) {
    let is_it = |event: &Event| matches!(event, Event::ConfigWarning(warning) if warning.summary.contains(part));
    server.events_until(is_it).await;
}

#[tokio::test]
async fn stored_key_is_not_sent_to_environment_base_url() {
    let thief = MockServer::respond(hello);
    let sandbox = Sandbox::with_config("");
    let login = easel(&sandbox, &["login", "--with-api-key"], "sk-canary-login\n", &[]).await;
    assert!(output_text(&login).contains(&format!("Easel sends it only to {PUBLIC}.")), "{}", output_text(&login));

    let mut server = start_redirected_server(&sandbox, "EASEL__OPENAI_BASE_URL", &thief).await;
    expect_warning(&mut server, PUBLIC).await;
    let message = run_failing_turn(&mut server).await;
    for part in [PUBLIC, &origin(&thief), "easel login", "env_key"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    server.close().await;
    assert!(thief.requests().is_empty());

    let base_url = thief.url("v1");
    let elsewhere = [("EASEL__OPENAI_BASE_URL", base_url.as_str())];
    let status = easel(&sandbox, &["login", "status"], "", &elsewhere).await;
    assert_eq!(status.status.code(), Some(1));
    assert!(
        output_text(&status).contains(&origin(&thief)) && output_text(&status).contains(PUBLIC),
        "{}",
        output_text(&status)
    );

    // Another login is for the other origin only.
    let login = easel(&sandbox, &["login", "--with-api-key"], "sk-other\n", &elsewhere).await;
    assert!(output_text(&login).contains(&origin(&thief)), "{}", output_text(&login));
    assert_eq!(easel(&sandbox, &["login", "status"], "", &[]).await.status.code(), Some(1));
    let mut server = start_redirected_server(&sandbox, "EASEL__OPENAI_BASE_URL", &thief).await;
    let thread = server.start_thread().await;
    server.run_turn(&thread.id, vec![text("hello")]).await;
    assert_eq!(thief.bearer_tokens("/responses"), ["sk-other"]);
    server.close().await;
}

#[tokio::test]
async fn key_stored_without_origin_is_for_the_public_api() {
    let thief = MockServer::respond(hello);
    let sandbox = Sandbox::with_config(&format!("openai_base_url = \"{}\"\n", thief.url("v1")));
    std::fs::write(sandbox.home().join("auth.json"), "{\"OPENAI_API_KEY\":\"sk-canary-old\",\"tokens\":null}")
        .expect("a login");
    let mut server = sandbox.start_server_with(HOSTED).await;
    let message = run_failing_turn(&mut server).await;
    assert!(message.contains(PUBLIC) && message.contains(&origin(&thief)), "{message}");
    server.close().await;
    assert!(thief.requests().is_empty());
}

#[tokio::test]
async fn environment_key_goes_to_the_environment_base_url() {
    let gateway = MockServer::respond(hello);
    let sandbox = Sandbox::with_config("");
    easel(&sandbox, &["login", "--with-api-key"], "sk-canary-login\n", &[]).await;
    let mut command = sandbox.server_command(HOSTED);
    command.env("EASEL__OPENAI_BASE_URL", gateway.url("v1")).env("OPENAI_API_KEY", "sk-env");
    let mut server = Server::spawn(command);
    server.initialize(None).await;
    let thread = server.start_thread().await;
    server.run_turn(&thread.id, vec![text("hello")]).await;
    assert_eq!(gateway.bearer_tokens("/responses"), ["sk-env"]);
    server.close().await;
}

#[tokio::test]
async fn client_credential_is_not_sent_to_configured_base_url() {
    let key = LoginAccountParams::ApiKey { api_key: SecretText("sk-canary".to_owned()) };
    let tokens = LoginAccountParams::ChatgptAuthTokens {
        access_token: SecretText(token("canary")),
        chatgpt_account_id: "acct-1".to_owned(),
        chatgpt_plan_type: None,
    };
    for (login, setting) in [(key, "openai_base_url"), (tokens, "chatgpt_base_url")] {
        let (gateway, thief) = (MockServer::respond(hello), MockServer::respond(hello));
        let sandbox = Sandbox::with_config(&format!("{setting} = \"{}\"\n", gateway.url("v1")));
        let mut server = sandbox.start_server_with(HOSTED).await;
        log_in(&mut server, &login).await;
        // The login reports that the credential is for a gateway.
        expect_warning(&mut server, &origin(&gateway)).await;
        write_setting(&mut server, setting, thief.url("v1")).await;
        let message = run_failing_turn(&mut server).await;
        assert!(message.contains(&origin(&gateway)) && message.contains(&origin(&thief)), "{message}");
        assert!(thief.requests().is_empty() && gateway.requests().is_empty(), "{setting}");

        log_in(&mut server, &login).await;
        expect_warning(&mut server, &origin(&thief)).await;
        let thread = server.start_thread().await;
        server.run_turn(&thread.id, vec![text("hello")]).await;
        assert_eq!(thief.requests().len(), 1);
        server.close().await;
    }
}

#[tokio::test]
async fn damaged_login_fails_without_falling_back_to_preview() {
    let sandbox = Sandbox::with_config("");
    std::fs::write(sandbox.home().join("auth.json"), "sk-canary").expect("a damaged login");
    let mut server = sandbox.start_server().await;
    expect_warning(&mut server, "auth.json").await;
    let list = server.request::<ModelProviderList>(&ModelProviderListParams::default()).await;
    assert_eq!(list.default_provider_id, "openai");
    let message = run_failing_turn(&mut server).await;
    assert!(message.contains("auth.json") && message.contains("easel login"), "{message}");
    assert!(!message.contains("canary") && !sandbox.home().join("generated_images").exists());

    // The logout reports that the preview provider is used from now on.
    server.request::<AccountLogout>(&LogoutAccountParams {}).await;
    expect_warning(&mut server, "using the built-in preview").await;
    let list = server.request::<ModelProviderList>(&ModelProviderListParams::default()).await;
    assert_eq!(list.default_provider_id, "preview");
    server.close().await;
}

#[cfg(unix)]
#[tokio::test]
async fn secret_files_that_others_can_read_are_closed() {
    use std::os::unix::fs::PermissionsExt;

    use crate::listen::server::{ListeningServer, Transport};
    let sandbox = Sandbox::with_config("");
    let (login, token) = (sandbox.home().join("auth.json"), sandbox.home().join("ws-token"));
    std::fs::write(&login, "{\"OPENAI_API_KEY\":\"sk-one\"}").expect("a login");
    std::fs::write(&token, "0123456789abcdef0123456789abcdef\n").expect("a token");
    for file in [&login, &token] {
        std::fs::set_permissions(file, PermissionsExt::from_mode(0o644)).expect("a mode");
    }
    let server = ListeningServer::start_with(&sandbox, Transport::WebSocket, &[]);
    // The server listens before it reads the login, and responds after that.
    drop(server.connect());
    for file in [&login, &token] {
        let mode = std::fs::metadata(file).expect("the file").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.display());
    }
    drop(server);

    std::fs::set_permissions(&login, PermissionsExt::from_mode(0o640)).expect("a mode");
    let status = easel(&sandbox, &["login", "status"], "", &[]).await;
    assert_eq!(status.status.code(), Some(0));
    assert!(output_text(&status).contains("Other users could read auth.json"), "{}", output_text(&status));
}
