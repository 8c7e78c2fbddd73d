//! Traces in OTLP, at a receiver of the test. Names and values are in its messages as they are.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use easel_testkit::http::{MockServer, Request, Response, Step};
use easel_testkit::image::{RED, solid_png};
use serde_json::json;
use tokio::process::Command;

use crate::harness::{Sandbox, mock_provider_config};

const PROMPT: &str = "a canary on a rope";

/// A provider whose model draws once, and that refuses the prompt `bad`.
fn provider() -> MockServer {
    MockServer::respond(|request: &Request| {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        if request.path.ends_with("/responses") {
            return match body.contains("function_call_output") {
                true => Response::message("The canary sits."),
                false if body.contains("bad") => Response::image_calls(&[json!({ "prompt": "bad" })]),
                false => Response::image_calls(&[json!({ "prompt": PROMPT })]),
            };
        }
        if body.contains("bad") {
            let error = json!({ "code": "moderation_blocked", "message": "No canary." });
            return Response::json(400, &json!({ "error": error }));
        }
        let usage = json!({ "input_tokens": 10, "output_tokens": 20, "total_tokens": 30 });
        let image = STANDARD.encode(solid_png(8, 8, RED));
        Response::json(200, &json!({ "data": [{ "b64_json": image }], "usage": usage }))
    })
}

fn receiver() -> MockServer {
    MockServer::respond(|_| Response::new(200, "application/x-protobuf", ""))
}

fn draw(sandbox: &Sandbox, prompt: &str, receiver: &MockServer) -> Command {
    let mut command = sandbox.command(&["draw", prompt]);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{}", receiver.address()));
    command
}

/// Draws, and returns the messages that the receiver has got as text.
async fn traces_of(prompt: &str) -> String {
    let (provider, receiver) = (provider(), receiver());
    let sandbox = Sandbox::with_config(&mock_provider_config(&provider, "generic"));
    let output = draw(&sandbox, prompt, &receiver).output().await.expect("the program starts");
    assert!(output.status.code().is_some_and(|code| code <= 1), "{}", String::from_utf8_lossy(&output.stderr));
    let requests = receiver.requests_to("/v1/traces");
    assert!(!requests.is_empty());
    assert!(requests.iter().all(|request| request.header("content-type") == Some("application/x-protobuf")));
    requests.iter().map(|request| String::from_utf8_lossy(&request.body).into_owned()).collect()
}

#[tokio::test]
async fn turn_is_exported_by_the_conventions_without_texts() {
    let traces = traces_of(PROMPT).await;
    for name in [
        "service.name\u{12}",
        "invoke_agent easel",
        "execute_tool image_gen.imagegen",
        "chat gpt-5.5",
        "generate_content gpt-image-2",
        "gen_ai.conversation.id",
        "gen_ai.tool.call.id",
        "gen_ai.usage.output_tokens",
        "gen_ai.output.type",
    ] {
        assert!(traces.contains(name), "{name}: {traces:?}");
    }
    assert!(!traces.contains("canary") && !traces.contains("error.type"), "{traces:?}");
}

#[tokio::test]
async fn failed_call_has_the_kind_of_its_error_only() {
    let traces = traces_of("draw something bad").await;
    assert!(traces.contains("error.type") && traces.contains("ModerationBlocked"), "{traces:?}");
    assert!(!traces.contains("canary") && !traces.contains("something bad"), "{traces:?}");
}

#[tokio::test]
async fn standard_variables_turn_the_export_off() {
    let (provider, receiver) = (provider(), receiver());
    let sandbox = Sandbox::with_config(&mock_provider_config(&provider, "generic"));
    for (variable, value) in [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none")] {
        let output = draw(&sandbox, PROMPT, &receiver).env(variable, value).output().await.expect("it starts");
        assert_eq!(output.status.code(), Some(0), "{variable}");
    }
    assert!(receiver.requests().is_empty());
}

#[tokio::test]
async fn receiver_that_never_answers_does_not_hold_the_end() {
    let (provider, receiver) = (provider(), MockServer::choose(|_, _| vec![Step::AwaitDisconnect]));
    let sandbox = Sandbox::with_config(&mock_provider_config(&provider, "generic"));
    let output = draw(&sandbox, PROMPT, &receiver).output().await.expect("it starts");
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stderr).contains("the last traces were not exported"));
}
