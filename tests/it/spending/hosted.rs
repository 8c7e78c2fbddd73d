//! The hosted tool, whose images cannot be refused once the model has requested them.

use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use easel_protocol::turn::TurnStatus;
use easel_testkit::http::MockServer;
use easel_testkit::image::{RED, solid_png};
use easel_testkit::openai;
use serde_json::{Value, json};

use super::{images_today, sandbox, start_hosted};
use crate::harness::events::warnings;
use crate::harness::text;
use crate::http::{completed_images, turn_status};

/// The events of a hosted image.
fn image_events(id: &str) -> Vec<Value> {
    let item = json!({"type": "image_generation_call", "id": id, "status": "in_progress"});
    let done = json!({"type": "image_generation_call", "id": id, "status": "completed",
        "result": BASE64.encode(solid_png(16, 16, RED))});
    vec![
        json!({"type": "response.output_item.added", "item": item}),
        json!({"type": "response.output_item.done", "item": done}),
    ]
}

/// A model whose responses are what `respond` returns for the text of a request, and the requests so far.
fn model(respond: impl Fn(&str) -> Vec<Value> + Send + Sync + 'static) -> (MockServer, Arc<Mutex<Vec<String>>>) {
    let bodies = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&bodies);
    let provider = MockServer::start(move |exchange| {
        let body = String::from_utf8(exchange.read_body()).expect("JSON");
        let events = respond(&body);
        log.lock().expect("nobody panics while holding this").push(body);
        exchange.respond_events(&[events, vec![openai::completed()]].concat());
    });
    (provider, bodies)
}

fn is_offered(body: &str) -> bool {
    body.contains(r#"{"type":"image_generation"}"#)
}

#[tokio::test]
async fn hosted_tool_is_withheld_when_the_day_is_used_up() {
    let (provider, bodies) = model(|body| match (is_offered(body), body.contains("say hello")) {
        (true, false) => image_events("ig_1"),
        (true, true) | (false, _) => openai::message("1", "Hello"),
    });
    let sandbox = sandbox("limits.images_per_day = 2", &provider);
    let mut server = start_hosted(&sandbox).await;
    // A response without an image gives its reservation back.
    let thread = server.start_thread().await;
    server.run_turn(&thread.id, vec![text("say hello")]).await;
    assert_eq!(images_today(&mut server).await, (0, 0, 0));
    for drawn in [1, 1, 0] {
        let thread = server.start_thread().await;
        let events = server.run_turn(&thread.id, vec![text("draw a square")]).await;
        assert_eq!(turn_status(&events), Some(TurnStatus::Completed));
        let warnings = warnings(&events);
        assert_eq!(warnings.len(), 1 - drawn, "{warnings:?}");
        assert!(warnings.iter().all(|text| text.contains("limits.images_per_day (2) leaves 0 images")), "{warnings:?}");
        assert_eq!(completed_images(events).len(), drawn);
    }
    assert_eq!(images_today(&mut server).await, (0, 2, 0));
    server.close().await;
    let bodies = bodies.lock().expect("nobody panics while holding this");
    let offered: Vec<bool> = bodies.iter().map(|body| is_offered(body)).collect();
    assert_eq!(offered, [true, true, true, false]);
    let last = bodies.last().expect("a request");
    assert!(last.contains("The image tool is not available now: limits.images_per_day (2) leaves 0 images"), "{last}");
}

#[tokio::test]
async fn hosted_image_over_a_limit_is_kept_and_ends_turn() {
    let (provider, _) = model(|_| [image_events("ig_1"), image_events("ig_2"), image_events("ig_3")].concat());
    let sandbox = sandbox("limits.cost_per_day = 0.3\nprices.gpt-image-2.image = 0.25", &provider);
    let mut server = start_hosted(&sandbox).await;
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("draw squares")]).await;
    assert_eq!(turn_status(&events), Some(TurnStatus::Failed));
    let end = serde_json::to_string(events.last().expect("an event")).expect("JSON");
    assert!(end.contains("A limit does not allow another image: limits.cost_per_day ($0.30) leaves $0.05"), "{end}");
    let images = completed_images(events);
    assert!(images.iter().all(|image| image.error.is_none()) && images.len() >= 2, "{images:#?}");
    let today = images_today(&mut server).await;
    assert_eq!(today, (0, images.len() as u64, 0), "every image that arrived was billed");
    server.close().await;
}

#[tokio::test]
async fn cut_response_may_have_made_a_hosted_image() {
    let provider = MockServer::start(|exchange| {
        exchange.read_body();
        exchange.send(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n");
        exchange.send(&openai::event_stream(&openai::message("1", "I draw")));
    });
    let sandbox = sandbox("limits.images_per_day = 5", &provider);
    let mut server = start_hosted(&sandbox).await;
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("draw a square")]).await;
    assert_eq!(turn_status(&events), Some(TurnStatus::Failed));
    assert_eq!(images_today(&mut server).await, (0, 0, 1));
    server.close().await;
}

#[tokio::test]
async fn only_a_refusal_by_status_gives_the_reservation_back() {
    let failed = json!({"type": "response.failed", "response": {"id": "resp_1", "status": "failed",
        "error": {"code": "model_not_found", "message": "The model does not exist."}}});
    let refusal = json!({"error": {"code": "model_not_found", "message": "The model does not exist."}});
    for (status, uncertain) in [(200, 1), (400, 0), (404, 0), (500, 1)] {
        let (failed, refusal) = (failed.clone(), refusal.to_string());
        let provider = MockServer::start(move |exchange| {
            exchange.read_body();
            match status {
                200 => exchange.respond_events(std::slice::from_ref(&failed)),
                status => exchange.respond(status, "application/json", refusal.as_bytes()),
            }
        });
        let sandbox = sandbox("limits.images_per_day = 5", &provider);
        let mut server = start_hosted(&sandbox).await;
        let thread = server.start_thread().await;
        let events = server.run_turn(&thread.id, vec![text("draw a square")]).await;
        let end = serde_json::to_string(events.last().expect("an event")).expect("JSON");
        assert!(end.contains("does not know a model of the request"), "{end}");
        assert_eq!(images_today(&mut server).await, (0, 0, uncertain), "{status}");
        server.close().await;
    }
}
