//! Each request of a thread begins like the one before, so that the provider's prompt cache works.

use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use easel_protocol::method::ThreadResume;
use easel_testkit::http::{MockServer, Request, Response};
use easel_testkit::image::{RED, solid_png};
use serde_json::json;

use super::{provider_config, start_server_with_key};
use crate::harness::events::completed_image;
use crate::harness::{STANDALONE, Sandbox, text};
use crate::threads::resume_params;

const TURNS: usize = 60;
/// Large against the text of a turn, as pictures are.
const IMAGE_BYTES: usize = 30_000;

/// A provider whose model calls the tool once in each turn. Every image differs from the others.
fn provider() -> MockServer {
    let (requests, images) = (AtomicUsize::new(0), AtomicUsize::new(0));
    MockServer::respond(move |request| {
        if request.endpoint() != "responses" {
            let number = u8::try_from(images.fetch_add(1, Ordering::Relaxed)).unwrap_or_default();
            // Bytes after the end of a PNG change only the size of the file.
            let png = [solid_png(16, 16, RED), vec![number; IMAGE_BYTES]].concat();
            return Response::json(200, &json!({"created": 1, "data": [{"b64_json": BASE64.encode(png)}]}));
        }
        match requests.fetch_add(1, Ordering::Relaxed) % 2 {
            0 => Response::image_calls(&[json!({"prompt": "a square"})]),
            _ => Response::message("Done."),
        }
    })
}

/// Returns the share of `last` that `next` repeats, and how many images of `next` are behind the first difference.
fn compare(last: &Request, next: &Request) -> (f64, usize) {
    let repeated = last.body.iter().zip(&next.body).take_while(|(last, next)| last == next).count();
    let rest = String::from_utf8_lossy(&next.body[repeated..]);
    // Without the end of the list and of the body.
    let comparable = last.body.len() - "]}".len();
    (repeated as f64 / comparable as f64, rest.matches(r#""type":"input_image""#).count())
}

#[tokio::test]
async fn requests_of_60_turns_repeat_each_other() {
    let provider = provider();
    let config = format!("wire.turn_event_delay_ms = 0\n{}", provider_config(&provider.base_url()));
    let sandbox = Sandbox::with_config(&config);
    let mut server = start_server_with_key(&sandbox, STANDALONE).await;
    let thread = server.start_thread().await;
    for turn in 0..TURNS {
        if turn == TURNS / 2 {
            server.close().await;
            server = start_server_with_key(&sandbox, STANDALONE).await;
            server.request::<ThreadResume>(&resume_params(&thread.id)).await;
        }
        let events = server.run_turn(&thread.id, vec![text(&format!("Draw square {turn}."))]).await;
        assert_eq!(completed_image(&events).error, None);
    }
    server.close().await;

    let requests = provider.requests_to("/responses");
    assert_eq!(requests.len(), 2 * TURNS);
    assert!(requests.iter().all(|request| request.json()["prompt_cache_key"] == thread.id.as_str()));
    let compared: Vec<_> = requests.windows(2).map(|pair| compare(&pair[0], &pair[1])).collect();
    let count = compared.len() as f64;
    let share = compared.iter().map(|(share, _)| share).sum::<f64>() / count;
    let behind = compared.iter().map(|(_, images)| *images as f64).sum::<f64>() / count;
    let whole = compared.iter().filter(|(share, _)| *share >= 1.0).count();
    println!("{share:.3} of a request is repeated, {behind:.2} images are behind it; {whole} of {count} repeat all");
    assert!(share >= 0.9 && behind <= 2.0, "{share:.3} of a request is repeated, {behind:.2} images are behind it");
    assert!(whole * 10 >= compared.len() * 9, "{whole} of {count} requests repeat the whole one before");
}
