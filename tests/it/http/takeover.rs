//! A process that takes over a thread of a dead one.

use std::sync::Mutex;
use std::sync::mpsc::sync_channel;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use easel_protocol::item::ImageStatus;
use easel_protocol::method::ThreadResume;
use easel_testkit::http::MockServer;
use easel_testkit::image::{BLUE, RED, sha256, solid_png};
use easel_testkit::openai;
use serde_json::{Value, json};

use super::{provider_config, start_server_with_key};
use crate::harness::events::{completed_image, is_image_start};
use crate::harness::{STANDALONE, Sandbox, text};
use crate::threads::resume_params;

fn image_data(png: &[u8]) -> Value {
    json!({ "b64_json": STANDARD.encode(png) })
}

/// A provider whose first call makes two images. The second one cannot be fetched. Calls `report` when it is requested,
/// at which time the first image is on the disk.
fn provider(report: impl Fn() + Send + Sync + 'static) -> MockServer {
    let responses = Mutex::new(0);
    MockServer::start(move |exchange| {
        exchange.read_body();
        let images = match exchange.endpoint() {
            "images/generations" => json!([image_data(&solid_png(60, 40, RED)), { "url": "/v1/second.png" }]),
            "images/edits" => json!([image_data(&solid_png(60, 40, BLUE))]),
            "responses" => {
                let mut responses = responses.lock().expect("nobody panics while holding this");
                *responses += 1;
                let mut events = match *responses {
                    1 => vec![openai::image_call("1", &json!({ "prompt": "a fox", "n": 2 }))],
                    2 => vec![openai::image_call(
                        "2",
                        &json!({ "prompt": "make it blue", "num_last_images_to_include": 1 }),
                    )],
                    _ => openai::message("1", "Done."),
                };
                events.push(openai::completed());
                return exchange.respond_events(&events);
            }
            _ => {
                report();
                exchange.await_disconnect();
                return;
            }
        };
        exchange.respond(200, "application/json", json!({ "created": 1, "data": images }).to_string().as_bytes());
    })
}

/// The new process closes the calls of the dead one before it reads history, so it knows the image.
#[tokio::test]
async fn takeover_finds_image_finished_by_a_dead_process() {
    let (report_held, held) = sync_channel(1);
    let provider = provider(move || report_held.send(()).expect("the test waits"));
    let sandbox = Sandbox::with_config(&provider_config(&provider.base_url()));
    // Both processes run before the kill, because a process that starts later closes open calls at its start.
    let (mut dying, mut heir) =
        (start_server_with_key(&sandbox, STANDALONE).await, start_server_with_key(&sandbox, STANDALONE).await);
    heir.call("thread/list", &json!({})).await.expect("the store is open");
    let thread = dying.start_thread().await;
    dying.start_turn(&thread.id, vec![text("draw two foxes")]).await;
    dying.events_until(is_image_start).await;
    held.recv().expect("the second image is asked for");
    dying.client.kill().await.expect("the process is killed");

    heir.request::<ThreadResume>(&resume_params(&thread.id)).await;
    let events = heir.run_turn(&thread.id, vec![text("make it blue")]).await;
    let edited = completed_image(&events);
    assert_eq!(edited.status, ImageStatus::Completed, "{edited:#?}");
    let inputs: Vec<&str> = edited.images[0].inputs.iter().map(|input| input.sha256.as_str()).collect();
    assert_eq!(inputs, [sha256(&solid_png(60, 40, RED))]);
    heir.close().await;
}
