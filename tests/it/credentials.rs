//! Credentials: where they come from, what they change, and that they do not leak.

mod canary;
#[cfg(unix)]
mod helper;
#[cfg(all(feature = "keychain", target_os = "linux"))]
mod keychain;
mod limits;
#[cfg(unix)]
mod order;
mod renewal;
pub(crate) mod responses;
mod tokens;

use std::process::{Output, Stdio};

use easel_protocol::account::{
    Account, AuthMode, GetAccountParams, LoginAccountParams, LoginAccountResponse, LogoutAccountParams, SecretText,
};
use easel_protocol::event::Event;
use easel_protocol::method::{AccountLoginStart, AccountLogout, AccountRead, ModelProviderList, ToolList};
use easel_protocol::model::ModelProviderListParams;
use easel_protocol::tool::{HeldBackReason, ToolExposure, ToolListParams};
use tokio::io::AsyncWriteExt;

use crate::harness::{EASEL, Sandbox, Server};

pub(crate) async fn easel(sandbox: &Sandbox, arguments: &[&str], input: &str, variables: &[(&str, &str)]) -> Output {
    let mut command = tokio::process::Command::new(EASEL);
    command.args(arguments).env_clear().env("EASEL_HOME", sandbox.home()).envs(variables.iter().copied());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input.as_bytes()).await.expect("the program reads its input");
    drop(stdin);
    child.wait_with_output().await.expect("the program ends")
}

pub(crate) fn output_text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[tokio::test]
async fn login_commands_show_the_location_but_not_the_key() {
    let sandbox = Sandbox::new();
    let status = |variables| easel(&sandbox, &["login", "status"], "", variables);
    assert_eq!(status(&[]).await.status.code(), Some(1));

    let login = easel(&sandbox, &["login", "--with-api-key"], "sk-canary-7\n", &[]).await;
    assert_eq!(login.status.code(), Some(0), "{}", output_text(&login));
    let stored = status(&[]).await;
    assert_eq!(stored.status.code(), Some(0));
    assert!(output_text(&stored).contains("auth.json"));
    let set = status(&[("OPENAI_API_KEY", "sk-canary-8")]).await;
    assert!(output_text(&set).contains("OPENAI_API_KEY"));

    let logout = easel(&sandbox, &["logout"], "", &[]).await;
    assert_eq!((logout.status.code(), status(&[]).await.status.code()), (Some(0), Some(1)));
    for output in [&login, &stored, &set, &logout] {
        assert!(!output_text(output).contains("canary"), "{}", output_text(output));
    }
}

#[tokio::test]
async fn key_as_argument_and_invalid_keys_are_refused() {
    let sandbox = Sandbox::new();
    for arguments in [&["login", "--with-api-key", "sk-canary"][..], &["login"], &["login", "--api-key=sk-canary"]] {
        assert_eq!(easel(&sandbox, arguments, "", &[]).await.status.code(), Some(2), "{arguments:?}");
    }
    let refused = easel(&sandbox, &["login", "--with-api-key"], "two canaries\n", &[]).await;
    assert_eq!(refused.status.code(), Some(1));
    assert!(!output_text(&refused).contains("canaries"));
    assert!(!sandbox.home().join("auth.json").exists());
}

