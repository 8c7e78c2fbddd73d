//! Keys: how they come in, what they change, and that they come out nowhere.

use std::path::Path;
use std::process::{Output, Stdio};

use easel_client::Direction;
use easel_protocol::account::{
    Account, ApiKey, AuthMode, GetAccountParams, LoginAccountParams, LoginAccountResponse, LogoutAccountParams,
};
use easel_protocol::event::Event;
use easel_protocol::method::{AccountLoginStart, AccountLogout, AccountRead, ModelProviderList, ToolList};
use easel_protocol::model::ModelProviderListParams;
use easel_protocol::tool::{HeldBackReason, ToolExposure, ToolListParams};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::harness::{EASEL, Place, Server, text};

async fn easel(place: &Place, arguments: &[&str], input: &str, variables: &[(&str, &str)]) -> Output {
    let mut command = tokio::process::Command::new(EASEL);
    command.args(arguments).env_clear().env("EASEL_HOME", place.home()).envs(variables.iter().copied());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input.as_bytes()).await.expect("the program reads its input");
    drop(stdin);
    child.wait_with_output().await.expect("the program ends")
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[tokio::test]
async fn login_status_and_logout_say_where_the_key_is_and_never_the_key() {
    let place = Place::new();
    let status = |variables| easel(&place, &["login", "status"], "", variables);
    assert_eq!(status(&[]).await.status.code(), Some(1));

    let login = easel(&place, &["login", "--with-api-key"], "sk-canary-7\n", &[]).await;
    assert_eq!(login.status.code(), Some(0), "{}", said(&login));
    let stored = status(&[]).await;
    assert_eq!(stored.status.code(), Some(0));
    assert!(said(&stored).contains("auth.json"));
    let set = status(&[("OPENAI_API_KEY", "sk-canary-8")]).await;
    assert!(said(&set).contains("OPENAI_API_KEY"));

    let logout = easel(&place, &["logout"], "", &[]).await;
    assert_eq!((logout.status.code(), status(&[]).await.status.code()), (Some(0), Some(1)));
    for output in [&login, &stored, &set, &logout] {
        assert!(!said(output).contains("canary"), "{}", said(output));
    }
}

#[tokio::test]
async fn a_key_is_never_an_argument_and_what_is_no_key_is_refused() {
    let place = Place::new();
    for arguments in [&["login", "--with-api-key", "sk-canary"][..], &["login"], &["login", "--api-key=sk-canary"]] {
        assert_eq!(easel(&place, arguments, "", &[]).await.status.code(), Some(2), "{arguments:?}");
    }
    let refused = easel(&place, &["login", "--with-api-key"], "two canaries\n", &[]).await;
    assert_eq!(refused.status.code(), Some(1));
    assert!(!said(&refused).contains("canaries"));
    assert!(!place.home().join("auth.json").exists());
}

#[tokio::test]
async fn a_login_over_the_wire_changes_account_provider_and_tools_at_once() {
    let place = Place::new();
    let mut server = place.server().await;
    let none = server.ok::<AccountRead>(&GetAccountParams::default()).await;
    assert_eq!((none.account, none.requires_openai_auth), (None, false));

    let login = LoginAccountParams::ApiKey { api_key: ApiKey("sk-canary".to_owned()) };
    assert_eq!(server.ok::<AccountLoginStart>(&login).await, LoginAccountResponse::ApiKey {});
    let event = server.event_where("account/login/completed", |e| matches!(e, Event::AccountLoginCompleted(_))).await;
    let Event::AccountLoginCompleted(completed) = event else { unreachable!("it was awaited") };
    assert!(completed.success && completed.error.is_none());
    assert_eq!(auth_mode(&mut server).await, Some(AuthMode::ApiKey));

    let account = server.ok::<AccountRead>(&GetAccountParams::default()).await;
    assert_eq!((account.account, account.requires_openai_auth), (Some(Account::ApiKey {}), true));
    let providers = server.ok::<ModelProviderList>(&ModelProviderListParams::default()).await;
    assert_eq!(providers.default_provider_id, "openai");
    let tools = server.ok::<ToolList>(&ToolListParams { thread_id: None }).await;
    assert_eq!(tools.exposure, ToolExposure::Standalone);
    assert_eq!(
        offered(&mut server).await,
        ["image_gen.imagegen"],
        "the same tool with the arguments of another provider"
    );

    server.ok::<AccountLogout>(&LogoutAccountParams {}).await;
    assert_eq!(auth_mode(&mut server).await, None);
    assert_eq!(offered(&mut server).await, ["image_gen.imagegen"]);
    let account = server.ok::<AccountRead>(&GetAccountParams::default()).await;
    assert_eq!(account.account, None);
    server.close().await;
}

