//! A session with `@copilotkit/aimock` of npm. `EASEL_AIMOCK` names its script.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use easel_protocol::item::ImageStatus;
use easel_protocol::record::{Billed, ImageErrorKind};
use easel_protocol::turn::TurnStatus;
use easel_testkit::image::{RED, solid_png};
use serde_json::{Value, json};
use tokio::process::Command;

use super::service::Service;
use super::{form, path_from_env};
use crate::harness::{local_image, text};
use crate::http::{completed_images, turn_status};

/// Starts the service with these fixtures, after those that every test needs.
async fn aimock(fixtures: Vec<Value>) -> Option<(tempfile::TempDir, Service)> {
    let script = path_from_env("EASEL_AIMOCK")?;
    let shown = json!({"match": {"endpoint": "chat", "hasToolResult": true}, "response": {"content": "Here it is."}});
    let fixtures: Vec<Value> = std::iter::once(shown).chain(fixtures).collect();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("fixtures.json");
    std::fs::write(&file, json!({ "fixtures": fixtures }).to_string()).expect("a file");
    let mut command = Command::new("node");
    command.arg(script).args(["--port", "0", "--validate-on-load", "--strict", "--fixtures"]).arg(file);
    Some((folder, Service::start(command).await))
}

/// The model calls the standalone tool with these arguments when the user message contains `message`.
fn image_call_fixture(message: &str, arguments: &Value) -> Value {
    let call = json!({"id": format!("call_{message}"), "name": "imagegen", "arguments": arguments});
    json!({"match": {"endpoint": "chat", "userMessage": message}, "response": {"toolCalls": [call]}})
}

fn image_fixture(prompt: &str) -> Value {
    let image = json!({"image": {"b64Json": STANDARD.encode(solid_png(8, 8, RED)), "revisedPrompt": "revised"}});
    json!({"match": {"endpoint": "image", "userMessage": prompt}, "response": image})
}

/// Merges fields into a fixture.
fn merged(mut fixture: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().expect("an object") {
        match (fixture.get_mut(name), value) {
            (Some(Value::Object(fields)), Value::Object(more)) => fields.extend(more.clone()),
            (Some(_) | None, _) => fixture[name] = value.clone(),
        }
    }
    fixture
}

/// The status codes of the requests to an endpoint, as the service logged them.
async fn journal(service: &Service, endpoint: &str) -> Vec<u64> {
    let entries = service.send_request("GET", &format!("/__aimock/journal?path=/v1/{endpoint}"), "");
    let entries: Vec<Value> = serde_json::from_str(&entries).expect("the journal");
    entries.iter().map(|entry| entry["response"]["status"].as_u64().expect("a status")).collect()
}

#[tokio::test]
async fn aimock_draws_edits_and_answers() {
    let edit = json!({"prompt": "make it blue", "num_last_images_to_include": 1});
    let hello = json!({"match": {"endpoint": "chat", "userMessage": "hello"}, "response": {"content": "Hello."}});
    let fixtures = vec![
        image_call_fixture("red square", &json!({"prompt": "a red square"})),
        image_call_fixture("edit it", &edit),
        image_fixture("a red square"),
        image_fixture("make it blue"),
        merged(hello, &json!({"chunkSize": 2})),
    ];
    let Some((_folder, service)) = aimock(fixtures).await else { return };
    let (sandbox, mut server) = service.easel().await;
    let thread = server.start_thread().await;

    let events = server.run_turn(&thread.id, vec![text("hello")]).await;
    assert_eq!(turn_status(&events), Some(TurnStatus::Completed));
    assert!(format!("{events:?}").contains("\"Hello.\""), "{events:#?}");

    let events = server.run_turn(&thread.id, vec![text("draw a red square")]).await;
    let [generated] = completed_images(events).try_into().expect("one image");
    assert_eq!(generated.status, ImageStatus::Completed, "{:?}", generated.error);
    assert_eq!(generated.revised_prompt.as_deref(), Some("revised"));
    let path = generated.saved_path.expect("a path");
    assert_eq!(std::fs::read(path).expect("the image"), solid_png(8, 8, RED));

    let attached = solid_png(16, 16, [0, 0, 255]);
    let file = sandbox.write_file("attached.png", &attached);
    let events = server.run_turn(&thread.id, vec![text("edit it"), local_image(&file)]).await;
    let [edited] = completed_images(events).try_into().expect("one image");
    assert_eq!(edited.status, ImageStatus::Completed, "{:?}", edited.error);
    let [post] = service.proxy.posts("images/edits").try_into().expect("one edit");
    let parts = form::parts(post.header("content-type").expect("a content type"), &post.body).expect("a form");
    let sent: Vec<&[u8]> = parts.iter().filter(|part| part.name() == "image[]").map(|part| part.content).collect();
    assert_eq!(sent, [attached.as_slice()]);

    // The service responds to an edit only if it finds the prompt in the form.
    assert_eq!(journal(&service, "images/edits").await, [200]);
    assert_eq!(journal(&service, "images/generations").await, [200]);
    assert_eq!(journal(&service, "responses").await, [200; 5]);
    server.close().await;
}

