//! The kill switch and the limits apply to the running turn: after the response to the change, nothing is sent.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use easel_protocol::configuration::{ConfigValueWriteParams, ExperimentalFeatureEnablementSetParams, MergeStrategy};
use easel_protocol::event::Event;
use easel_protocol::item::{ImageGenerationItem, ImageStatus};
use easel_protocol::method::{ConfigValueWrite, ExperimentalFeatureEnablementSet};
use easel_protocol::record::{Billed, ImageError, ImageErrorKind};
use easel_protocol::turn::TurnStatus;
use easel_testkit::http::{Exchange, MockServer};
use easel_testkit::image::{RED, solid_png};
use easel_testkit::openai;
use serde_json::{Value, json};

use crate::harness::events::{as_image, completed_items, completed_turn, is_image_start};
use crate::harness::{STANDALONE, Sandbox, Server, text};
use crate::http::{completed_images, provider_config, start_server_with_key};

async fn switch_off(server: &mut Server) {
    let enablement = [("image_generation".to_owned(), false)].into();
    server.request::<ExperimentalFeatureEnablementSet>(&ExperimentalFeatureEnablementSetParams { enablement }).await;
}

async fn write(server: &mut Server, key: &str, value: Value) {
    let (key_path, merge_strategy) = (key.to_owned(), MergeStrategy::Replace);
    let params = ConfigValueWriteParams { key_path, value, merge_strategy, file_path: None, expected_version: None };
    server.request::<ConfigValueWrite>(&params).await;
}

/// Closes the connection. If the offered tools changed, the announcement comes before or after the end of the turn.
async fn close_after(mut server: Server, events: &[Event], offered: ToolsChange) {
    let is_news = |event: &Event| matches!(event, Event::ToolListUpdated(_));
    if offered == ToolsChange::Less && !events.iter().any(is_news) {
        server.expect_event("tool/list/updated", is_news).await;
    }
    server.close().await;
}

/// Whether a change affects the offered tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ToolsChange {
    Same,
    Less,
}

fn posts(provider: &MockServer) -> usize {
    provider.body_lengths("images/generations").len()
}

fn image_response() -> Vec<u8> {
    json!({"data": [{"b64_json": STANDARD.encode(solid_png(8, 8, RED))}]}).to_string().into_bytes()
}

/// A model that makes three image calls in its first response and one in each later response. One image waits for the
/// test, and all others are generated at once.
fn endless_calls() -> (MockServer, Receiver<()>, SyncSender<()>) {
    let (report, is_held) = sync_channel(1);
    let (release, released) = sync_channel::<()>(1);
    let (released, responses, drawings) = (Mutex::new(released), AtomicU32::new(0), AtomicU32::new(0));
    let provider = MockServer::start(move |exchange| match exchange.endpoint() {
        "responses" => {
            let is_offered =
                String::from_utf8(exchange.read_body()).expect("JSON").contains("\"imagegen\",\"parameters\"");
            let response = responses.fetch_add(1, Ordering::SeqCst);
            let call = |id: u32| openai::image_call(&format!("{response}_{id}"), &json!({"prompt": "a cat"}));
            let mut events = match (response, is_offered) {
                (0, _) => (0..3).map(call).collect(),
                (_, true) => vec![call(0)],
                (_, false) => openai::message("end", "No more"),
            };
            events.push(openai::completed());
            exchange.respond_events(&events);
        }
        _ => {
            exchange.read_body();
            if drawings.fetch_add(1, Ordering::SeqCst) == 0 {
                report.send(()).expect("the test waits");
                released.lock().expect("one request is held").recv().expect("the test is still running");
            }
            exchange.respond(200, "application/json", &image_response());
        }
    });
    (provider, is_held, release)
}

/// Runs a turn and calls `change` while one image is generated and two calls wait for a permit.
async fn change_during_turn(offered: ToolsChange, change: impl AsyncFnOnce(&mut Server)) -> (Vec<Event>, usize) {
    let (provider, is_held, release) = endless_calls();
    let sandbox = Sandbox::with_config(&format!("images.parallel = 1\n{}", provider_config(&provider.base_url())));
    let mut server = start_server_with_key(&sandbox, STANDALONE).await;
    let thread = server.start_thread().await;
    server.start_turn(&thread.id, vec![text("draw cats")]).await;
    server.events_until(is_image_start).await;
    is_held.recv().expect("the first image is asked for");
    change(&mut server).await;
    let before = posts(&provider);
    assert_eq!(before, 1);
    release.send(()).expect("the provider waits");
    let events = server.events_until_turn_end().await;
    close_after(server, &events, offered).await;
    (events, posts(&provider))
}

