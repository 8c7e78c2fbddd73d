//! Images that a provider may generate during a response are accounted for, whenever the process dies.

use std::sync::mpsc::sync_channel;

use easel_protocol::item::ImageStatus;
use easel_protocol::method::ThreadRead;
use easel_protocol::record::Billed;
use easel_protocol::turn::{Turn, TurnStatus};
use easel_testkit::http::MockServer;
use easel_testkit::openai;
use serde_json::json;

use crate::harness::events::{as_image, is_image_start};
use crate::harness::{Sandbox, text};
use crate::http::{provider_config, start_server_with_key};
use crate::threads::read_params;

/// The moment when the process is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    /// The provider has received the request and has sent nothing.
    Requested,
    /// The provider has announced an image.
    Drawing,
}

async fn run_until_killed(moment: Moment) -> Turn {
    let (report, request_arrived) = sync_channel(1);
    let provider = MockServer::start(move |exchange| {
        exchange.read_body();
        if moment == Moment::Drawing {
            let item = json!({"type": "image_generation_call", "id": "ig_1", "status": "in_progress"});
            exchange.send(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n");
            exchange.send(&openai::event_stream(&[json!({"type": "response.output_item.added", "item": item})]));
        }
        report.send(()).expect("the test waits");
        exchange.await_disconnect();
    });
    let sandbox = Sandbox::with_config(&format!("{}images.hosted = true\n", provider_config(&provider.base_url())));
    let mut server = start_server_with_key(&sandbox, &[]).await;
    let thread = server.start_thread().await;
    server.start_turn(&thread.id, vec![text("draw a cat")]).await;
    request_arrived.recv().expect("the request has arrived");
    if moment == Moment::Drawing {
        server.events_until(is_image_start).await;
    }
    server.client.kill().await.expect("the process is killed");
    let mut server = start_server_with_key(&sandbox, &[]).await;
    let turn = server.request::<ThreadRead>(&read_params(&thread.id)).await.thread.turns.remove(0);
    server.close().await;
    turn
}

#[tokio::test]
async fn possibly_billed_request_is_reported_after_kill() {
    let turn = run_until_killed(Moment::Requested).await;
    assert!(turn.items.iter().all(|item| as_image(item).is_none()), "{turn:#?}");
    assert_eq!(turn.status, TurnStatus::Failed);
    let message = &turn.error.as_ref().expect("an error").message;
    assert!(message.contains("may have made and billed an image"), "{message}");
}

#[tokio::test]
async fn unfinished_hosted_image_is_uncertain_after_kill() {
    let turn = run_until_killed(Moment::Drawing).await;
    assert_eq!((turn.status, &turn.error), (TurnStatus::Interrupted, &None));
    let image = turn.items.iter().find_map(as_image).expect("the image's item");
    assert_eq!(image.status, ImageStatus::Failed);
    assert_eq!(image.error.as_ref().map(|error| error.billed), Some(Billed::Uncertain));
}
