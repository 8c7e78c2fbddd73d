//! A thread that a living process takes over from one that died.

use std::sync::Mutex;
use std::sync::mpsc::sync_channel;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use easel_protocol::item::ImageStatus;
use easel_protocol::method::ThreadResume;
use serde_json::{Value, json};

use super::scripted::{Scripted, calls, completes, says};
use super::{at, connected};
use crate::harness::events::{image, starts_an_image};
use crate::harness::pictures::{BLUE, RED, plain_png, sha256};
use crate::harness::{Place, STANDALONE, text};
use crate::threads::resume;

fn encoded(png: &[u8]) -> Value {
    json!({ "b64_json": STANDARD.encode(png) })
}

/// A provider whose first call makes two images, of which the second is never there to be fetched. Reports when it is asked
/// for, and the first one is on the disk.
fn provider(report: impl Fn() + Send + Sync + 'static) -> Scripted {
    let answers = Mutex::new(0);
    Scripted::start(move |exchange| {
        exchange.body();
        let images = match exchange.path() {
            "images/generations" => json!([encoded(&plain_png(60, 40, RED)), { "url": "/v1/second.png" }]),
            "images/edits" => json!([encoded(&plain_png(60, 40, BLUE))]),
            "responses" => {
                let mut answers = answers.lock().expect("nobody panics while holding this");
                *answers += 1;
                let mut events = match *answers {
                    1 => vec![calls("1", &json!({ "prompt": "a fox", "n": 2 }))],
                    2 => vec![calls("2", &json!({ "prompt": "make it blue", "num_last_images_to_include": 1 }))],
                    _ => says("1", "Done."),
                };
                events.push(completes());
                return exchange.answer_events(&events);
            }
            _ => {
                report();
                exchange.until_gone();
                return;
            }
        };
        exchange.answer(200, "application/json", json!({ "created": 1, "data": images }).to_string().as_bytes());
    })
}

/// The heir closes what the dead process left open before it reads what it goes on with, or it would not know the image.
#[tokio::test]
async fn an_image_that_a_dead_process_had_finished_is_known_to_the_one_that_takes_over() {
    let (report_held, held) = sync_channel(1);
    let provider = provider(move || report_held.send(()).expect("the test waits"));
    let place = Place::with_config(&at(&provider.base_url()));
    // Both are there before the death: a process that starts later closes at its start what the dead left open.
    let (mut dying, mut heir) = (connected(&place, STANDALONE).await, connected(&place, STANDALONE).await);
    heir.raw("thread/list", &json!({})).await.expect("the store is open");
    let thread = dying.thread().await;
    dying.start_turn(&thread.id, vec![text("draw two foxes")]).await;
    dying.events_until(starts_an_image).await;
    held.recv().expect("the second image is asked for");
    dying.client.kill().await.expect("it is killed");

    heir.ok::<ThreadResume>(&resume(&thread.id)).await;
    let events = heir.turn(&thread.id, vec![text("make it blue")]).await;
    let edited = image(&events);
    assert_eq!(edited.status, ImageStatus::Completed, "{edited:#?}");
    let inputs: Vec<&str> = edited.images[0].inputs.iter().map(|input| input.sha256.as_str()).collect();
    assert_eq!(inputs, [sha256(&plain_png(60, 40, RED))]);
    heir.close().await;
}
