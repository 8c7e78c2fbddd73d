//! The size of model requests does not grow with the number of images in a thread.

use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use easel_testkit::http::MockServer;
use easel_testkit::image::{RED, solid_png};
use easel_testkit::openai;
use serde_json::json;

use super::{provider_config, start_server_with_key};
use crate::harness::events::completed_image;
use crate::harness::{STANDALONE, Sandbox, text};

const TURNS: usize = 50;
const IMAGE_LEN: usize = 200_000;
/// The most bytes of text that a turn and its call add to a request.
const MAX_TEXT_BYTES: u64 = 4_000;

/// The body lengths of each turn's last model request, in a thread of fifty images.
async fn requests(history: &str) -> Vec<u64> {
    // Bytes after the end of a PNG make the file larger and change nothing else.
    let png = [solid_png(16, 16, RED), vec![0; IMAGE_LEN]].concat();
    let response = json!({"created": 1, "data": [{"b64_json": BASE64.encode(png)}]}).to_string();
    let request_count = AtomicUsize::new(0);
    let provider = MockServer::start(move |exchange| {
        exchange.read_body();
        if exchange.endpoint() != "responses" {
            return exchange.respond(200, "application/json", response.as_bytes());
        }
        // Every turn has two model requests: one for the call and one for the final message.
        let number = request_count.fetch_add(1, Ordering::AcqRel);
        let events = match number % 2 {
            0 => vec![openai::image_call(&format!("{number}"), &json!({"prompt": "a square"}))],
            _ => openai::message(&format!("{number}"), "Done."),
        };
        exchange.respond_events(&[events, vec![openai::completed()]].concat());
    });
    let sandbox = Sandbox::with_config(&format!(
        "wire.turn_event_delay_ms = 0\n{}[history]\npictures = \"original\"\n{history}",
        provider_config(&provider.base_url())
    ));
    let mut server = start_server_with_key(&sandbox, STANDALONE).await;
    let thread = server.start_thread().await;
    for _ in 0..TURNS {
        let events = server.run_turn(&thread.id, vec![text("a square")]).await;
        assert_eq!(completed_image(&events).error, None);
    }
    server.close().await;
    provider.body_lengths("responses").into_iter().skip(1).step_by(2).collect()
}

fn expected_image_bytes(number: u64) -> u64 {
    number * (IMAGE_LEN as u64 + 100) * 4 / 3
}

#[tokio::test]
async fn requests_contain_only_the_allowed_images() {
    for (history, fewest, most) in [
        ("model_images = 8\n", 4, 8),
        // Room for three and a half images.
        ("model_image_bytes = 700000\n", 1, 3),
        ("model_images = 0\n", 0, 0),
    ] {
        let requests = requests(history).await;
        assert_eq!(requests.len(), TURNS);
        let text_bytes = TURNS as u64 * MAX_TEXT_BYTES;
        let expected = expected_image_bytes(fewest)..expected_image_bytes(most) + text_bytes;
        assert!(requests[10..].iter().all(|bytes| expected.contains(bytes)), "{history}: {requests:?}");
    }
}
