//! What a connection says that it wants, and what it gets.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use easel_protocol::event::{Event, RawResponseItemCompletedNotification};
use easel_protocol::handshake::{ClientCapabilities, ImageResult};
use easel_protocol::method::{ThreadItemsList, ThreadRead, ThreadResume, ThreadTurnsList};
use easel_protocol::thread::{ThreadReadParams, ThreadStartParams, ThreadTurnsListParams};
use easel_protocol::turn::TurnItemsView;

use crate::harness::events::{as_image, image};
use crate::harness::pictures::read;
use crate::harness::plain::plain;
use crate::harness::{HOSTED, Place, STANDALONE, Server, text};
use crate::threads::{items_of, resume, turns_of};

fn raw(events: &[Event]) -> Vec<&RawResponseItemCompletedNotification> {
    let raw = events.iter().filter_map(
        |event| {
            if let Event::RawResponseItemCompleted(raw) = event { Some(raw) } else { None }
        },
    );
    raw.collect()
}

#[tokio::test]
async fn raw_items_come_to_who_asked_for_them_at_the_start_of_the_thread() {
    for (tool, snapshot) in [(STANDALONE, "raw_items_standalone"), (HOSTED, "raw_items_hosted")] {
        let place = Place::new();
        let mut server = place.server_with(tool).await;
        let asked = ThreadStartParams { experimental_raw_events: Some(true), ..ThreadStartParams::default() };
        let thread = server.thread_with(asked).await;
        let events = server.turn(&thread.id, vec![text("draw a red square")]).await;
        insta::assert_json_snapshot!(snapshot, plain(&place, &raw(&events)));
        let others = server.thread().await;
        let events = server.turn(&others.id, vec![text("draw a red square")]).await;
        assert!(raw(&events).is_empty(), "{tool:?}: {events:#?}");
        server.close().await;
    }
}

#[tokio::test]
async fn raw_items_follow_the_request_that_resumes_the_thread() {
    let place = Place::new();
    let mut server = place.server().await;
    let thread = server.thread().await;
    let mut wish = resume(&thread.id);
    wish.experimental_raw_events = Some(true);
    server.ok::<ThreadResume>(&wish).await;
    let events = server.turn(&thread.id, vec![text("draw a red square")]).await;
    assert!(!raw(&events).is_empty());
    server.ok::<ThreadResume>(&resume(&thread.id)).await;
    let events = server.turn(&thread.id, vec![text("draw a blue square")]).await;
    assert!(raw(&events).is_empty());
    server.close().await;
}

/// A server whose client asks for these.
async fn server_for(place: &Place, capabilities: ClientCapabilities) -> Server {
    let mut server = Server::spawn(place.command(STANDALONE));
    server.initialize(Some(capabilities)).await;
    server
}

#[tokio::test]
async fn notifications_that_a_client_opts_out_of_do_not_come_and_the_others_do() {
    let place = Place::new();
    let out_of = ["item/agentMessage/delta", "thread/tokenUsage/updated", "configWarning", "no/such", "ITEM/STARTED"];
    let out_of = out_of.map(str::to_owned).to_vec();
    let wish = ClientCapabilities { opt_out_notification_methods: Some(out_of), ..ClientCapabilities::default() };
    let mut server = server_for(&place, wish).await;
    let thread = server.thread().await;
    let events = server.turn(&thread.id, vec![text("draw a red square")]).await;
    insta::assert_debug_snapshot!(super::methods(&events), @r#"
    [
        "thread/status/changed",
        "turn/started",
        "item/started",
        "item/completed",
        "item/started",
        "item/completed",
        "item/started",
        "item/completed",
        "thread/status/changed",
        "turn/completed",
    ]
    "#);
    let warned = server.transcript().iter().any(|(_, line)| line.contains("\"configWarning\",\"params\""));
    assert!(!warned);
    server.close().await;
}

#[tokio::test]
async fn a_client_that_asks_gets_the_bytes_in_the_live_event_and_never_in_history() {
    for tool in [STANDALONE, HOSTED] {
        let place = Place::new();
        let mut server = Server::spawn(place.command(tool));
        let wish = ClientCapabilities { image_result: Some(ImageResult::Inline), ..ClientCapabilities::default() };
        server.initialize(Some(wish)).await;
        let thread = server.thread().await;
        let events = server.turn(&thread.id, vec![text("draw a red square")]).await;
        let item = image(&events);
        let bytes = BASE64.decode(&item.result).expect("base64");
        assert_eq!(bytes, read(&item.images[0].path), "{tool:?}");
        no_history_carries_bytes(&mut server, &thread.id).await;
        server.close().await;
    }
}

#[tokio::test]
async fn the_configuration_can_ask_for_the_bytes_and_the_client_can_decline() {
    let place = Place::with_config("[wire]\nimage_result = \"inline\"\n");
    let mut server = place.server().await;
    let thread = server.thread().await;
    let events = server.turn(&thread.id, vec![text("draw a red square")]).await;
    assert!(!image(&events).result.is_empty());
    server.close().await;

    let wish = ClientCapabilities { image_result: Some(ImageResult::None), ..ClientCapabilities::default() };
    let mut server = server_for(&place, wish).await;
    let thread = server.thread().await;
    let events = server.turn(&thread.id, vec![text("draw a red square")]).await;
    assert_eq!(image(&events).result, "");
    server.close().await;
}

async fn no_history_carries_bytes(server: &mut Server, thread_id: &str) {
    let read = ThreadReadParams { thread_id: thread_id.to_owned(), include_turns: Some(true) };
    let mut turns = server.ok::<ThreadRead>(&read).await.thread.turns;
    turns.extend(server.ok::<ThreadResume>(&resume(thread_id)).await.thread.turns);
    let wish = ThreadTurnsListParams { items_view: Some(TurnItemsView::Full), ..turns_of(thread_id) };
    turns.extend(server.ok::<ThreadTurnsList>(&wish).await.data);
    let mut items: Vec<_> = turns.into_iter().flat_map(|turn| turn.items).collect();
    let page = server.ok::<ThreadItemsList>(&items_of(thread_id)).await;
    items.extend(page.data.into_iter().map(|entry| entry.item));
    let results: Vec<&str> = items.iter().filter_map(as_image).map(|item| item.result.as_str()).collect();
    assert_eq!(results, [""; 4]);
}
