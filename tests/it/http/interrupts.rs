//! An interrupt closes the connection to the provider.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use easel_protocol::item::ImageStatus;
use easel_protocol::record::{Billed, ImageErrorKind};
use easel_protocol::turn::TurnStatus;
use easel_testkit::http::{Exchange, MockServer};
use easel_testkit::image::noise_png;
use easel_testkit::openai;
use serde_json::json;

use super::{provider_config, start_server_with_key};
use crate::harness::events::{as_image, completed_image, completed_items, completed_turn, is_image_start};
use crate::harness::normalize::normalize;
use crate::harness::{STANDALONE, Sandbox, local_image, text};

/// A connection that is still open after this time counts as never closed.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(60);

/// A request to which the provider does not respond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stalled {
    Model,
    Image,
    /// It stops reading the body within the reference image.
    Upload,
}

/// The signals of the request that is held.
struct Signals {
    stalled: Receiver<()>,
    interrupted: SyncSender<()>,
    /// The number of bytes of the body that never arrived.
    missing_bytes: Receiver<u64>,
}

fn provider(stalled: Stalled) -> (MockServer, Signals) {
    let (report_held, is_held) = sync_channel(1);
    let (interrupted, is_interrupted) = sync_channel(1);
    let (report_gone, missing_bytes) = sync_channel(1);
    let is_interrupted = Mutex::new(is_interrupted);
    let hold = move |exchange: &mut Exchange| {
        report_held.send(()).expect("the test waits");
        is_interrupted.lock().expect("one request is held").recv().expect("the test interrupts");
        report_gone.send(exchange.await_disconnect()).expect("the test waits");
    };
    let provider = MockServer::start(move |exchange| match (exchange.endpoint(), stalled) {
        ("images/edits", Stalled::Upload) => {
            exchange.read_body_part(100_000);
            hold(exchange);
        }
        ("responses", Stalled::Image | Stalled::Upload) => {
            exchange.read_body();
            let edits = (stalled == Stalled::Upload).then_some(1);
            exchange.respond_events(&[
                openai::image_call("1", &json!({"prompt": "a square", "num_last_images_to_include": edits})),
                openai::completed(),
            ]);
        }
        _ => {
            exchange.read_body();
            hold(exchange);
        }
    });
    (provider, Signals { stalled: is_held, interrupted, missing_bytes })
}

#[tokio::test]
async fn interrupt_closes_the_provider_connection() {
    // More than the socket buffers of both sides hold.
    let large = noise_png(40 << 20);
    for stalled in [Stalled::Model, Stalled::Image, Stalled::Upload] {
        let (provider, signals) = provider(stalled);
        let history = "[history]\nmodel_image_bytes = 0\n";
        let sandbox = Sandbox::with_config(&format!("{}{history}", provider_config(&provider.base_url())));
        let mut server = start_server_with_key(&sandbox, STANDALONE).await;
        let thread = server.start_thread().await;
        let mut input = vec![text("a square")];
        input.extend((stalled == Stalled::Upload).then(|| local_image(&sandbox.write_file("large.png", &large))));
        let turn = server.start_turn(&thread.id, input).await;
        signals.stalled.recv().expect("the request has arrived");

        server.interrupt(&thread.id, &turn.id).await;
        let events = server.events_until_turn_end().await;
        assert_eq!(completed_turn(&events).status, TurnStatus::Interrupted, "{stalled:?}");
        signals.interrupted.send(()).expect("the provider waits");
        let missing = signals.missing_bytes.recv_timeout(CLOSE_TIMEOUT).expect("the connection is closed");
        assert_eq!(missing > 0, stalled == Stalled::Upload, "{stalled:?}: {missing}");
        if stalled == Stalled::Model {
            assert!(completed_items(&events).into_iter().all(|item| as_image(item).is_none()));
        } else {
            let error = completed_image(&events).error.as_ref().expect("an error");
            assert_eq!(completed_image(&events).status, ImageStatus::Failed);
            assert_eq!((error.kind, error.billed), (ImageErrorKind::Interrupted, Billed::Uncertain), "{stalled:?}");
        }
        server.close().await;
    }
}

#[tokio::test]
async fn interrupted_image_turn_reports_all_its_events() {
    let (provider, signals) = provider(Stalled::Image);
    let sandbox = Sandbox::with_config(&provider_config(&provider.base_url()));
    let mut server = start_server_with_key(&sandbox, STANDALONE).await;
    let thread = server.start_thread().await;
    let turn = server.start_turn(&thread.id, vec![text("a square")]).await;
    server.events_until(is_image_start).await;
    signals.stalled.recv().expect("the request has arrived");
    server.interrupt(&thread.id, &turn.id).await;
    let events = server.events_until_turn_end().await;
    insta::assert_json_snapshot!("interrupted_turn", normalize(&sandbox, &events));
    signals.interrupted.send(()).expect("the provider waits");
    signals.missing_bytes.recv_timeout(CLOSE_TIMEOUT).expect("the connection is closed");
    server.close().await;
}
