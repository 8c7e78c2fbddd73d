//! Programs that print a credential.

use std::os::unix::fs::PermissionsExt;

use easel_protocol::item::ImageStatus;
use easel_protocol::record::ImageErrorKind;
use easel_protocol::turn::TurnStatus;
use easel_testkit::http::{MockServer, Request, Response};

use super::responses;
use crate::harness::{Sandbox, events, text};

/// A sandbox with a provider whose credential this script prints. The script runs in Easel's home.
fn sandbox(backend: &MockServer, script: &str, settings: &str) -> Sandbox {
    let sandbox = Sandbox::with_config(&format!(
        "model_provider = \"studio\"\n[model_providers.studio]\npreset = \"openai\"\nbase_url = \"{}\"\n\
         [model_providers.studio.auth]\ncommand = \"./print\"\n{settings}\n",
        backend.url("v1")
    ));
    let program = sandbox.home().join("print");
    std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).expect("a script");
    std::fs::set_permissions(&program, PermissionsExt::from_mode(0o700)).expect("a program");
    sandbox
}

/// Counts its runs in a file and prints `key-1`, `key-2` and so on.
const COUNTING: &str = "n=0; [ -f runs ] && read n < runs; n=$((n + 1)); echo $n > runs; echo \"  $1-$n\"";

/// Accepts the second key only.
fn second_key(request: &Request) -> Response {
    match request.path.ends_with("/responses") {
        _ if request.bearer_token() != "key-2" => responses::unauthorized(),
        true => responses::model(request, 1),
        false => responses::image(),
    }
}

#[tokio::test]
async fn printed_credential_is_cached_and_renewed_after_refusal() {
    let backend = MockServer::respond(second_key);
    let sandbox = sandbox(&backend, COUNTING, "args = [\"key\"]");
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("draw a cat")]).await;
    assert_eq!(events::completed_image(&events).status, ImageStatus::Completed);
    assert_eq!(backend.bearer_tokens("/responses"), ["key-1", "key-2", "key-2"]);
    assert_eq!(backend.bearer_tokens("/images/generations"), ["key-2"]);
    assert_eq!(std::fs::read_to_string(sandbox.home().join("runs")).expect("the count").trim(), "2");
    server.close().await;
}

#[tokio::test]
async fn program_without_output_is_an_error_and_sends_nothing() {
    for (script, settings, message_part) in [
        ("exit 3", "", "exit status: 3"),
        ("true", "", "a single word"),
        ("echo two canaries", "", "a single word"),
        ("while echo canary; do :; done", "", "more than 65536 bytes"),
        ("echo canary >&2; exit 1", "", "exit status: 1"),
        ("exec sleep 600", "timeout_ms = 100", "100 ms"),
        ("printf '\\377'", "", "not UTF-8"),
        ("echo canary", "cwd = \"nowhere\"", "cannot be started"),
    ] {
        let backend = MockServer::respond(|_: &Request| responses::unauthorized());
        let sandbox = sandbox(&backend, script, settings);
        let mut server = sandbox.start_server().await;
        let thread = server.start_thread().await;
        let events = server.run_turn(&thread.id, vec![text("draw a cat")]).await;
        let error = events::completed_turn(&events).error.clone().expect("an error");
        assert_eq!(events::completed_turn(&events).status, TurnStatus::Failed, "{script}");
        assert!(
            error.message.contains("studio") && error.message.contains(message_part),
            "{script}: {}",
            error.message
        );
        assert!(!error.message.contains("canar"), "{}", error.message);
        assert!(backend.requests().is_empty(), "{script}");
        server.close().await;
    }
}

#[tokio::test]
async fn same_credential_again_is_not_sent_twice() {
    let backend = MockServer::respond(|request: &Request| {
        if request.path.ends_with("/responses") { responses::model(request, 1) } else { responses::unauthorized() }
    });
    let sandbox = sandbox(&backend, "echo key", "refresh_interval_ms = 0");
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("draw a cat")]).await;
    let error = events::completed_image(&events).error.clone().expect("an error");
    assert_eq!((error.kind, error.attempts), (ImageErrorKind::Unauthorized, 1));
    assert_eq!(backend.bearer_tokens("/images/generations"), ["key"]);
    server.close().await;
}
