//! Interrupts of responses in which the provider may make images: what arrived is kept, and what may be billed is
//! reported.

use std::sync::mpsc::sync_channel;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use easel_protocol::event::Event;
use easel_protocol::item::{ImageGenerationItem, ImageStatus};
use easel_protocol::method::ThreadRead;
use easel_protocol::record::{Billed, ImageErrorKind};
use easel_protocol::turn::{Turn, TurnStatus};
use easel_testkit::http::MockServer;
use easel_testkit::image::{RED, solid_png};
use easel_testkit::openai;
use serde_json::{Value, json};

use crate::harness::events::{as_image, completed_turn};
use crate::harness::{Sandbox, text};
use crate::http::{provider_config, start_server_with_key};
use crate::threads::read_params;

const LOST_IMAGE: &str = "may have made and billed an image that did not arrive";

fn started(id: &str) -> Value {
    let item = json!({"type": "image_generation_call", "id": id, "status": "in_progress"});
    json!({"type": "response.output_item.added", "item": item})
}

fn done(id: &str) -> Value {
    let result = STANDARD.encode(solid_png(8, 8, RED));
    openai::item_done(&json!({"type": "image_generation_call", "id": id, "status": "completed", "result": result}))
}

/// Runs a turn that is interrupted after the first text of a response. The provider sends `image_events` with that
/// text, in one write, and nothing after it. Returns the turn as it is stored.
async fn run_interrupted_turn(image_events: Vec<Value>) -> Turn {
    let (report, is_gone) = sync_channel(1);
    let provider = MockServer::start(move |exchange| {
        exchange.read_body();
        let mut events = openai::message("1", "I draw.");
        events.extend(image_events.clone());
        let head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
        exchange.send(&[&head[..], &openai::event_stream(&events)].concat());
        exchange.await_disconnect();
        report.send(()).expect("the test waits");
    });
    let sandbox = Sandbox::with_config(&format!("{}images.hosted = true\n", provider_config(&provider.base_url())));
    let mut server = start_server_with_key(&sandbox, &[]).await;
    let thread = server.start_thread().await;
    let turn = server.start_turn(&thread.id, vec![text("draw cats")]).await;
    server.events_until(|event| matches!(event, Event::AgentMessageDelta(_))).await;
    server.interrupt(&thread.id, &turn.id).await;
    let events = server.events_until_turn_end().await;
    is_gone.recv().expect("the connection is closed");
    assert_eq!(provider.body_lengths("responses").len(), 1, "the request is not repeated");
    let stored = server.request::<ThreadRead>(&read_params(&thread.id)).await.thread.turns.remove(0);
    assert_eq!((stored.status, &stored.error), (TurnStatus::Interrupted, &completed_turn(&events).error));
    let mut records = images(&stored).into_iter().flat_map(|image| &image.images);
    assert!(records.all(|record| std::fs::exists(&record.path).is_ok_and(|exists| exists)), "{stored:#?}");
    server.close().await;
    stored
}

fn images(turn: &Turn) -> Vec<&ImageGenerationItem> {
    turn.items.iter().filter_map(as_image).collect()
}

fn error_message(turn: &Turn) -> Option<&str> {
    turn.error.as_ref().map(|error| error.message.as_str())
}

#[tokio::test]
async fn interrupt_before_hosted_image_reports_possible_billing() {
    let turn = run_interrupted_turn(Vec::new()).await;
    assert!(images(&turn).is_empty(), "{turn:#?}");
    assert!(error_message(&turn).is_some_and(|message| message.contains(LOST_IMAGE)), "{turn:#?}");
}

#[tokio::test]
async fn interrupt_keeps_hosted_image_that_has_arrived() {
    let turn = run_interrupted_turn(vec![started("ig_1"), done("ig_1")]).await;
    let [image] = images(&turn)[..] else { panic!("{turn:#?}") };
    assert_eq!((image.status, image.images.len(), &image.error), (ImageStatus::Completed, 1, &None));
}

#[tokio::test]
async fn interrupt_reports_unfinished_hosted_image_in_its_item() {
    let turn = run_interrupted_turn(vec![done("ig_1"), started("ig_2")]).await;
    let [whole, open] = images(&turn)[..] else { panic!("{turn:#?}") };
    assert_eq!((whole.status, whole.images.len()), (ImageStatus::Completed, 1));
    let error = open.error.as_ref().expect("an error");
    assert_eq!((error.kind, error.billed), (ImageErrorKind::Interrupted, Billed::Uncertain));
    assert_eq!(error_message(&turn), None, "the item says it");
}
