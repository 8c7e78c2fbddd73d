//! Turns over HTTP. Most of them use a mock backend that is not part of this repository. `EASEL_MOCK_BACKEND` names its
//! script, which Python runs.

pub(crate) mod backend;

mod closing_answer;
pub(crate) mod errors;
mod faults;
#[cfg(target_os = "linux")]
mod full_disk;
mod image_provider;
mod instructions;
mod interrupts;
mod limits;
mod log;
mod memory;
mod metadata;
mod model_copies;
mod models;
mod request_size;
// On other platforms only the system decides which certificates are valid.
#[cfg(target_os = "linux")]
mod network;
mod parity;
mod phases;
pub(crate) mod previews;
mod prompt_cache;
mod reasoning;
mod retries;
mod takeover;

use std::path::PathBuf;

use easel_protocol::event::{Event, ItemCompletedNotification};
use easel_protocol::item::{ImageGenerationItem, ImageStatus, ThreadItem};
use easel_protocol::turn::TurnStatus;
use tokio::process::Command;

use crate::harness::{STANDALONE, Sandbox, Server, local_image, text};
use backend::Backend;

/// The configuration of a provider at this address, with the preset of the public API.
pub(crate) fn provider_config(base_url: &str) -> String {
    format!(
        "model_provider = \"mock\"\n[model_providers.mock]\npreset = \"openai\"\nbase_url = \"{base_url}\"\nenv_key = \"MOCK_KEY\"\n"
    )
}

/// Starts a server with the provider's key.
pub(crate) async fn start_server_with_key(sandbox: &Sandbox, arguments: &[&str]) -> Server {
    spawn_with_key(sandbox.server_command(arguments)).await
}

/// Starts a server of this command with the provider's key.
pub(crate) async fn spawn_with_key(mut command: Command) -> Server {
    command.env("MOCK_KEY", "sk-mock");
    let mut server = Server::spawn(command);
    server.initialize(None).await;
    server
}

/// Starts a server whose provider is the mock backend, with the preset of the public API.
async fn server(backend: &Backend) -> (Sandbox, Server) {
    let sandbox = Sandbox::with_config(&provider_config(&backend.base_url()));
    let server = start_server_with_key(&sandbox, STANDALONE).await;
    (sandbox, server)
}

/// A user message that makes the mock model call the tool with each of these prompts.
fn calls(prompts: &[&str]) -> String {
    let calls: Vec<_> = prompts.iter().map(|prompt| serde_json::json!({ "prompt": prompt })).collect();
    format!("MOCK:{}", serde_json::json!({ "calls": calls }))
}

pub(crate) fn completed_images(events: Vec<Event>) -> Vec<ImageGenerationItem> {
    let mut images = Vec::new();
    for event in events {
        let Event::ItemCompleted(ItemCompletedNotification { item, .. }) = event else { continue };
        if let ThreadItem::ImageGeneration(image) = item {
            images.push(*image);
        }
    }
    images
}

pub(crate) fn turn_status(events: &[Event]) -> Option<TurnStatus> {
    let Some(Event::TurnCompleted(completed)) = events.last() else { return None };
    Some(completed.turn.status)
}

#[tokio::test]
async fn second_turn_edits_the_image_of_the_first() {
    let Some(backend) = Backend::start().await else { return };
    let (_sandbox, mut server) = server(&backend).await;
    let thread = server.start_thread().await;
    assert_eq!((thread.model_provider.as_str(), thread.model.as_deref()), ("mock", Some("gpt-5.5")));

    let events = server.run_turn(&thread.id, vec![text("draw a red square")]).await;
    assert_eq!(turn_status(&events), Some(TurnStatus::Completed));
    let [generated] = completed_images(events).try_into().expect("one image");
    assert_eq!((generated.status, generated.images.len()), (ImageStatus::Completed, 1), "{:?}", generated.error);
    let record = &generated.images[0];
    assert_eq!((record.facts.width, record.facts.height, record.attempts), (16, 16, 1));
    assert_eq!((record.provider.as_str(), record.model.as_str()), ("mock", "gpt-image-2"));
    assert!(!record.synthetic);
    assert!(record.request_id.is_some());

    let events = server.run_turn(&thread.id, vec![text("edit it: make it blue")]).await;
    let [edited] = completed_images(events).try_into().expect("one image");
    assert_eq!(edited.status, ImageStatus::Completed, "{:?}", edited.error);
    assert_eq!(edited.images[0].inputs[0].id.as_ref(), Some(&record.id));
    assert_eq!(backend.posts(), ["/v1/images/generations 200", "/v1/images/edits 200"]);
    server.close().await;
}

