//! What holds for a call of a model holds for a call of a client.

use easel_protocol::configuration::ExperimentalFeatureEnablementSetParams;
use easel_protocol::event::Event;
use easel_protocol::handshake::ClientCapabilities;
use easel_protocol::method::{
    ConfigBatchWrite, ExperimentalFeatureEnablementSet, PermissionsRequestApproval, ThreadResume, ToolCall, ToolList,
};
use easel_protocol::record::ImageErrorKind;
use easel_protocol::tool::{HeldBackReason, ToolExposure, ToolListParams};
use easel_testkit::http::MockServer;
use serde_json::{Value, json};

use super::{call, draw, last_received, posts, provider, sandbox_with};
use crate::harness::events::is_image_start;
use crate::harness::{HOSTED, STANDALONE, Sandbox, Server};
use crate::mcp::held_provider;
use crate::threads::resume_params;

/// A sandbox with this preset and these settings of the provider, and without a credential.
fn without_credential(provider: &MockServer, preset: &str, settings: &str) -> Sandbox {
    let url = provider.base_url();
    Sandbox::with_config(&format!(
        "model_provider = \"mock\"\n[model_providers.mock]\npreset = \"{preset}\"\nbase_url = \"{url}\"\n{settings}\n"
    ))
}

/// Checks that a call is accepted exactly if `tool/list` offers the tool, and that both give the same reasons.
async fn assert_call_follows_list(server: &mut Server, thread_id: &str, expected: &[HeldBackReason]) {
    let list = server.request::<ToolList>(&ToolListParams { thread_id: Some(thread_id.into()) }).await;
    let tool = list.data.iter().find(|tool| tool.kind == ToolExposure::Standalone).expect("the tool");
    let reasons: Vec<HeldBackReason> = tool.reasons.iter().map(|held_back| held_back.reason).collect();
    assert_eq!((reasons.as_slice(), tool.offered), (expected, expected.is_empty()));
    let params = draw(thread_id, "call_1", "a cat");
    if tool.offered {
        return assert!(call(server, &params).await.success);
    }
    let refused = server.request_error::<ToolCall>(&params).await;
    let data = last_received(server)["error"]["data"].clone();
    // A message about a credential is moved, because clients would take it for a failed login.
    let message = data["reason"].as_str().unwrap_or_else(|| refused.trim_start_matches("-32600 "));
    assert!(message.starts_with("the tool image_gen.imagegen is not offered"), "{refused} {data}");
    assert_eq!(data["reasons"], serde_json::to_value(&tool.reasons).expect("JSON"));
}

#[tokio::test]
async fn call_is_accepted_exactly_when_the_tool_is_listed() {
    let provider = provider();
    let off = ["--disable", "image_generation", "--enable", "imagegenext"];
    let both_off = ["--disable", "image_generation"];
    let plain = || sandbox_with(&provider, "");
    let cases: [(Sandbox, &[&str], &[HeldBackReason]); 6] = [
        (plain(), STANDALONE, &[]),
        (plain(), HOSTED, &[HeldBackReason::ImagegenextOff]),
        (plain(), &off, &[HeldBackReason::ImageGenerationOff]),
        (plain(), &both_off, &[HeldBackReason::ImageGenerationOff, HeldBackReason::ImagegenextOff]),
        (
            without_credential(&provider, "generic", "images.namespace_tools = false"),
            STANDALONE,
            &[HeldBackReason::ProviderWithoutNamespaceTools],
        ),
        (without_credential(&provider, "openai", ""), STANDALONE, &[HeldBackReason::AuthNotEligible]),
    ];
    for (sandbox, arguments, expected) in cases {
        let before = posts(&provider);
        let mut server = sandbox.start_server_with(arguments).await;
        let thread_id = server.start_thread().await.id;
        assert_call_follows_list(&mut server, &thread_id, expected).await;
        assert_eq!(posts(&provider) - before, usize::from(expected.is_empty()), "{expected:?}");
        server.close().await;
    }
}

#[tokio::test]
async fn call_without_its_configured_provider_is_refused() {
    let provider = provider();
    let (sandbox, mut server, thread_id) = super::start(&provider).await;
    server.close().await;
    std::fs::write(sandbox.home().join("config.toml"), "model_provider = \"preview\"\n").expect("a configuration file");
    server = sandbox.start_server().await;
    server.request::<ThreadResume>(&resume_params(&thread_id)).await;
    let expected = [HeldBackReason::ProviderWithoutImages, HeldBackReason::ProviderWithoutNamespaceTools];
    assert_call_follows_list(&mut server, &thread_id, &expected).await;
    assert_eq!(posts(&provider), 0);
    server.close().await;
}

#[tokio::test]
async fn kill_switch_stops_calls_that_are_not_sent() {
    let (provider, release) = held_provider();
    let sandbox = sandbox_with(&provider, "images.parallel = 1");
    let mut server = sandbox.start_server_with(STANDALONE).await;
    let thread_id = server.start_thread().await.id;
    let mut ids = Vec::new();
    for call_id in ["call_1", "call_2"] {
        ids.push(server.client.send::<ToolCall>(&draw(&thread_id, call_id, "a cat")).await.expect("a pipe"));
        server.events_until(is_image_start).await;
    }
    provider.request_arrived().await;
    let enablement = [("image_generation".to_owned(), false)].into();
    server.request::<ExperimentalFeatureEnablementSet>(&ExperimentalFeatureEnablementSetParams { enablement }).await;
    let refused = server.request_error::<ToolCall>(&draw(&thread_id, "call_3", "a cat")).await;
    assert!(refused.contains("image_generation"), "{refused}");
    release.send(()).expect("the provider waits");
    let sent = server.client.receive::<ToolCall>(ids[0]).await.expect("a result");
    let stopped = server.client.receive::<ToolCall>(ids[1]).await.expect("a result");
    assert!(sent.success, "{:?}", sent.error);
    assert_eq!(stopped.error.expect("an error").kind, ImageErrorKind::ApprovalDenied);
    assert_eq!(posts(&provider), 1);
    let events = server.events_until_turn_end().await;
    if !events.iter().any(|event| matches!(event, Event::ToolListUpdated(_))) {
        server.expect_event("tool/list/updated", |event| matches!(event, Event::ToolListUpdated(_))).await;
    }
    server.close().await;
}

