//! Capabilities of a connection.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use easel_protocol::event::{Event, RawResponseItemCompletedNotification};
use easel_protocol::handshake::{ClientCapabilities, ImageResult};
use easel_protocol::method::{ThreadItemsList, ThreadRead, ThreadResume, ThreadTurnsList};
use easel_protocol::thread::{ThreadReadParams, ThreadStartParams, ThreadTurnsListParams};
use easel_protocol::turn::TurnItemsView;

use crate::harness::events::{as_image, completed_image};
use crate::harness::normalize::normalize;
use crate::harness::read_file;
use crate::harness::{HOSTED, STANDALONE, Sandbox, Server, text};
use crate::threads::{items_list_params, resume_params, turns_list_params};

fn raw(events: &[Event]) -> Vec<&RawResponseItemCompletedNotification> {
    let raw = events.iter().filter_map(
        |event| {
            if let Event::RawResponseItemCompleted(raw) = event { Some(raw) } else { None }
        },
    );
    raw.collect()
}

#[tokio::test]
async fn raw_items_go_to_clients_that_requested_them() {
    for (tool, snapshot) in [(STANDALONE, "raw_items_standalone"), (HOSTED, "raw_items_hosted")] {
        let sandbox = Sandbox::new();
        let mut server = sandbox.start_server_with(tool).await;
        let params = ThreadStartParams { experimental_raw_events: Some(true), ..ThreadStartParams::default() };
        let thread = server.start_thread_with(params).await;
        let events = server.run_turn(&thread.id, vec![text("draw a red square")]).await;
        insta::assert_json_snapshot!(snapshot, normalize(&sandbox, &raw(&events)));
        let others = server.start_thread().await;
        let events = server.run_turn(&others.id, vec![text("draw a red square")]).await;
        assert!(raw(&events).is_empty(), "{tool:?}: {events:#?}");
        server.close().await;
    }
}

#[tokio::test]
async fn raw_items_follow_the_request_that_resumes_the_thread() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let mut params = resume_params(&thread.id);
    params.experimental_raw_events = Some(true);
    server.request::<ThreadResume>(&params).await;
    let events = server.run_turn(&thread.id, vec![text("draw a red square")]).await;
    assert!(!raw(&events).is_empty());
    server.request::<ThreadResume>(&resume_params(&thread.id)).await;
    let events = server.run_turn(&thread.id, vec![text("draw a blue square")]).await;
    assert!(raw(&events).is_empty());
    server.close().await;
}

/// A server whose client has these capabilities.
async fn server_for(sandbox: &Sandbox, capabilities: ClientCapabilities) -> Server {
    let mut server = Server::spawn(sandbox.server_command(STANDALONE));
    server.initialize(Some(capabilities)).await;
    server
}

#[tokio::test]
async fn opted_out_notifications_are_not_sent() {
    let sandbox = Sandbox::new();
    let out_of = ["item/agentMessage/delta", "thread/tokenUsage/updated", "configWarning", "no/such", "ITEM/STARTED"];
    let out_of = out_of.map(str::to_owned).to_vec();
    let params = ClientCapabilities { opt_out_notification_methods: Some(out_of), ..ClientCapabilities::default() };
    let mut server = server_for(&sandbox, params).await;
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("draw a red square")]).await;
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
async fn inline_bytes_are_in_live_events_but_not_history() {
    for tool in [STANDALONE, HOSTED] {
        let sandbox = Sandbox::new();
        let mut server = Server::spawn(sandbox.server_command(tool));
        let params = ClientCapabilities { image_result: Some(ImageResult::Inline), ..ClientCapabilities::default() };
        server.initialize(Some(params)).await;
        let thread = server.start_thread().await;
        let events = server.run_turn(&thread.id, vec![text("draw a red square")]).await;
        let item = completed_image(&events);
        let bytes = BASE64.decode(&item.result).expect("base64");
        assert_eq!(bytes, read_file(&item.images[0].path), "{tool:?}");
        no_history_carries_bytes(&mut server, &thread.id).await;
        server.close().await;
    }
}

#[tokio::test]
async fn client_of_the_current_protocol_gets_inline_bytes() {
    let sandbox = Sandbox::new();
    let states = ClientCapabilities { request_attestation: Some(false), ..ClientCapabilities::default() };
    let declines = ClientCapabilities { image_result: Some(ImageResult::None), ..states.clone() };
    for (params, inline) in [(states, true), (declines, false), (ClientCapabilities::default(), false)] {
        let mut server = server_for(&sandbox, params).await;
        let thread = server.start_thread().await;
        let events = server.run_turn(&thread.id, vec![text("draw a red square")]).await;
        assert_eq!(!completed_image(&events).result.is_empty(), inline);
        server.close().await;
    }
}

#[tokio::test]
async fn client_can_decline_configured_inline_bytes() {
    let sandbox = Sandbox::with_config("[wire]\nimage_result = \"inline\"\n");
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("draw a red square")]).await;
    assert!(!completed_image(&events).result.is_empty());
    server.close().await;

    let params = ClientCapabilities { image_result: Some(ImageResult::None), ..ClientCapabilities::default() };
    let mut server = server_for(&sandbox, params).await;
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("draw a red square")]).await;
    assert_eq!(completed_image(&events).result, "");
    server.close().await;
}

async fn no_history_carries_bytes(server: &mut Server, thread_id: &str) {
    let read = ThreadReadParams { thread_id: thread_id.into(), include_turns: Some(true) };
    let mut turns = server.request::<ThreadRead>(&read).await.thread.turns;
    turns.extend(server.request::<ThreadResume>(&resume_params(thread_id)).await.settings.thread.turns);
    let params = ThreadTurnsListParams { items_view: Some(TurnItemsView::Full), ..turns_list_params(thread_id) };
    turns.extend(server.request::<ThreadTurnsList>(&params).await.data);
    let mut items: Vec<_> = turns.into_iter().flat_map(|turn| turn.items).collect();
    let page = server.request::<ThreadItemsList>(&items_list_params(thread_id)).await;
    items.extend(page.data.into_iter().map(|entry| entry.item));
    let results: Vec<&str> = items.iter().filter_map(as_image).map(|item| item.result.as_str()).collect();
    assert_eq!(results, [""; 4]);
}
