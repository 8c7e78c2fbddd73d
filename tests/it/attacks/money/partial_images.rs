//! A complete image is kept, whatever happens to the others of its call.

use std::sync::mpsc::{Receiver, sync_channel};

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use easel_protocol::event::Event;
use easel_protocol::item::{ImageGenerationItem, ImageStatus, ThreadItem};
use easel_protocol::method::ThreadRead;
use easel_protocol::record::{Billed, ImageErrorKind};
use easel_protocol::thread::ThreadReadParams;
use easel_testkit::http::{Exchange, MockServer};
use easel_testkit::image::{RED, solid_png};
use easel_testkit::openai;
use serde_json::{Value, json};

use crate::harness::events::completed_image;
use crate::harness::{HOSTED, STANDALONE, Sandbox, Server, text};
use crate::http::{provider_config, start_server_with_key};

fn picture() -> String {
    BASE64.encode(solid_png(8, 8, RED))
}

/// How a provider sends the two images of a call. Only the first one arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ResponseForm {
    /// One JSON body that ends within the second image.
    Json,
    /// One event per image. The second event is cut off.
    Events,
    /// The second image is a link.
    Link,
}

const FORMS: [ResponseForm; 3] = [ResponseForm::Json, ResponseForm::Events, ResponseForm::Link];

impl ResponseForm {
    /// Sends the first part of the response. It is larger than the socket buffers of both sides, so the client has read
    /// up to the second image.
    fn begin(self, exchange: &mut Exchange) {
        let (whole, half) = (picture(), "A".repeat(24 << 20));
        let head =
            |kind: &str| format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n");
        let event = |image: &str| format!("event: image_generation.completed\ndata: {{\"b64_json\":\"{image}");
        let (kind, body) = match self {
            Self::Json => {
                ("application/json", format!("{{\"data\":[{{\"b64_json\":\"{whole}\"}},{{\"b64_json\":\"{half}"))
            }
            Self::Events => ("text/event-stream", event(&whole) + "\"}\n\n" + &event(&half)),
            Self::Link => {
                let response = json!({"data": [{"b64_json": whole}, {"url": "/second.png"}]}).to_string();
                return exchange.respond(200, "application/json", response.as_bytes());
            }
        };
        exchange.send(format!("{}{:x}\r\n{body}\r\n", head(kind), body.len()).as_bytes());
    }
}

/// A provider that sends the first image and then calls `then`. Its model calls for two images once. The receiver gets
/// the tool output that the model reads.
fn provider(
    form: ResponseForm,
    then: impl Fn(&mut Exchange) + Send + Sync + 'static,
) -> (MockServer, Receiver<String>) {
    let (output_tx, outputs) = sync_channel(8);
    let provider = MockServer::start(move |exchange| {
        let body = String::from_utf8_lossy(&exchange.read_body()).into_owned();
        match exchange.endpoint() {
            "responses" if body.contains("function_call_output") => {
                // An interrupted turn drops the receiver.
                let _ = output_tx.try_send(body);
                exchange.respond_events(&[openai::message("1", "There."), vec![openai::completed()]].concat());
            }
            "responses" => {
                exchange.respond_events(&[
                    openai::image_call("1", &json!({"prompt": "two squares", "n": 2})),
                    openai::completed(),
                ]);
            }
            "images/generations" => {
                form.begin(exchange);
                if form != ResponseForm::Link {
                    then(exchange);
                }
            }
            _ => then(exchange),
        }
    });
    (provider, outputs)
}

/// Checks that the item and history have the first image and the error of the second.
async fn assert_first_is_kept(server: &mut Server, thread_id: &str, item: &ImageGenerationItem, billed: &[Billed]) {
    assert_eq!((item.status, item.images.len()), (ImageStatus::Completed, 1), "{:?}", item.error);
    assert_eq!(std::fs::read(&item.images[0].path).expect("the file"), solid_png(8, 8, RED));
    let error = item.error.as_ref().expect("what is missing");
    assert!(error.message.starts_with("1 of 2 images arrived; "), "{}", error.message);
    assert!(billed.contains(&error.billed), "{error:?}");
    let params = ThreadReadParams { thread_id: thread_id.into(), include_turns: Some(true) };
    let turns = server.request::<ThreadRead>(&params).await.thread.turns;
    let stored = turns.iter().flat_map(|turn| &turn.items).find_map(|stored| match stored {
        ThreadItem::ImageGeneration(image) => Some(image),
        ThreadItem::UserMessage(_)
        | ThreadItem::AgentMessage(_)
        | ThreadItem::Reasoning(_)
        | ThreadItem::ContextCompaction(_) => None,
    });
    assert_eq!(stored.expect("the item").error, item.error);
}

fn posts(provider: &MockServer) -> usize {
    provider.body_lengths("images/generations").len()
}

#[tokio::test]
async fn complete_first_image_is_kept_when_the_second_hangs() {
    for form in FORMS {
        let (provider, outputs) = provider(form, |exchange| {
            exchange.await_disconnect();
        });
        let sandbox =
            Sandbox::with_config(&format!("images.timeout_ms = 5000\n{}", provider_config(&provider.base_url())));
        let mut server = start_server_with_key(&sandbox, STANDALONE).await;
        let thread = server.start_thread().await;
        let events = server.run_turn(&thread.id, vec![text("draw two squares")]).await;
        let item = completed_image(&events);
        assert_first_is_kept(&mut server, &thread.id, item, &[Billed::Yes, Billed::Uncertain]).await;
        assert_eq!(item.error.as_ref().map(|error| error.kind), Some(ImageErrorKind::Timeout), "{form:?}");
        let outputs = outputs.recv().expect("the model is asked again");
        assert!(
            outputs.contains("is done and already shown") && outputs.contains("Not all images were made"),
            "{outputs}"
        );
        assert_eq!(posts(&provider), 1);
        server.close().await;
    }
}