#[tokio::test]
async fn login_request_updates_account_provider_and_tools() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let none = server.request::<AccountRead>(&GetAccountParams::default()).await;
    assert_eq!((none.account, none.requires_openai_auth), (None, false));

    let login = LoginAccountParams::ApiKey { api_key: SecretText("sk-canary".to_owned()) };
    assert_eq!(server.request::<AccountLoginStart>(&login).await, LoginAccountResponse::ApiKey {});
    let event = server.expect_event("account/login/completed", |e| matches!(e, Event::AccountLoginCompleted(_))).await;
    let Event::AccountLoginCompleted(completed) = event else { unreachable!("the event was checked") };
    assert!(completed.success && completed.error.is_none());
    assert_eq!(auth_mode(&mut server).await, Some(AuthMode::ApiKey));

    let account = server.request::<AccountRead>(&GetAccountParams::default()).await;
    assert_eq!((account.account, account.requires_openai_auth), (Some(Account::ApiKey {}), true));
    let providers = server.request::<ModelProviderList>(&ModelProviderListParams::default()).await;
    assert_eq!(providers.default_provider_id, "openai");
    let tools = server.request::<ToolList>(&ToolListParams { thread_id: None }).await;
    assert_eq!(tools.exposure, ToolExposure::Standalone);
    assert_eq!(
        offered(&mut server).await,
        ["image_gen.imagegen"],
        "the same tool with the arguments of another provider"
    );

    server.request::<AccountLogout>(&LogoutAccountParams {}).await;
    assert_eq!(auth_mode(&mut server).await, None);
    assert_eq!(offered(&mut server).await, ["image_gen.imagegen"]);
    let account = server.request::<AccountRead>(&GetAccountParams::default()).await;
    assert_eq!(account.account, None);
    server.close().await;
}

#[tokio::test]
async fn public_api_thread_gets_its_tool_at_login() {
    let sandbox = Sandbox::with_config("model_provider = \"openai\"\n");
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let params = ToolListParams { thread_id: Some(thread.id.clone()) };
    let before = server.request::<ToolList>(&params).await;
    assert_eq!(before.exposure, ToolExposure::None);
    assert_eq!(before.data[0].reasons[0].reason, HeldBackReason::AuthNotEligible);
    let login = LoginAccountParams::ApiKey { api_key: SecretText("sk-canary".to_owned()) };
    server.request::<AccountLoginStart>(&login).await;
    server.events_until(|event| matches!(event, Event::AccountUpdated(_))).await;
    assert_eq!(offered(&mut server).await, ["image_gen.imagegen"]);
    assert_eq!(server.request::<ToolList>(&params).await.exposure, ToolExposure::Standalone);

    // Another key does not change the offered tools, so nothing is announced. An event would fail the end of this test.
    server.request::<AccountLoginStart>(&login).await;
    server.events_until(|event| matches!(event, Event::AccountUpdated(_))).await;
    server.request::<AccountLogout>(&LogoutAccountParams {}).await;
    server.events_until(|event| matches!(event, Event::AccountUpdated(_))).await;
    assert!(offered(&mut server).await.is_empty());
    server.close().await;
}

/// Reads `tool/list/updated` and returns its tools.
async fn offered(server: &mut Server) -> Vec<String> {
    let event = server.expect_event("tool/list/updated", |event| matches!(event, Event::ToolListUpdated(_))).await;
    let Event::ToolListUpdated(updated) = event else { unreachable!("the event was checked") };
    updated.tools
}

async fn auth_mode(server: &mut Server) -> Option<AuthMode> {
    let event = server.expect_event("account/updated", |event| matches!(event, Event::AccountUpdated(_))).await;
    let Event::AccountUpdated(updated) = event else { unreachable!("the event was checked") };
    updated.auth_mode
}

#[tokio::test]
async fn unreadable_login_is_a_warning_without_its_content() {
    let sandbox = Sandbox::with_config("");
    std::fs::write(sandbox.home().join("auth.json"), "sk-canary").expect("a damaged login");
    let mut server = sandbox.start_server().await;
    let warned = server.events_until(|event| matches!(event, Event::ConfigWarning(_))).await;
    let warned = serde_json::to_string(&warned).expect("JSON");
    assert!(warned.contains("auth.json") && !warned.contains("canary"), "{warned}");
    server.close().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn server_leaves_no_core_dump() {
    let sandbox = Sandbox::new();
    let server = sandbox.start_server().await;
    let pid = server.client.pid().expect("the process runs");
    let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).expect("its limits");
    let core = limits.lines().find_map(|line| line.strip_prefix("Max core file size")).expect("a line");
    assert_eq!(core.split_whitespace().take(2).collect::<Vec<_>>(), ["0", "0"]);
    server.close().await;
}