#[tokio::test]
async fn a_thread_of_the_public_api_has_its_tool_from_the_login_on() {
    let place = Place::with_config("model_provider = \"openai\"\n");
    let mut server = place.server().await;
    let thread = server.thread().await;
    let params = ToolListParams { thread_id: Some(thread.id.clone()) };
    let before = server.ok::<ToolList>(&params).await;
    assert_eq!(before.exposure, ToolExposure::None);
    assert_eq!(before.data[0].reasons[0].reason, HeldBackReason::AuthNotEligible);
    let login = LoginAccountParams::ApiKey { api_key: ApiKey("sk-canary".to_owned()) };
    server.ok::<AccountLoginStart>(&login).await;
    server.events_until(|event| matches!(event, Event::AccountUpdated(_))).await;
    assert_eq!(offered(&mut server).await, ["image_gen.imagegen"]);
    assert_eq!(server.ok::<ToolList>(&params).await.exposure, ToolExposure::Standalone);

    // Another key changes nothing of what is offered, so nothing is told; the end of this test would find it.
    server.ok::<AccountLoginStart>(&login).await;
    server.events_until(|event| matches!(event, Event::AccountUpdated(_))).await;
    server.ok::<AccountLogout>(&LogoutAccountParams {}).await;
    server.events_until(|event| matches!(event, Event::AccountUpdated(_))).await;
    assert!(offered(&mut server).await.is_empty());
    server.close().await;
}

/// What `tool/list/updated` names.
async fn offered(server: &mut Server) -> Vec<String> {
    let event = server.event_where("tool/list/updated", |event| matches!(event, Event::ToolListUpdated(_))).await;
    let Event::ToolListUpdated(updated) = event else { unreachable!("it was awaited") };
    updated.tools
}

async fn auth_mode(server: &mut Server) -> Option<AuthMode> {
    let event = server.event_where("account/updated", |event| matches!(event, Event::AccountUpdated(_))).await;
    let Event::AccountUpdated(updated) = event else { unreachable!("it was awaited") };
    updated.auth_mode
}

/// Asks for one image, then answers every request with 401 and repeats what it was authorised with, as careless servers
/// do.
async fn tell_tale(listener: TcpListener) {
    loop {
        let Ok((mut stream, _)) = listener.accept().await else { return };
        let mut request = Vec::new();
        while !whole(&request) {
            let mut piece = [0; 4_096];
            match stream.read(&mut piece).await {
                Ok(0) | Err(_) => break,
                Ok(length) => request.extend_from_slice(&piece[..length]),
            }
        }
        let request = String::from_utf8_lossy(&request).into_owned();
        let is_question = request.starts_with("POST /v1/responses") && !request.contains("function_call_output");
        let (status, body) = if is_question { ("200 OK", question()) } else { ("401 Unauthorized", tale(&request)) };
        let length = body.len();
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
        let _ = stream.write_all(answer.as_bytes()).await;
    }
}

/// An answer of the model that asks for an image.
fn question() -> String {
    let call = json!({"type": "function_call", "id": "fc_1", "call_id": "call_1", "namespace": "image_gen",
        "name": "imagegen", "arguments": "{\"prompt\":\"a cat\"}"});
    let done = json!({"type": "response.output_item.done", "output_index": 0, "item": call});
    let usage = json!({"input_tokens": 1, "output_tokens": 1, "total_tokens": 2});
    let completed =
        json!({"type": "response.completed", "response": {"id": "resp_1", "output": [call], "usage": usage}});
    format!("data: {done}\n\ndata: {completed}\n\n")
}

fn tale(request: &str) -> String {
    let is_secret = |line: &&str| line.to_lowercase().starts_with("authorization:") || line.contains("canary");
    let secrets: Vec<&str> = request.lines().filter(is_secret).collect();
    assert!(secrets.len() >= 2, "the key and the header arrive: {request}");
    json!({"error": {
        "message": format!("Incorrect API key provided: {}", secrets.join(", ")), "type": "invalid_request_error",
        "param": secrets[0], "code": "invalid_api_key",
    }})
    .to_string()
}

