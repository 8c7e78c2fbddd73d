//! Images of the hosted tool count towards the limit of a turn, and no generated image is lost.

use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use easel_protocol::item::ImageStatus;
use easel_protocol::turn::TurnStatus;
use easel_testkit::http::MockServer;
use easel_testkit::image::{RED, solid_png};
use easel_testkit::openai;
use serde_json::{Value, json};

use super::{completed_images, provider_config, start_server_with_key, turn_status};
use crate::harness::{HOSTED, Sandbox, text};

const LIMIT_OF_ONE: &str = "limits.images_per_turn = 1\n";

/// The hosted tool generates a square.
fn hosted_image_events(id: &str) -> Vec<Value> {
    let item = json!({"type": "image_generation_call", "id": id, "status": "in_progress"});
    let done = json!({"type": "image_generation_call", "id": id, "status": "completed",
        "result": BASE64.encode(solid_png(16, 16, RED))});
    vec![
        json!({"type": "response.output_item.added", "item": item}),
        json!({"type": "response.output_item.done", "item": done}),
    ]
}

#[tokio::test]
async fn hosted_tool_is_withdrawn_at_the_image_limit() {
    let bodies = Arc::new(Mutex::new(Vec::<Value>::new()));
    let bodies_log = Arc::clone(&bodies);
    let provider = MockServer::start(move |exchange| {
        let body = serde_json::from_slice(&exchange.read_body()).expect("JSON");
        let mut bodies = bodies_log.lock().expect("nobody panics while holding this");
        bodies.push(body);
        // An unknown tool makes Easel send another request.
        let call = json!({"type": "function_call", "call_id": "call_1", "name": "shell", "arguments": "{}"});
        let events = match bodies.len() {
            1 => {
                [hosted_image_events("ig_1"), vec![json!({"type": "response.output_item.done", "item": call})]].concat()
            }
            _ => openai::message("1", "One it is."),
        };
        exchange.respond_events(&[events, vec![openai::completed()]].concat());
    });
    let sandbox = Sandbox::with_config(&format!("{LIMIT_OF_ONE}{}", provider_config(&provider.base_url())));
    let mut server = start_server_with_key(&sandbox, HOSTED).await;
    let thread = server.start_thread().await;
    for drawn in [1, 0] {
        let events = server.run_turn(&thread.id, vec![text("Draw a red square")]).await;
        assert_eq!(turn_status(&events), Some(TurnStatus::Completed));
        assert_eq!(completed_images(events).len(), drawn);
    }
    server.close().await;
    let bodies = bodies.lock().expect("nobody panics while holding this");
    let offered: Vec<bool> =
        bodies.iter().map(|body| body.to_string().contains(r#"{"type":"image_generation"}"#)).collect();
    assert_eq!(offered, [true, false, true], "the next turn may draw again");
}

#[tokio::test]
async fn answer_over_the_image_limit_is_closed_and_images_kept() {
    let provider = MockServer::start(|exchange| {
        exchange.read_body();
        exchange.send(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n");
        exchange.send(&openai::event_stream(&[hosted_image_events("ig_1"), hosted_image_events("ig_2")].concat()));
        exchange.await_disconnect();
    });
    let sandbox = Sandbox::with_config(&format!("{LIMIT_OF_ONE}{}", provider_config(&provider.base_url())));
    let mut server = start_server_with_key(&sandbox, HOSTED).await;
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("Draw squares for ever")]).await;
    assert_eq!(turn_status(&events), Some(TurnStatus::Failed));
    let events_text = serde_json::to_string(&events.last()).expect("JSON");
    assert!(events_text.contains("limits.images_per_turn"), "{events_text}");
    let images = completed_images(events);
    assert_eq!(images.len(), 2);
    for image in images {
        assert_eq!(image.status, ImageStatus::Completed);
        let path = image.saved_path.expect("a path");
        assert_eq!(std::fs::read(path).expect("the image"), solid_png(16, 16, RED));
    }
    server.close().await;
}
