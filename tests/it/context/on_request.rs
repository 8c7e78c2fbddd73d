//! `thread/compact/start`.

use easel_protocol::event::Event;
use easel_protocol::method::{ThreadCompactStart, ThreadRead, ThreadRevert};
use easel_protocol::response_item::{ContentItem, ResponseItem};
use easel_protocol::thread::{ThreadCompactStartParams, ThreadRevertParams, ThreadStartParams};
use easel_protocol::turn::TurnStatus;
use easel_testkit::http::{MockServer, Step};

use super::{CATALOGUE, catalogue, count_compactions, methods, model_requests, sandbox, start_provider};
use crate::harness::events::completed_turn;
use crate::harness::{STANDALONE, text};
use crate::http::start_server_with_key;
use crate::threads::read_params;

#[tokio::test]
async fn compaction_is_a_turn_without_a_request() {
    let provider = start_provider(|_| None);
    let sandbox = sandbox(&provider, 100_000, "");
    let mut server = start_server_with_key(&sandbox, STANDALONE).await;
    let params = ThreadStartParams { experimental_raw_events: Some(true), ..ThreadStartParams::default() };
    let thread = server.start_thread_with(params).await;
    for turn in 0..5 {
        server.run_turn(&thread.id, vec![text(&format!("describe square {turn}"))]).await;
    }
    let params = ThreadCompactStartParams { thread_id: thread.id.clone() };
    server.request::<ThreadCompactStart>(&params).await;
    let events = server.events_until_turn_end().await;
    assert_eq!(
        methods(&events),
        [
            "thread/status/changed",
            "turn/started",
            "item/started",
            "item/completed",
            "rawResponseItem/completed",
            "thread/compacted",
            "thread/status/changed",
            "turn/completed",
        ]
    );
    let raw = events
        .iter()
        .find_map(|event| if let Event::RawResponseItemCompleted(raw) = event { Some(&raw.item) } else { None });
    let Some(ResponseItem::Message { content, .. }) = raw else { panic!("{raw:?}") };
    assert!(matches!(&content[..], [ContentItem::InputText { text }] if text.starts_with(CATALOGUE)), "{content:?}");
    assert_eq!(model_requests(&provider).len(), 5);

    server.run_turn(&thread.id, vec![text("describe the end")]).await;
    let last = model_requests(&provider).pop().expect("a request");
    let catalogue = catalogue(&last).expect("a catalogue");
    assert!(catalogue.contains("\n- describe square 0") && catalogue.contains(" older turns, "), "{catalogue}");

    // Without the turn of the compaction, the model reads everything again.
    let read = server.request::<ThreadRead>(&read_params(&thread.id)).await.thread;
    assert_eq!((read.turns.len(), count_compactions(&read.turns[5].items)), (7, 1));
    let before_turn_id = read.turns[5].id.clone();
    server.request::<ThreadRevert>(&ThreadRevertParams { thread_id: thread.id.clone(), before_turn_id }).await;
    server.expect_event("thread/reverted", |event| event.method() == "thread/reverted").await;
    server.run_turn(&thread.id, vec![text("describe the end")]).await;
    let last = model_requests(&provider).pop().expect("a request");
    assert_eq!((super::catalogue(&last), last["input"].as_array().map(Vec::len)), (None, Some(11)));
    server.close().await;
}

#[tokio::test]
async fn empty_thread_can_be_compacted() {
    let provider = start_provider(|_| None);
    let sandbox = sandbox(&provider, 100_000, "");
    let mut server = start_server_with_key(&sandbox, STANDALONE).await;
    let thread = server.start_thread().await;
    let params = ThreadCompactStartParams { thread_id: thread.id.clone() };
    server.request::<ThreadCompactStart>(&params).await;
    let events = server.events_until_turn_end().await;
    assert_eq!(completed_turn(&events).status, TurnStatus::Completed);
    server.run_turn(&thread.id, vec![text("describe a square")]).await;
    let bodies = model_requests(&provider);
    assert_eq!((bodies.len(), catalogue(&bodies[0])), (1, None));
    server.close().await;
}

#[tokio::test]
async fn running_turn_refuses_a_compaction() {
    let provider = MockServer::choose(|_, _| vec![Step::AwaitDisconnect]);
    let sandbox = sandbox(&provider, 100_000, "");
    let mut server = start_server_with_key(&sandbox, STANDALONE).await;
    let thread = server.start_thread().await;
    let turn = server.start_turn(&thread.id, vec![text("describe a square")]).await;
    let params = ThreadCompactStartParams { thread_id: thread.id.clone() };
    let error = server.request_error::<ThreadCompactStart>(&params).await;
    assert!(error.contains("is still running"), "{error}");
    server.interrupt(&thread.id, &turn.id).await;
    server.events_until_turn_end().await;
    server.close().await;
}