/// Changes a setting, also for loaded threads.
async fn write(server: &mut Server, key: &str, value: Value) {
    let edits = json!([{ "keyPath": key, "value": value, "mergeStrategy": "replace" }]);
    let params = json!({ "edits": edits, "reloadUserConfig": true });
    server.request::<ConfigBatchWrite>(&serde_json::from_value(params).expect("params")).await;
}

#[tokio::test]
async fn limits_that_are_relaxed_hold_in_the_same_turn() {
    let provider = provider();
    let sandbox = sandbox_with(&provider, "limits.images_per_turn = 1");
    let mut server = sandbox.start_server_with(STANDALONE).await;
    let thread_id = server.start_thread().await.id;
    let slow = server.client.send::<ToolCall>(&draw(&thread_id, "call_1", "slow")).await.expect("a pipe");
    let events = server.events_until(is_image_start).await;
    provider.request_arrived().await;
    let next = async |server: &mut Server, call_id: &str| {
        let id = server.client.send::<ToolCall>(&draw(&thread_id, call_id, "a cat")).await.expect("a pipe");
        server.client.receive::<ToolCall>(id).await.expect("a result")
    };
    assert_eq!(next(&mut server, "call_2").await.error.expect("an error").kind, ImageErrorKind::BudgetExceeded);
    write(&mut server, "limits.images_per_turn", json!(8)).await;
    let made = next(&mut server, "call_3").await;
    assert!(made.success, "{:?}", made.error);
    write(&mut server, "features.image_generation", json!(false)).await;
    let refused = server.request_error::<ToolCall>(&draw(&thread_id, "call_4", "a cat")).await;
    assert!(refused.contains("image_generation"), "{refused}");
    write(&mut server, "features.image_generation", json!(true)).await;
    let made = next(&mut server, "call_4").await;
    assert!(made.success, "{:?}", made.error);
    let Some(Event::ItemStarted(started)) = events.last() else { panic!("{events:#?}") };
    assert_eq!(made.turn_id, started.turn_id, "the turn of the first call");
    let line = json!({ "method": "$/cancelRequest", "params": { "id": slow } }).to_string();
    server.client.send_line(&line).await.expect("a pipe");
    server.client.receive::<ToolCall>(slow).await.expect_err("a cancelled request");
    server.events_until_turn_end().await;
    assert_eq!(posts(&provider), 3);
    server.close().await;
}

#[tokio::test]
async fn denied_approval_is_a_result_without_a_request() {
    let provider = provider();
    let sandbox = sandbox_with(&provider, "approval = \"always\"");
    let mut server = Server::spawn(sandbox.server_command(STANDALONE));
    let capabilities = ClientCapabilities { request_permissions_approval: Some(true), ..ClientCapabilities::default() };
    server.initialize(Some(capabilities)).await;
    let thread_id = server.start_thread().await.id;
    for (call_id, enabled) in [("call_1", false), ("call_2", true)] {
        let id = server.client.send::<ToolCall>(&draw(&thread_id, call_id, "a cat")).await.expect("a pipe");
        let (question, params) =
            server.client.server_request::<PermissionsRequestApproval>().await.expect("a question");
        assert_eq!(&*params.item_id, call_id);
        let decision = json!({"permissions": {"network": {"enabled": enabled}}});
        let decision = serde_json::from_value(decision).expect("a decision");
        server.client.reply::<PermissionsRequestApproval>(question, &Ok(decision)).await.expect("a pipe");
        let response = server.client.receive::<ToolCall>(id).await.expect("a result");
        assert_eq!(response.success, enabled);
        assert_eq!(
            response.error.map(|error| error.kind),
            (!enabled).then_some(ImageErrorKind::ApprovalDenied),
            "{call_id}"
        );
        server.events_until_turn_end().await;
    }
    assert_eq!(posts(&provider), 1);
    server.close().await;
}

#[cfg(unix)]
#[tokio::test]
async fn hook_denies_a_call_of_a_client() {
    use std::os::unix::fs::PermissionsExt;
    let provider = provider();
    let hook = "[[hooks.pre_tool_use]]\ncommand = [\"./hook\"]\n";
    let url = provider.base_url();
    let sandbox = Sandbox::with_config(&format!(
        "model_provider = \"mock\"\n[model_providers.mock]\npreset = \"generic\"\nbase_url = \"{url}\"\n{hook}"
    ));
    let program = sandbox.home().join("hook");
    std::fs::write(&program, "#!/bin/sh\necho no pictures today >&2\nexit 2\n").expect("a script");
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o700)).expect("a program");
    let mut command = sandbox.server_command(STANDALONE);
    command.env("PATH", "/usr/bin:/bin");
    let mut server = Server::spawn(command);
    server.initialize(None).await;
    let thread_id = server.start_thread().await.id;
    let error = call(&mut server, &draw(&thread_id, "call_1", "a cat")).await.error.expect("an error");
    assert_eq!(error.kind, ImageErrorKind::HookDenied);
    assert!(error.message.contains("no pictures today"), "{error:?}");
    assert_eq!(posts(&provider), 0);
    server.close().await;
}
