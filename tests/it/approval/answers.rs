//! What a client answers, and what follows.

use easel_client::{Direction, RpcError};
use easel_protocol::approval::{ApprovalCause, ApprovalScope};
use easel_protocol::event::Event;
use easel_protocol::handshake::ClientCapabilities;
use easel_protocol::item::ImageStatus;
use easel_protocol::method::ThreadRead;
use easel_protocol::record::ImageAction;
use easel_protocol::thread::{ThreadActiveFlag, ThreadStatus};
use easel_testkit::http::{MockServer, Request, Response};
use serde_json::{Value, json};

use super::{
    IMAGES, approve, assert_not_made, decision, provider, questions, read_question, reply, resolved, sandbox, start,
    start_asking,
};
use crate::credentials::responses;
use crate::harness::events::completed_image;
use crate::harness::{STANDALONE, Sandbox, Server, text};
use crate::http::{completed_images, provider_config};
use crate::threads::read_params;

const ALWAYS: &str = "approval = \"always\"";

fn statuses(events: &[Event]) -> Vec<&ThreadStatus> {
    let statuses = events
        .iter()
        .filter_map(|event| if let Event::ThreadStatusChanged(changed) = event { Some(&changed.status) } else { None });
    statuses.collect()
}

#[tokio::test]
async fn approved_call_is_made_after_the_answer() {
    let backend = provider(1);
    let sandbox = sandbox(&backend, &format!("{ALWAYS}\nprices.gpt-image-2.image = 0.04"));
    let mut server = start(&sandbox).await;
    let thread = server.start_thread().await;
    let turn = server.start_turn(&thread.id, vec![text("draw a cat")]).await;
    let (id, params) = read_question(&mut server).await;
    assert!(backend.requests_to(IMAGES).is_empty(), "nothing is sent before the answer");

    assert_eq!((&params.thread_id, &params.turn_id, &params.cwd), (&thread.id, &turn.id, &thread.cwd));
    assert_eq!(params.permissions, decision(Some(true), ApprovalScope::Turn).permissions);
    let call = &params.image_generation;
    assert_eq!((call.cause, call.action, call.count), (ApprovalCause::Always, ImageAction::Generate, 1));
    assert_eq!((call.prompt.as_str(), call.provider.as_str(), call.model.as_str()), ("a cat", "mock", "gpt-image-2"));
    assert_eq!((call.estimated_cost_usd, call.images_left_today), (Some(0.04), None));
    let reason = params.reason.as_deref().expect("a sentence");
    assert_eq!(reason, "Make 1 image with gpt-image-2 of the provider mock for about $0.04? Prompt: \"a cat\"");

    let waiting = ThreadStatus::Active { active_flags: vec![ThreadActiveFlag::WaitingOnApproval] };
    let read = server.request::<ThreadRead>(&read_params(&thread.id)).await.thread;
    assert_eq!(read.status, waiting);
    reply(&mut server, id, Ok(decision(Some(true), ApprovalScope::Call))).await;
    let events = server.events_until_turn_end().await;
    let image = completed_image(&events);
    assert_eq!((image.status, &image.id), (ImageStatus::Completed, &params.item_id));
    let active = ThreadStatus::Active { active_flags: Vec::new() };
    assert_eq!(statuses(&events), [&active, &waiting, &active, &ThreadStatus::Idle {}]);
    assert_eq!((resolved(&events), backend.requests_to(IMAGES).len()), (1, 1));
    server.close().await;
}

#[tokio::test]
async fn question_follows_the_start_of_its_item() {
    let backend = provider(1);
    let sandbox = sandbox(&backend, &format!("{ALWAYS}\nwire.turn_event_delay_ms = 200"));
    let mut server = start(&sandbox).await;
    let thread = server.start_thread().await;
    server.start_turn(&thread.id, vec![text("draw a cat")]).await;
    let params = approve(&mut server, ApprovalScope::Call).await;
    server.events_until_turn_end().await;
    let received: Vec<Value> = server
        .transcript()
        .iter()
        .filter(|(direction, _)| *direction == Direction::Received)
        .map(|(_, line)| serde_json::from_str(line).expect("JSON"))
        .collect();
    let position = |fits: &dyn Fn(&Value) -> bool| received.iter().position(fits).expect("the message");
    let id = params.item_id.as_str();
    let of_item =
        |method: &'static str| move |line: &Value| line["method"] == method && line["params"]["item"]["id"] == id;
    let positions = [
        position(&of_item("item/started")),
        position(&|line| line["params"]["status"]["activeFlags"] == json!(["waitingOnApproval"])),
        position(&|line| line["method"] == "item/permissions/requestApproval"),
        position(&|line| line["method"] == "serverRequest/resolved"),
        position(&of_item("item/completed")),
    ];
    assert!(positions.is_sorted(), "{positions:?} in {received:#?}");
    server.close().await;
}

