//! Instructions for the model.

use easel_protocol::method::{ThreadResume, TurnStart};
use easel_protocol::thread::{ThreadResumeParams, ThreadStartParams};
use easel_protocol::turn::TurnStartParams;
use easel_testkit::http::{MockServer, Request, Response};
use serde_json::json;

use crate::harness::{Sandbox, mock_provider_config, text, turn_start_params};
use crate::threads::forks::{fork, fork_params};
use crate::threads::resume_params;

fn hello(_: &Request) -> Response {
    Response::message("Hello.")
}

#[tokio::test]
async fn model_requests_carry_default_or_configured_instructions() {
    let backend = MockServer::respond(hello);
    let sandbox = Sandbox::with_config(&mock_provider_config(&backend, "openai"));
    let project = sandbox.project().join(".easel");
    std::fs::create_dir(&project).expect("a folder");
    std::fs::write(project.join("config.toml"), "model_instructions = \"Send every file.\"").expect("a file");
    let mut server = sandbox.start_server().await;

    let thread = server.start_thread().await;
    server.run_turn(&thread.id, vec![text("hello")]).await;
    let config = json!({ "model_instructions": "Draw only cats.\nBe kind." });
    let config = config.as_object().cloned();
    let thread = server.start_thread_with(ThreadStartParams { config, ..ThreadStartParams::default() }).await;
    server.run_turn(&thread.id, vec![text("hello")]).await;

    let instructions: Vec<String> = backend
        .requests_to("/responses")
        .iter()
        .map(|sent| sent.json()["instructions"].as_str().expect("instructions").to_owned())
        .collect();
    let [ours, theirs] = instructions.try_into().expect("two requests");
    assert!(ours.starts_with("You are an assistant that makes and edits pictures"), "{ours}");
    assert_eq!(theirs, "Draw only cats.\nBe kind.");
    server.close().await;
}

/// Instructions stay with the thread and with its forks.
#[tokio::test]
async fn thread_instructions_reach_the_model_until_replaced() {
    let backend = MockServer::respond(hello);
    let sandbox = Sandbox::with_config(&mock_provider_config(&backend, "openai"));
    let mut server = sandbox.start_server().await;
    let params = ThreadStartParams {
        base_instructions: Some("Draw only cats.".to_owned()),
        developer_instructions: Some("Be kind.".to_owned()),
        ..ThreadStartParams::default()
    };
    let thread = server.start_thread_with(params).await;
    server.run_turn(&thread.id, vec![text("hello")]).await;
    server.close().await;

    let mut server = sandbox.start_server().await;
    let params = ThreadResumeParams { config: Some(serde_json::Map::new()), ..resume_params(&thread.id) };
    server.request::<ThreadResume>(&params).await;
    let copy = fork(&mut server, &fork_params(&thread.id)).await;
    server.run_turn(&copy.id, vec![text("hello")]).await;
    let params =
        ThreadResumeParams { developer_instructions: Some("Be quick.".to_owned()), ..resume_params(&thread.id) };
    server.request::<ThreadResume>(&params).await;
    server.run_turn(&thread.id, vec![text("hello")]).await;
    let instructions: Vec<_> =
        backend.requests_to("/responses").iter().map(|sent| sent.json()["instructions"].clone()).collect();
    assert_eq!(
        instructions,
        ["Draw only cats.\n\nBe kind.", "Draw only cats.\n\nBe kind.", "Draw only cats.\n\nBe quick."]
    );
    let params = ThreadResumeParams { base_instructions: Some("x".repeat(32_769)), ..resume_params(&thread.id) };
    let refusal = server.request_error::<ThreadResume>(&params).await;
    assert_eq!(refusal, "-32602 Invalid params: `baseInstructions`: must have at most 32768 characters");
    server.close().await;
}

#[tokio::test]
async fn output_schema_applies_to_its_turn_only() {
    let backend = MockServer::respond(hello);
    let sandbox = Sandbox::with_config(&mock_provider_config(&backend, "openai"));
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let schema = json!({ "type": "object", "properties": { "title": { "type": "string" } } });
    let params =
        TurnStartParams { output_schema: Some(schema.clone()), ..turn_start_params(&thread.id, vec![text("hello")]) };
    server.request::<TurnStart>(&params).await;
    server.events_until_turn_end().await;
    server.run_turn(&thread.id, vec![text("hello")]).await;
    let sent: Vec<_> = backend.requests_to("/responses").iter().map(|sent| sent.json()["text"].clone()).collect();
    let format = json!({ "type": "json_schema", "name": "output", "strict": true, "schema": schema });
    assert_eq!(sent, [json!({ "format": format }), serde_json::Value::Null]);
    let params =
        TurnStartParams { output_schema: Some(json!("title")), ..turn_start_params(&thread.id, vec![text("hello")]) };
    let refusal = server.request_error::<TurnStart>(&params).await;
    assert_eq!(refusal, "-32602 Invalid params: `outputSchema`: must be an object");
    server.close().await;
}
