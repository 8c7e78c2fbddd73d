//! Messages that are added to a running turn.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};

use easel_protocol::event::Event;
use easel_protocol::item::ThreadItem;
use easel_protocol::method::{ThreadRead, TurnSteer};
use easel_protocol::turn::TurnSteerParams;
use easel_testkit::http::MockServer;
use easel_testkit::image::{RED, solid_png};
use easel_testkit::openai;
use serde_json::{Value, json};

use crate::harness::events::{completed_items, is_image_start};
use crate::harness::{SLOW_AND_FREE, Sandbox, local_image, mock_provider_config, text};
use crate::threads::read_params;

/// Maximum number of messages that wait for the model.
const MAX_QUEUED: usize = 64;
const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";

/// What a provider sends next.
enum Part {
    Delta,
    End,
}

/// A provider that sends each part of its responses when the test says so.
struct Provider {
    server: MockServer,
    parts: SyncSender<Part>,
    /// The bodies of the requests.
    bodies: Arc<Mutex<Vec<Value>>>,
}

impl Provider {
    fn start() -> Self {
        let (parts, received): (_, Receiver<Part>) = sync_channel(1);
        let (received, bodies) = (Mutex::new(received), Arc::new(Mutex::new(Vec::new())));
        let log = Arc::clone(&bodies);
        let server = MockServer::start(move |exchange| {
            let body = serde_json::from_slice(&exchange.read_body()).expect("JSON");
            log.lock().expect("no panic").push(body);
            exchange.send(HEAD);
            let received = received.lock().expect("no panic");
            while let Ok(Part::Delta) = received.recv() {
                let delta = json!({"type": "response.output_text.delta", "item_id": "msg_1", "delta": "So"});
                exchange.send(&openai::event_stream(&[delta]));
            }
            // Without its delta, which the test would take for one of its own.
            let message = openai::message("1", "So").split_off(1);
            exchange.send(&openai::event_stream(&[message, vec![openai::completed()]].concat()));
        });
        Self { server, parts, bodies }
    }

    fn send(&self, part: Part) {
        self.parts.send(part).expect("the provider runs");
    }
}

fn steer(thread_id: &str, turn_id: &str) -> TurnSteerParams {
    TurnSteerParams {
        thread_id: thread_id.into(),
        expected_turn_id: turn_id.into(),
        input: vec![text("and make it blue")],
        client_user_message_id: Some("mine".to_owned()),
    }
}

/// History has the message however the turn ends, with its images in the store.
#[tokio::test]
async fn message_is_added_to_the_running_turn() {
    let sandbox = Sandbox::with_config(SLOW_AND_FREE);
    let file = sandbox.write_file("a.png", &solid_png(60, 40, RED));
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let turn = server.start_turn(&thread.id, vec![text("draw a red square")]).await;
    server.events_until(is_image_start).await;
    let mut params = steer(&thread.id, &turn.id);
    params.input.push(local_image(&file));
    assert_eq!(server.request::<TurnSteer>(&params).await.turn_id, turn.id);
    server.interrupt(&thread.id, &turn.id).await;
    let events = server.events_until_turn_end().await;
    let added = completed_items(&events).into_iter().find_map(|item| match item {
        ThreadItem::UserMessage(message) => Some(message.clone()),
        ThreadItem::AgentMessage(_)
        | ThreadItem::Reasoning(_)
        | ThreadItem::ImageGeneration(_)
        | ThreadItem::ContextCompaction(_) => None,
    });
    let added = added.expect("the message");
    assert_eq!((added.client_id.as_deref(), added.content.len()), (Some("mine"), 2));
    assert!(events.iter().any(|event| matches!(event, Event::ItemStarted(started) if *started.item.id() == added.id)));
    let turns = server.request::<ThreadRead>(&read_params(&thread.id)).await.thread.turns;
    assert!(turns[0].items.contains(&ThreadItem::UserMessage(added)));
    server.close().await;
}

#[tokio::test]
async fn steering_needs_the_running_turn() {
    let sandbox = Sandbox::with_config(SLOW_AND_FREE);
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let refusal = server.request_error::<TurnSteer>(&steer(&thread.id, "nothing")).await;
    assert_eq!(refusal, "-32600 no active turn to steer");
    let turn = server.start_turn(&thread.id, vec![text("draw a red square")]).await;
    server.events_until(is_image_start).await;
    let refusal = server.request_error::<TurnSteer>(&steer(&thread.id, "another")).await;
    assert_eq!(refusal, format!("-32600 expected active turn id another but found {}", turn.id));
    let empty = TurnSteerParams { input: Vec::new(), ..steer(&thread.id, &turn.id) };
    assert_eq!(server.request_error::<TurnSteer>(&empty).await, "-32602 Invalid params: `input`: must not be empty");
    server.interrupt(&thread.id, &turn.id).await;
    server.events_until_turn_end().await;
    server.close().await;
}

/// Each delta makes the turn take the messages from its queue, but the model reads them after its response only.
#[tokio::test]
async fn unread_messages_are_limited_while_the_model_streams() {
    let provider = Provider::start();
    let sandbox = Sandbox::with_config(&mock_provider_config(&provider.server, "openai"));
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let turn = server.start_turn(&thread.id, vec![text("hello")]).await;
    let params = steer(&thread.id, &turn.id);
    let is_delta = |event: &Event| matches!(event, Event::AgentMessageDelta(_));
    for _ in 0..MAX_QUEUED {
        provider.send(Part::Delta);
        server.events_until(is_delta).await;
        server.request::<TurnSteer>(&params).await;
    }
    for _ in 0..2 {
        let refusal = server.request_error::<TurnSteer>(&params).await;
        assert_eq!(refusal, "-32602 Invalid params: `input`: too much input is waiting; try again");
        provider.send(Part::Delta);
        server.events_until(is_delta).await;
    }
    provider.send(Part::End);
    provider.send(Part::Delta);
    server.events_until(is_delta).await;
    server.request::<TurnSteer>(&params).await;
    provider.send(Part::End);
    provider.send(Part::End);
    server.events_until_turn_end().await;
    server.close().await;
    let bodies = provider.bodies.lock().expect("no panic");
    let messages = |body: &Value| {
        let input = body["input"].as_array().expect("a conversation");
        input.iter().filter(|item| item["role"] == "user").count()
    };
    assert_eq!(bodies.iter().map(messages).collect::<Vec<_>>(), [1, 1 + MAX_QUEUED, 2 + MAX_QUEUED]);
}