#[tokio::test]
async fn complete_image_is_kept_on_interrupt() {
    for form in FORMS {
        let (started, has_started) = sync_channel(1);
        let (provider, _told) = provider(form, move |exchange| {
            started.send(()).expect("the test waits");
            exchange.await_disconnect();
        });
        let sandbox = Sandbox::with_config(&provider_config(&provider.base_url()));
        let mut server = start_server_with_key(&sandbox, STANDALONE).await;
        let thread = server.start_thread().await;
        let turn = server.start_turn(&thread.id, vec![text("draw two squares")]).await;
        has_started.recv().expect("the second image is awaited");
        server.interrupt(&thread.id, &turn.id).await;
        let events = server.events_until_turn_end().await;
        let item = completed_image(&events);
        assert_first_is_kept(&mut server, &thread.id, item, &[Billed::Yes, Billed::Uncertain]).await;
        assert_eq!(item.error.as_ref().map(|error| error.kind), Some(ImageErrorKind::Interrupted), "{form:?}");
        assert_eq!(posts(&provider), 1);
        server.close().await;
    }
}

#[tokio::test]
async fn complete_image_is_kept_on_a_broken_connection() {
    for form in FORMS {
        let (provider, _told) = provider(form, |_| {});
        let sandbox = Sandbox::with_config(&provider_config(&provider.base_url()));
        let mut server = start_server_with_key(&sandbox, STANDALONE).await;
        let thread = server.start_thread().await;
        let events = server.run_turn(&thread.id, vec![text("draw two squares")]).await;
        assert_first_is_kept(&mut server, &thread.id, completed_image(&events), &[Billed::Yes, Billed::Uncertain])
            .await;
        assert_eq!(posts(&provider), 1, "{form:?}");
        server.close().await;
    }
}

#[tokio::test]
async fn image_event_is_typed_by_its_event_name() {
    let event = format!("event: image_generation.completed\ndata: {}\n\n", json!({"b64_json": picture()}));
    let provider = MockServer::start(move |exchange| {
        let body = String::from_utf8_lossy(&exchange.read_body()).into_owned();
        match exchange.endpoint() {
            "responses" if body.contains("function_call_output") => {
                exchange.respond_events(&[openai::message("1", "There."), vec![openai::completed()]].concat());
            }
            "responses" => {
                exchange
                    .respond_events(&[openai::image_call("1", &json!({"prompt": "a square"})), openai::completed()]);
            }
            _ => exchange.respond(200, "text/event-stream", event.as_bytes()),
        }
    });
    let sandbox = Sandbox::with_config(&provider_config(&provider.base_url()));
    let mut server = start_server_with_key(&sandbox, STANDALONE).await;
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("draw a square")]).await;
    let item = completed_image(&events);
    assert_eq!((item.status, item.images.len(), &item.error), (ImageStatus::Completed, 1, &None));
    server.close().await;
}

/// The events of a response whose hosted tool starts two images and finishes the first.
fn first_of_two() -> String {
    let started = |id: &str| {
        json!({"type": "response.output_item.added", "item": {"type": "image_generation_call", "id": id,
            "status": "in_progress"}})
    };
    let done = json!({"type": "response.output_item.done", "item": {"type": "image_generation_call", "id": "ig_1",
        "status": "completed", "result": picture()}});
    [started("ig_1"), started("ig_2"), done].iter().map(|event: &Value| format!("data: {event}\n\n")).collect()
}

#[tokio::test]
async fn first_hosted_image_is_kept_when_the_second_fails() {
    for interrupted in [false, true] {
        let provider = MockServer::start(move |exchange| {
            exchange.read_body();
            let events = first_of_two();
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
            exchange.send(format!("{head}{:x}\r\n{events}\r\n", events.len()).as_bytes());
            if interrupted {
                exchange.await_disconnect();
            }
        });
        let sandbox = Sandbox::with_config(&provider_config(&provider.base_url()));
        let mut server = start_server_with_key(&sandbox, HOSTED).await;
        let thread = server.start_thread().await;
        let turn = server.start_turn(&thread.id, vec![text("draw two squares")]).await;
        let mut events = Vec::new();
        if interrupted {
            events =
                server.events_until(|event| matches!(event, Event::ItemCompleted(done) if is_image(&done.item))).await;
            server.interrupt(&thread.id, &turn.id).await;
        }
        events.extend(server.events_until_turn_end().await);
        let images = crate::http::completed_images(events);
        let found: Vec<_> = images.iter().map(|image| (image.status, image.images.len())).collect();
        assert_eq!(found, [(ImageStatus::Completed, 1), (ImageStatus::Failed, 0)], "{images:#?}");
        assert_eq!(images[1].error.as_ref().map(|error| error.billed), Some(Billed::Uncertain));
        server.close().await;
    }
}

fn is_image(item: &ThreadItem) -> bool {
    matches!(item, ThreadItem::ImageGeneration(_))
}
