//! Credentials of every kind go to a careless provider and must not show up anywhere else.

use std::path::Path;

use easel_client::{Direction, RpcError};
use easel_protocol::account::{GetAccountParams, LoginAccountParams, SecretText};
use easel_protocol::configuration::ConfigReadParams;
use easel_protocol::event::Event;
use easel_protocol::method::{AccountLoginStart, AccountRead, ChatgptAuthTokensRefresh, ConfigRead};
use easel_protocol::thread::ThreadStartParams;
use easel_testkit::http::{MockServer, Request, Response};

use super::responses;
use crate::harness::{Sandbox, Server, text};

/// Calls for one image, then answers every request with 401 and repeats its credential.
fn call_or_reject(request: &Request) -> Response {
    if responses::is_first_model_request(request) {
        responses::model(request, 1)
    } else {
        responses::repeat_credential(request)
    }
}

/// Every source of a credential: an environment variable, a header, a program, the account's key and its tokens.
fn sandbox(provider: &MockServer) -> Sandbox {
    Sandbox::with_config(&format!(
        "model_provider = \"studio\"\nopenai_base_url = \"{0}\"\nchatgpt_base_url = \"{0}\"\n\
         [model_providers.studio]\nbase_url = \"{0}\"\nenv_key = \"STUDIO_KEY\"\n\
         http_headers = {{ X-Key = \"sk-canary-header\" }}\n\
         [model_providers.printed]\nbase_url = \"{0}\"\n[model_providers.printed.auth]\ncommand = \"printf\"\n\
         args = [\"sk-%s\", \"canary-printed\"]\n",
        provider.url("v1")
    ))
}

async fn draw_with_rejected_credential(server: &mut Server, provider: &str) {
    start_drawing(server, provider).await;
    finish_rejected_turn(server).await;
}

async fn start_drawing(server: &mut Server, provider: &str) {
    let params = ThreadStartParams { model_provider: Some(provider.to_owned()), ..ThreadStartParams::default() };
    let thread = server.start_thread_with(params).await;
    server.start_turn(&thread.id, vec![text("draw a cat")]).await;
}

/// Reads the rest of a turn. First its image is rejected, then the model request.
async fn finish_rejected_turn(server: &mut Server) {
    let events = server.events_until_turn_end().await;
    assert!(events.iter().any(|event| matches!(event, Event::Error(_))), "the model request is rejected: {events:#?}");
    let mut lines = events.iter().map(|event| serde_json::to_string(event).expect("JSON"));
    let refused = lines.any(|line| line.contains("\"status\":\"failed\"") && line.contains("unauthorized"));
    assert!(refused, "the image request is rejected: {events:#?}");
}

async fn log_in(server: &mut Server, login: &LoginAccountParams) {
    server.request::<AccountLoginStart>(login).await;
    server.events_until(|event| matches!(event, Event::AccountUpdated(_))).await;
}

#[tokio::test]
async fn credentials_appear_only_in_their_own_file() {
    let provider = MockServer::respond(call_or_reject);
    let sandbox = sandbox(&provider);
    let log = sandbox.project().join("stderr.txt");
    let mut command = sandbox.server_command(&["--enable", "imagegenext"]);
    command.env("STUDIO_KEY", "sk-canary-studio").env("OPENAI_API_KEY", "sk-canary-account").env("RUST_LOG", "trace");
    command.env("PATH", "/usr/bin:/bin").stderr(std::fs::File::create(&log).expect("a log"));
    let mut server = Server::spawn(command);
    server.initialize(None).await;
    log_in(&mut server, &LoginAccountParams::ApiKey { api_key: SecretText("sk-canary-login".to_owned()) }).await;
    let invalid_login = LoginAccountParams::ApiKey { api_key: SecretText("sk-canary bad".to_owned()) };
    let refused = server.request_error::<AccountLoginStart>(&invalid_login).await;
    assert!(!refused.contains("canary"), "{refused}");
    server.request::<ConfigRead>(&ConfigReadParams { include_layers: Some(true), cwd: None }).await;
    let providers = if cfg!(unix) { &["studio", "openai", "printed"][..] } else { &["studio", "openai"] };
    for provider in providers {
        draw_with_rejected_credential(&mut server, provider).await;
    }
    let tokens = LoginAccountParams::ChatgptAuthTokens {
        access_token: SecretText("canary-token".to_owned()),
        chatgpt_account_id: "acct-1".to_owned(),
        chatgpt_plan_type: Some("pro".to_owned()),
    };
    log_in(&mut server, &tokens).await;
    server.request::<AccountRead>(&GetAccountParams::default()).await;
    start_drawing(&mut server, "openai").await;
    for _ in ["image", "model"] {
        let (id, _) = server.client.server_request::<ChatgptAuthTokensRefresh>().await.expect("a request");
        let refusal = Err(RpcError { code: -32000, message: "canary-token is all there is".to_owned() });
        server.client.reply::<ChatgptAuthTokensRefresh>(id, &refusal).await.expect("the server accepts the response");
    }
    finish_rejected_turn(&mut server).await;

    for secret in ["sk-canary-studio", "sk-canary-account", "sk-canary-printed", "canary-token"] {
        let was_sent = provider.requests().iter().any(|request| request.bearer_token() == secret);
        assert!(was_sent || cfg!(not(unix)), "{secret}");
    }
    let received: Vec<String> = server
        .transcript()
        .into_iter()
        .filter_map(|(direction, line)| (direction == Direction::Received).then_some(line))
        .collect();
    assert!(received.iter().all(|line| !line.contains("canary")), "{received:#?}");
    server.close().await;

    let mut names = Vec::new();
    collect_files_with_canary(sandbox.home().as_path(), &mut names);
    collect_files_with_canary(sandbox.project().as_path(), &mut names);
    names.sort();
    assert_eq!(names, ["auth.json", "config.toml"]);
    assert!(std::fs::metadata(&log).expect("the log").len() > 0);
}

/// Collects the names of files below `folder` that contain a canary.
pub(super) fn collect_files_with_canary(folder: &Path, names: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect_files_with_canary(&path, names);
        } else if path.is_file() && std::fs::read(&path).expect("a file").windows(6).any(|bytes| bytes == b"canary") {
            names.push(path.file_name().unwrap_or_default().to_string_lossy().into_owned());
        }
    }
}