#[tokio::test]
async fn attached_images_are_sent_in_their_order() {
    let Some(backend) = Backend::start().await else { return };
    let (sandbox, mut server) = server(&backend).await;
    let thread = server.start_thread().await;
    server.run_turn(&thread.id, vec![text("draw a red square")]).await;
    let png = std::fs::read(drawn_file(&sandbox)).expect("the image that was drawn");
    // The same image with bytes after its end, so that the files differ.
    let other: Vec<u8> = [png.as_slice(), b"other"].concat();
    let (first, second) = (sandbox.write_file("a.png", &other), sandbox.write_file("b.png", &png));
    let params = r#"MOCK:{"calls": [{"prompt": "join them", "num_last_images_to_include": 2}]}"#;
    let input = vec![text(params), local_image(&first), local_image(&second)];
    let [edited] = completed_images(server.run_turn(&thread.id, input).await).try_into().expect("one image");
    assert_eq!(edited.status, ImageStatus::Completed, "{:?}", edited.error);
    let sent: Vec<Vec<u8>> =
        edited.images[0].inputs.iter().map(|input| std::fs::read(&input.path).expect("the input")).collect();
    assert_eq!(sent, [other, png]);
    server.close().await;
}

/// The only image file of a home.
fn drawn_file(sandbox: &Sandbox) -> PathBuf {
    let threads = std::fs::read_dir(sandbox.home().join("generated_images")).expect("the folder of images");
    let thread = threads.flatten().next().expect("a thread's folder").path();
    std::fs::read_dir(thread).expect("the folder of a thread").flatten().next().expect("an image").path()
}

#[tokio::test]
async fn three_calls_of_one_answer_run_in_parallel() {
    let Some(backend) = Backend::start().await else { return };
    backend.configure(r#"{"image_delay": 0.5}"#);
    let (_sandbox, mut server) = server(&backend).await;
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text(&calls(&["one", "two", "three"]))]).await;
    let images = completed_images(events);
    assert_eq!(images.len(), 3);
    assert!(images.iter().all(|image| image.status == ImageStatus::Completed), "{images:#?}");
    assert!(backend.max_overlap() >= 3, "all three were in flight at one moment");
    server.close().await;
}

#[tokio::test]
async fn unreachable_provider_fails_without_a_fallback() {
    // Port 1 is closed.
    let sandbox =
        Sandbox::with_config("model_provider = \"away\"\nmodel_providers.away.base_url = \"http://127.0.0.1:1/v1\"\n");
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("draw a red square")]).await;
    assert_eq!(turn_status(&events), Some(TurnStatus::Failed));
    assert!(completed_images(events).is_empty());
    assert!(!sandbox.home().join("generated_images").exists());
    server.close().await;
}

#[tokio::test]
async fn missing_key_names_its_variable_and_sends_nothing() {
    let sandbox = Sandbox::with_config(
        "model_provider = \"away\"\n[model_providers.away]\nbase_url = \"http://127.0.0.1:1/v1\"\nenv_key = \"AWAY_KEY\"\n",
    );
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("draw a red square")]).await;
    let lines: Vec<String> = events.iter().map(|event| serde_json::to_string(event).expect("JSON")).collect();
    assert!(lines.iter().any(|line| line.contains("\"error\"") && line.contains("AWAY_KEY")), "{lines:#?}");
    assert_eq!(turn_status(&events), Some(TurnStatus::Failed));
    server.close().await;
}