#[tokio::test]
async fn denied_call_is_neither_sent_nor_journaled() {
    let error = RpcError { code: -32_000, message: "canary".to_owned() };
    for response in [Ok(decision(None, ApprovalScope::Turn)), Ok(decision(Some(false), ApprovalScope::Day)), Err(error)]
    {
        let backend = provider(1);
        let sandbox = sandbox(&backend, ALWAYS);
        let (mut server, _, (id, _)) = start_asking(&sandbox).await;
        reply(&mut server, id, response).await;
        let events = server.events_until_turn_end().await;
        assert_not_made(completed_image(&events), &backend, &sandbox, "the user did not approve the image call");
        assert_eq!(resolved(&events), 1);
        server.close().await;
    }
}

#[tokio::test]
async fn answer_that_is_garbage_denies() {
    for result in [
        json!(null),
        json!(true),
        json!([]),
        json!({}),
        json!({ "permissions": true }),
        json!({ "permissions": { "network": { "enabled": "yes" } } }),
        json!({ "permissions": { "network": { "enabled": true } }, "scope": "forever" }),
        json!({ "decision": "accept" }),
    ] {
        let backend = provider(1);
        let sandbox = sandbox(&backend, ALWAYS);
        let (mut server, _, (id, _)) = start_asking(&sandbox).await;
        server.client.send_line(&json!({ "id": id, "result": result }).to_string()).await.expect("a line");
        let events = server.events_until_turn_end().await;
        assert_not_made(completed_image(&events), &backend, &sandbox, "has the wrong shape");
        server.close().await;
    }
}

#[tokio::test]
async fn answer_of_a_codex_client_is_understood() {
    let backend = provider(1);
    let sandbox = sandbox(&backend, ALWAYS);
    let (mut server, _, (id, params)) = start_asking(&sandbox).await;
    // Such a client echoes the permissions that it was asked for.
    let permissions = serde_json::to_value(&params.permissions).expect("JSON");
    let result = json!({ "permissions": permissions, "scope": "session", "strictAutoReview": null });
    server.client.send_line(&json!({ "id": id, "result": result }).to_string()).await.expect("a line");
    let events = server.events_until_turn_end().await;
    assert_eq!(completed_image(&events).status, ImageStatus::Completed);
    server.close().await;
}

#[tokio::test]
async fn parallel_calls_are_each_asked() {
    let backend = provider(3);
    let sandbox = sandbox(&backend, ALWAYS);
    let mut server = start(&sandbox).await;
    let thread = server.start_thread().await;
    server.start_turn(&thread.id, vec![text("draw cats")]).await;
    // All three wait at the same time, although only one call may run.
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(read_question(&mut server).await.0);
    }
    let responses = [Some(true), None, Some(true)].map(|enabled| decision(enabled, ApprovalScope::Call));
    for (id, response) in ids.into_iter().rev().zip(responses) {
        reply(&mut server, id, Ok(response)).await;
    }
    let events = server.events_until_turn_end().await;
    let images = completed_images(events.clone());
    let made = images.iter().filter(|image| image.status == ImageStatus::Completed).count();
    assert_eq!((images.len(), made, backend.requests_to(IMAGES).len()), (3, 2, 2));
    assert_eq!((questions(&server), resolved(&events)), (3, 3));
    server.close().await;
}

#[tokio::test]
async fn question_names_the_images_that_are_sent() {
    let backend = MockServer::respond(|request: &Request| {
        if !request.path.ends_with("/responses") {
            return responses::image();
        }
        let body = request.json();
        let last = body["input"].as_array().and_then(|input| input.last()).expect("a conversation");
        if last["type"] == "function_call_output" {
            return Response::message("Done.");
        }
        let arguments = if body.to_string().contains("make it blue") {
            json!({ "prompt": "x".repeat(10_000), "num_last_images_to_include": 1 })
        } else {
            json!({ "prompt": "a cat" })
        };
        Response::image_calls(&[arguments])
    });
    let sandbox = Sandbox::with_config(&format!("{ALWAYS}\n{}", provider_config(&backend.base_url())));
    let mut command = sandbox.server_command(STANDALONE);
    command.env("MOCK_KEY", "sk-mock");
    let mut server = Server::spawn(command);
    let capabilities = ClientCapabilities { request_permissions_approval: Some(true), ..ClientCapabilities::default() };
    server.initialize(Some(capabilities)).await;
    let thread = server.start_thread().await;
    server.start_turn(&thread.id, vec![text("draw a cat")]).await;
    assert!(approve(&mut server, ApprovalScope::Call).await.image_generation.images.is_empty());
    let events = server.events_until_turn_end().await;
    let cat = completed_image(&events).images[0].clone();
    server.start_turn(&thread.id, vec![text("make it blue")]).await;
    let call = approve(&mut server, ApprovalScope::Call).await.image_generation;
    assert_eq!(call.action, ImageAction::Edit);
    assert_eq!((call.images[0].id.as_ref(), &call.images[0].path), (Some(&cat.id), &cat.path));
    assert!(call.prompt.chars().count() < 5_000 && call.prompt.ends_with('…'), "a long prompt is cut");
    server.events_until_turn_end().await;
    server.close().await;
}
