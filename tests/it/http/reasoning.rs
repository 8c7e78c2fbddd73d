//! The model's reasoning: how much of it a client asks for, what the client sees, and what is kept for the provider.

use easel_protocol::event::Event;
use easel_protocol::item::ThreadItem;
use easel_protocol::method::{ThreadFork, ThreadRead, ThreadResume, ThreadRevert, ThreadSettingsUpdate, TurnStart};
use easel_protocol::model::ReasoningSummary;
use easel_protocol::thread::{ThreadRevertParams, ThreadSettingsUpdateParams};
use easel_protocol::turn::TurnStartParams;
use easel_testkit::http::{MockServer, Request, Response};
use serde_json::{Value, json};

use crate::harness::events::{completed_items, completed_turn};
use crate::harness::{Sandbox, Server, mock_provider_config, text, turn_start_params};
use crate::threads::forks::fork_params;
use crate::threads::{read_params, resume_params};
use crate::wire::raw::RawServer;

/// What must not be in a log.
const SECRETS: [&str; 3] = ["gAAAAA-canary", "canary summary", "canary thought"];

/// A response that reasons, with a summary, text and an encrypted form, and then says something.
fn reason(_: &Request) -> Response {
    let part = |kind: &str, fields: Value| {
        let mut event = json!({"type": format!("response.reasoning_{kind}"), "item_id": "rs_1", "output_index": 0});
        event.as_object_mut().expect("an object").extend(fields.as_object().expect("an object").clone());
        event
    };
    let empty = json!({"type": "reasoning", "id": "rs_1", "summary": []});
    let whole = json!({"type": "reasoning", "id": "rs_1", "status": null, "encrypted_content": SECRETS[0],
        "summary": [{"type": "summary_text", "text": SECRETS[1]}],
        "content": [{"type": "reasoning_text", "text": SECRETS[2]}]});
    let content = json!([{"type": "output_text", "text": "Hello."}]);
    let message = json!({"type": "message", "id": "msg_1", "role": "assistant", "content": content});
    Response::events(&[
        json!({"type": "response.output_item.added", "output_index": 0, "item": empty}),
        part("summary_part.added", json!({"summary_index": 0, "part": {"type": "summary_text", "text": ""}})),
        part("summary_text.delta", json!({"summary_index": 0, "delta": SECRETS[1]})),
        part("summary_text.done", json!({"summary_index": 0, "text": SECRETS[1]})),
        part("text.delta", json!({"content_index": 0, "delta": SECRETS[2]})),
        json!({"type": "response.output_item.done", "output_index": 0, "item": whole}),
        json!({"type": "response.output_item.done", "output_index": 1, "item": message}),
        json!({"type": "response.completed", "response": {"usage": {"input_tokens": 1, "output_tokens": 1}}}),
    ])
}

fn sent_bodies(backend: &MockServer) -> Vec<Value> {
    backend.requests_to("/responses").iter().map(Request::json).collect()
}

#[tokio::test]
async fn reasoning_is_streamed_stored_and_read_back() {
    let backend = MockServer::respond(reason);
    let sandbox = Sandbox::with_config(&mock_provider_config(&backend, "openai"));
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("hello")]).await;
    let mut methods: Vec<&str> = events.iter().map(Event::method).collect();
    methods.dedup();
    insta::assert_debug_snapshot!(&methods[4..12], @r#"
    [
        "item/started",
        "item/reasoning/summaryPartAdded",
        "item/reasoning/summaryTextDelta",
        "item/reasoning/textDelta",
        "item/completed",
        "item/started",
        "item/agentMessage/delta",
        "item/completed",
    ]
    "#);
    let shown = completed_items(&events)[1].clone();
    let ThreadItem::Reasoning(reasoning) = &shown else { panic!("{shown:#?}") };
    assert_eq!(
        (&reasoning.summary[..], &reasoning.content[..]),
        (&["canary summary".to_owned()][..], &["canary thought".to_owned()][..])
    );
    server.close().await;

    let mut server = sandbox.start_server().await;
    let turns = server.request::<ThreadRead>(&read_params(&thread.id)).await.thread.turns;
    assert_eq!(turns[0].items[1], shown);
    server.close().await;
    let [body] = sent_bodies(&backend).try_into().expect("one request");
    assert_eq!((body.get("reasoning"), body.get("include")), (None, None), "nobody asked for it");
}