/// A fault of the images endpoint: its name, its fixtures, the error of the image, and the number of requests.
type ImageFault = (&'static str, Vec<Value>, (ImageErrorKind, Option<u16>, Billed), usize);

fn image_faults() -> [ImageFault; 5] {
    let chaos = |name: &str, chaos: Value| vec![merged(image_fixture(name), &json!({ "chaos": chaos }))];
    let error = |name: &str, status: u16, kind: &str, code: &str| {
        let error = json!({"message": "No.", "type": kind, "code": code});
        vec![json!({"match": {"endpoint": "image", "userMessage": name},
            "response": {"error": error, "status": status, "retryAfter": 1}})]
    };
    [
        (
            "dropped",
            chaos("dropped", json!({"dropRate": 1})),
            (ImageErrorKind::BadResponse, Some(500), Billed::Uncertain),
            1,
        ),
        (
            "garbled",
            chaos("garbled", json!({"malformedRate": 1})),
            (ImageErrorKind::BadResponse, Some(200), Billed::Uncertain),
            1,
        ),
        ("gone", chaos("gone", json!({"disconnectRate": 1})), (ImageErrorKind::Network, None, Billed::Uncertain), 1),
        (
            "limited",
            error("limited", 429, "rate_limit_error", "rate_limit_exceeded"),
            (ImageErrorKind::RateLimited, Some(429), Billed::No),
            3,
        ),
        (
            "blocked",
            error("blocked", 400, "image_generation_user_error", "moderation_blocked"),
            (ImageErrorKind::ModerationBlocked, Some(400), Billed::No),
            1,
        ),
    ]
}

#[tokio::test]
async fn each_image_fault_of_aimock_is_one_typed_error() {
    let fixtures = image_faults().into_iter().flat_map(|(name, faults, ..)| {
        std::iter::once(image_call_fixture(name, &json!({ "prompt": name }))).chain(faults)
    });
    let slow = [
        image_call_fixture("slow", &json!({"prompt": "slow"})),
        merged(image_fixture("slow"), &json!({"chaos": {"latencyMs": 200}})),
    ];
    let Some((_folder, service)) = aimock(fixtures.chain(slow).collect()).await else { return };
    let (_sandbox, mut server) = service.easel().await;
    for (name, _, expected, posts) in image_faults() {
        let before = journal(&service, "images/generations").await.len();
        let thread = server.start_thread().await;
        let events = server.run_turn(&thread.id, vec![text(name)]).await;
        assert_eq!(turn_status(&events), Some(TurnStatus::Completed), "{name}: the turn goes on without its image");
        let [image] = completed_images(events).try_into().expect("one image");
        let error = image.error.expect("an error");
        assert_eq!((error.kind, error.http_status, error.billed), expected, "{name}: {}", error.message);
        assert_eq!(journal(&service, "images/generations").await.len() - before, posts, "{name}");
    }
    let thread = server.start_thread().await;
    let [late] = completed_images(server.run_turn(&thread.id, vec![text("slow")]).await).try_into().expect("one image");
    assert_eq!(late.status, ImageStatus::Completed, "{:?}", late.error);
    server.close().await;
}

/// Faults of model responses: name, fixtures, how the turn ends, and the number of requests.
fn answer_faults() -> [(&'static str, Vec<Value>, TurnStatus, usize); 5] {
    let message_fixture = |name: &str, more: Value| {
        let fixture =
            json!({"match": {"endpoint": "chat", "userMessage": name}, "response": {"content": "Hello there."}});
        merged(fixture, &more)
    };
    let first = |name: &str, more: Value| {
        vec![
            merged(message_fixture(name, json!({"match": {"sequenceIndex": 0}})), &more),
            message_fixture(name, json!({})),
        ]
    };
    let limited =
        json!({"response": {"error": {"message": "No.", "type": "rate_limit_error"}, "status": 429, "retryAfter": 1}});
    let limited = vec![
        merged(json!({"match": {"endpoint": "chat", "userMessage": "limited", "sequenceIndex": 0}}), &limited),
        message_fixture("limited", json!({})),
    ];
    [
        ("limited", limited, TurnStatus::Completed, 2),
        ("gone", first("gone", json!({"chaos": {"disconnectRate": 1}})), TurnStatus::Completed, 2),
        ("garbled", first("garbled", json!({"chaos": {"malformedRate": 1}})), TurnStatus::Completed, 2),
        ("dropped", vec![message_fixture("dropped", json!({"chaos": {"dropRate": 1}}))], TurnStatus::Failed, 3),
        // The response has nine events, three of them with text. The latency sends each separately.
        (
            "cut",
            vec![message_fixture("cut", json!({"truncateAfterChunks": 6, "chunkSize": 4, "latency": 30}))],
            TurnStatus::Failed,
            1,
        ),
    ]
}

#[tokio::test]
async fn aimock_answer_faults_are_retried_before_any_output() {
    let fixtures = answer_faults().into_iter().flat_map(|(_, fixtures, ..)| fixtures).collect();
    let Some((_folder, service)) = aimock(fixtures).await else { return };
    let (_sandbox, mut server) = service.easel().await;
    for (name, _, expected, posts) in answer_faults() {
        let before = journal(&service, "responses").await.len();
        let thread = server.start_thread().await;
        let events = server.run_turn(&thread.id, vec![text(name)]).await;
        assert_eq!(turn_status(&events), Some(expected), "{name}: {events:#?}");
        assert_eq!(journal(&service, "responses").await.len() - before, posts, "{name}");
    }
    server.close().await;
}