/// Head and body are there.
fn whole(request: &[u8]) -> bool {
    let Some(end) = request.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&request[..end]).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    request.len() >= end + 4 + length.unwrap_or(0_usize)
}

#[tokio::test]
async fn no_output_log_or_file_holds_a_key_but_the_one_that_is_for_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let place = Place::with_config(&format!(
        "model_provider = \"studio\"\n[model_providers.studio]\nbase_url = \"http://127.0.0.1:{port}/v1\"\n\
         env_key = \"STUDIO_KEY\"\nhttp_headers = {{ X-Key = \"sk-canary-header\" }}\n"
    ));
    let log = place.project().join("stderr.txt");
    let mut command = place.command(&["--enable", "imagegenext"]);
    command.env("STUDIO_KEY", "sk-canary-studio").env("OPENAI_API_KEY", "sk-canary-account").env("RUST_LOG", "trace");
    command.stderr(std::fs::File::create(&log).expect("a log"));
    let mut server = Server::spawn(command);
    let serving = tell_tale(listener);
    let talking = async {
        server.initialize(None).await;
        let login = LoginAccountParams::ApiKey { api_key: ApiKey("sk-canary-login".to_owned()) };
        server.ok::<AccountLoginStart>(&login).await;
        server.events_until(|event| matches!(event, Event::AccountUpdated(_))).await;
        let bad = LoginAccountParams::ApiKey { api_key: ApiKey("sk-canary bad".to_owned()) };
        let refused = server.refused::<AccountLoginStart>(&bad).await;
        assert!(!refused.contains("canary"), "{refused}");
        let config = easel_protocol::configuration::ConfigReadParams { include_layers: Some(true), cwd: None };
        server.ok::<easel_protocol::method::ConfigRead>(&config).await;
        let thread = server.thread().await;
        let events = server.turn(&thread.id, vec![text("draw a cat")]).await;
        assert!(events.iter().any(|event| matches!(event, Event::Error(_))), "the model was refused");
        let failed = "\"status\":\"failed\"";
        let lines = events.iter().map(|event| serde_json::to_string(event).expect("JSON"));
        let image = lines.into_iter().any(|line| line.contains(failed) && line.contains("unauthorized"));
        assert!(image, "the image was refused: {events:#?}");
    };
    tokio::select! {
        () = serving => panic!("the listener closed"),
        () = talking => {}
    }
    let received: Vec<String> = server
        .transcript()
        .into_iter()
        .filter_map(|(direction, line)| (direction == Direction::Received).then_some(line))
        .collect();
    assert!(received.iter().all(|line| !line.contains("canary")), "{received:#?}");
    server.close().await;

    let mut holding = Vec::new();
    holders(place.home().as_path(), &mut holding);
    holders(place.project().as_path(), &mut holding);
    holding.sort();
    assert_eq!(holding, ["auth.json", "config.toml"]);
    assert!(std::fs::metadata(&log).expect("the log").len() > 0);
}

#[tokio::test]
async fn a_login_that_cannot_be_read_is_a_warning_without_its_content() {
    let place = Place::with_config("");
    std::fs::write(place.home().join("auth.json"), "sk-canary").expect("a damaged login");
    let mut server = place.server().await;
    let warned = server.events_until(|event| matches!(event, Event::ConfigWarning(_))).await;
    let warned = serde_json::to_string(&warned).expect("JSON");
    assert!(warned.contains("auth.json") && !warned.contains("canary"), "{warned}");
    server.close().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_server_leaves_no_core_dump_behind() {
    let place = Place::new();
    let server = place.server().await;
    let pid = server.client.pid().expect("it runs");
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).expect("its limits");
    let core = limits.lines().find_map(|line| line.strip_prefix("Max core file size")).expect("a line");
    assert_eq!(core.split_whitespace().take(2).collect::<Vec<_>>(), ["0", "0"]);
    server.close().await;
}

/// Names of the files below `folder` with a canary in them.
fn holders(folder: &Path, names: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            holders(&path, names);
        } else if std::fs::read(&path).expect("a file").windows(6).any(|bytes| bytes == b"canary") {
            names.push(path.file_name().unwrap_or_default().to_string_lossy().into_owned());
        }
    }
}