#[tokio::test]
async fn effort_and_summary_stick_to_the_thread() {
    let backend = MockServer::respond(reason);
    let config = format!("model_reasoning_effort = \"low\"\n{}", mock_provider_config(&backend, "openai"));
    let sandbox = Sandbox::with_config(&config);
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    server.run_turn(&thread.id, vec![text("hello")]).await;
    let change = TurnStartParams {
        effort: Some("high".to_owned()),
        summary: Some(ReasoningSummary::Detailed),
        ..turn_start_params(&thread.id, vec![text("hello")])
    };
    for notifications in [1, 0] {
        server.request::<TurnStart>(&change).await;
        let events = server.events_until_turn_end().await;
        let settings: Vec<_> = events
            .iter()
            .filter_map(|event| if let Event::ThreadSettingsUpdated(updated) = event { Some(updated) } else { None })
            .map(|updated| &updated.thread_settings)
            .collect();
        assert_eq!(settings.len(), notifications);
        for settings in settings {
            assert_eq!(
                (settings.effort.as_deref(), settings.summary),
                (Some("high"), Some(ReasoningSummary::Detailed))
            );
            assert_eq!(settings.collaboration_mode.settings.reasoning_effort.as_deref(), Some("high"));
        }
    }
    server.close().await;

    let mut server = sandbox.start_server().await;
    let resumed = server.request::<ThreadResume>(&resume_params(&thread.id)).await;
    assert_eq!(resumed.settings.reasoning_effort.as_deref(), Some("high"));
    server.run_turn(&thread.id, vec![text("hello")]).await;
    let forked = server.request::<ThreadFork>(&fork_params(&thread.id)).await;
    assert_eq!(forked.reasoning_effort.as_deref(), Some("high"));
    server.events_until(|event| matches!(event, Event::ThreadStarted(_))).await;
    server.run_turn(&forked.thread.id, vec![text("hello")]).await;
    let update = ThreadSettingsUpdateParams {
        thread_id: thread.id.clone(),
        cwd: None,
        model: None,
        effort: None,
        summary: Some(ReasoningSummary::None),
    };
    server.request::<ThreadSettingsUpdate>(&update).await;
    server.events_until(|event| matches!(event, Event::ThreadSettingsUpdated(_))).await;
    server.run_turn(&thread.id, vec![text("hello")]).await;
    server.close().await;

    let sent: Vec<Value> = sent_bodies(&backend).iter().map(|body| body["reasoning"].clone()).collect();
    let high = json!({"effort": "high", "summary": "detailed"});
    assert_eq!(
        sent,
        [json!({"effort": "low"}), high.clone(), high.clone(), high.clone(), high, json!({"effort": "high"})]
    );
}

fn keeping(backend: &MockServer) -> Sandbox {
    Sandbox::with_config(&format!("{}keep_reasoning = true\n", mock_provider_config(backend, "openai")))
}

fn kinds(body: &Value) -> Vec<&str> {
    let items = body["input"].as_array().expect("a conversation").iter();
    items.map(|item| item["role"].as_str().or(item["type"].as_str()).expect("a kind")).collect()
}

async fn hello(server: &mut Server, thread_id: &str) -> String {
    let events = server.run_turn(thread_id, vec![text("hello")]).await;
    completed_turn(&events).id.to_string()
}