#[tokio::test]
async fn no_image_request_starts_after_images_are_disabled() {
    let (events, posts) = change_during_turn(ToolsChange::Less, async |server| switch_off(server).await).await;
    assert_eq!(posts, 1);
    assert_eq!(completed_turn(&events).status, TurnStatus::Completed);
    let items: Vec<_> = completed_items(&events).into_iter().filter_map(as_image).collect();
    let error = |item: &ImageGenerationItem| item.error.as_ref().map(|error| (error.kind, error.billed));
    let ends: Vec<_> = items.iter().map(|item| (item.status, error(item))).collect();
    let denied = (ImageStatus::Failed, Some((ImageErrorKind::ApprovalDenied, Billed::No)));
    assert_eq!(ends, [(ImageStatus::Completed, None), denied, denied], "{items:#?}");
}

#[tokio::test]
async fn disabling_images_by_config_write_stops_the_running_turn() {
    let off = async |server: &mut Server| write(server, "features.image_generation", json!(false)).await;
    assert_eq!(change_during_turn(ToolsChange::Less, off).await.1, 1);
}

#[tokio::test]
async fn a_lowered_limit_reaches_the_running_turn() {
    let lower = async |server: &mut Server| write(server, "limits.images_per_turn", json!(2)).await;
    let (events, posts) = change_during_turn(ToolsChange::Same, lower).await;
    assert_eq!(posts, 2);
    let kinds: Vec<_> =
        completed_images(events).into_iter().filter_map(|item| item.error.map(|error| error.kind)).collect();
    assert!(!kinds.is_empty() && kinds.iter().all(|kind| *kind == ImageErrorKind::BudgetExceeded), "{kinds:?}");
}

#[tokio::test]
async fn a_new_limit_of_a_day_reaches_the_running_turn() {
    let limit = async |server: &mut Server| write(server, "limits.images_per_day", json!(2)).await;
    let (events, posts) = change_during_turn(ToolsChange::Same, limit).await;
    assert_eq!(posts, 2);
    let errors: Vec<_> = completed_images(events).into_iter().filter_map(|item| item.error).collect();
    let is_of_day = |error: &ImageError| error.message.starts_with("limits.images_per_day (2) leaves 0 images");
    // Refused calls still count for the limit of the turn, which ends the rest of the loop.
    assert!(errors.first().is_some_and(is_of_day), "{errors:#?}");
}

#[tokio::test]
async fn disabling_images_closes_hosted_answer_and_keeps_images() {
    let (report, is_gone) = sync_channel(1);
    let provider = MockServer::start(move |exchange: &mut Exchange| {
        exchange.read_body();
        let image = |id: &str| {
            json!({"type": "image_generation_call", "id": id, "status": "completed",
            "result": STANDARD.encode(solid_png(8, 8, RED))})
        };
        let image_started = |id: &str| {
            json!({"type": "response.output_item.added",
            "item": {"type": "image_generation_call", "id": id, "status": "in_progress"}})
        };
        let done = json!({"type": "response.output_item.done", "item": image("ig_1")});
        exchange.send(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n");
        exchange.send(&openai::event_stream(&[image_started("ig_1"), done, image_started("ig_2")]));
        exchange.await_disconnect();
        report.send(()).expect("the test waits");
    });
    let sandbox = Sandbox::with_config(&format!("{}images.hosted = true\n", provider_config(&provider.base_url())));
    let mut server = start_server_with_key(&sandbox, &[]).await;
    let thread = server.start_thread().await;
    server.start_turn(&thread.id, vec![text("draw cats")]).await;
    server.events_until(is_image_start).await;
    server.events_until(is_image_start).await;
    switch_off(&mut server).await;
    let events = server.events_until_turn_end().await;
    is_gone.recv().expect("the connection is closed");
    let turn = completed_turn(&events);
    assert_eq!(turn.status, TurnStatus::Failed);
    let message = &turn.error.as_ref().expect("an error").message;
    assert!(message.starts_with("Image generation was turned off"), "{message}");
    let read =
        server.request::<easel_protocol::method::ThreadRead>(&crate::threads::read_params(&thread.id)).await.thread;
    let items: Vec<_> = read.turns[0].items.iter().filter_map(as_image).collect();
    let [whole, open] = items[..] else { panic!("{items:#?}") };
    assert_eq!((whole.status, whole.images.len()), (ImageStatus::Completed, 1));
    let error = open.error.as_ref().expect("an error");
    assert_eq!((error.kind, error.billed), (ImageErrorKind::Interrupted, Billed::Uncertain));
    // From now on no request offers the hosted tool.
    assert_eq!(provider.body_lengths("responses").len(), 1);
    close_after(server, &events, ToolsChange::Less).await;
}