#[tokio::test]
async fn kept_reasoning_is_sent_back_until_its_turn_is_reverted() {
    let backend = MockServer::respond(reason);
    let sandbox = keeping(&backend);
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    hello(&mut server, &thread.id).await;
    let second = hello(&mut server, &thread.id).await;
    server.close().await;
    let mut server = sandbox.start_server().await;
    server.request::<ThreadResume>(&resume_params(&thread.id)).await;
    let revert = ThreadRevertParams { thread_id: thread.id.clone(), before_turn_id: second.as_str().into() };
    server.request::<ThreadRevert>(&revert).await;
    server.events_until(|event| matches!(event, Event::ThreadReverted(_))).await;
    hello(&mut server, &thread.id).await;
    server.close().await;

    let bodies = sent_bodies(&backend);
    let one = ["user", "reasoning", "assistant", "user"];
    assert_eq!(bodies.iter().map(kinds).collect::<Vec<_>>(), [&one[3..], &one, &one]);
    assert_eq!(
        bodies[1]["input"][1],
        json!({"type": "reasoning", "id": "rs_1", "encrypted_content": SECRETS[0],
            "summary": [{"type": "summary_text", "text": SECRETS[1]}],
            "content": [{"type": "reasoning_text", "text": SECRETS[2]}]}),
    );
    assert!(bodies.iter().all(|body| body["include"] == json!(["reasoning.encrypted_content"])));
}

#[tokio::test]
async fn reasoning_of_another_account_is_left_out() {
    let backend = MockServer::respond(|request| {
        if request.json()["input"].to_string().contains(SECRETS[0]) {
            let message = format!("The encrypted content {} could not be verified.", SECRETS[0]);
            return Response::json(400, &json!({"error": {"message": message, "code": "invalid_encrypted_content"}}));
        }
        reason(request)
    });
    let sandbox = keeping(&backend);
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    for _ in 0..3 {
        let events = server.run_turn(&thread.id, vec![text("hello")]).await;
        assert_eq!(completed_turn(&events).error, None);
    }
    server.close().await;
    let asked: Vec<bool> = sent_bodies(&backend).iter().map(|body| body.get("include").is_some()).collect();
    assert_eq!(asked, [true, true, false, false], "the second turn repeats its request once, the third knows");
}

#[test]
fn reasoning_is_not_logged() {
    let backend = MockServer::respond(|request| {
        if request.json()["input"].to_string().contains(SECRETS[0]) {
            let message = format!("The encrypted content {} could not be verified.", SECRETS[0]);
            return Response::json(400, &json!({"error": {"message": message}}));
        }
        reason(request)
    });
    let sandbox = keeping(&backend);
    let log = sandbox.root().join("log");
    let mut command = sandbox.server_command(&[]).into_std();
    command.env("RUST_LOG", "trace").stderr(std::fs::File::create(&log).expect("a file"));
    let mut server = RawServer::spawn(command);
    server.initialize();
    let thread_id = server.start_thread();
    for _ in 0..2 {
        let input = json!([{"type": "text", "text": "hello"}]);
        server.request("turn/start", &json!({"threadId": thread_id, "input": input}));
        server.read_until("turn/completed");
    }
    server.close();
    let log = std::fs::read_to_string(log).expect("a log");
    assert!(log.contains("the provider refused kept reasoning"), "{log}");
    for secret in SECRETS {
        assert!(!log.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn summary_of_another_kind_is_refused() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let input = json!([{"type": "text", "text": "hello"}]);
    let params = json!({"threadId": thread.id, "input": input, "summary": "long"});
    let refusal = server.call("turn/start", &params).await.expect_err("an invalid summary");
    assert!(refusal.starts_with("-32602 Invalid params: `summary`: "), "{refusal}");
    let params = json!({"threadId": thread.id, "input": input, "effort": "x".repeat(257)});
    let refusal = server.call("turn/start", &params).await.expect_err("an invalid effort");
    assert_eq!(refusal, "-32602 Invalid params: `effort`: must have at most 256 characters");
    server.close().await;
}
