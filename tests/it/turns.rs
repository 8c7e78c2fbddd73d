//! The main use: a turn draws an image, and the next one edits it.

mod after_interrupt;
mod attachments;
mod capabilities;
mod interrupt;
mod previews;
mod steer;

use std::path::Path;

use easel_protocol::event::Event;
use easel_protocol::item::ThreadItem;
use easel_protocol::method::ThreadItemsList;
use easel_protocol::record::ImageAction;
use easel_testkit::image::{DecodedPng, sha256};
use serde_json::Value;

use crate::harness::events::{
    completed_image, completed_items, completed_turn, last_agent_message, messages_after_images,
};
use crate::harness::normalize::normalize;
use crate::harness::read_file;
use crate::harness::{HOSTED, STANDALONE, Sandbox, text};
use crate::threads::items_list_params;

/// The methods of the events. Consecutive equal methods count once.
fn methods(events: &[Event]) -> Vec<&str> {
    let mut methods: Vec<&str> = events.iter().map(Event::method).collect();
    methods.dedup();
    methods
}

#[tokio::test]
async fn draw_turn_emits_events_in_protocol_order() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("draw a red square")]).await;
    insta::assert_debug_snapshot!(methods(&events), @r#"
    [
        "thread/status/changed",
        "turn/started",
        "item/started",
        "item/completed",
        "item/started",
        "item/completed",
        "thread/tokenUsage/updated",
        "item/started",
        "item/agentMessage/delta",
        "item/completed",
        "thread/tokenUsage/updated",
        "thread/status/changed",
        "turn/completed",
    ]
    "#);
    server.close().await;
}

#[tokio::test]
async fn hosted_draw_turn_emits_the_same_events() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server_with(HOSTED).await;
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("draw a red square")]).await;
    insta::assert_debug_snapshot!(methods(&events), @r#"
    [
        "thread/status/changed",
        "turn/started",
        "item/started",
        "item/completed",
        "item/started",
        "item/completed",
        "item/started",
        "item/agentMessage/delta",
        "item/completed",
        "thread/tokenUsage/updated",
        "thread/status/changed",
        "turn/completed",
    ]
    "#);
    server.close().await;
}

#[tokio::test]
async fn every_field_of_a_draw_turn_matches() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let mut events = server.run_turn(&thread.id, vec![text("draw a red square")]).await;
    events.dedup_by(|next, before| next.method() == before.method());
    insta::assert_json_snapshot!("draw_turn", normalize(&sandbox, &events));
    server.close().await;
}

#[tokio::test]
async fn an_edit_turn_edits_the_image_of_the_turn_before() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let first_events = server.run_turn(&thread.id, vec![text("draw a red square")]).await;
    let edited = server.run_turn(&thread.id, vec![text("make it blue")]).await;
    let (before, after) = (&completed_image(&first_events).images[0], completed_image(&edited));
    assert_eq!(after.images[0].requested.action, ImageAction::Edit);
    let inputs: Vec<_> = after.images[0].inputs.iter().map(|input| (input.id.as_deref(), &input.sha256)).collect();
    assert_eq!(inputs, [(Some(before.id.as_str()), &before.facts.sha256)]);
    assert_ne!(before.path, after.images[0].path);
    assert_eq!(sha256(&read_file(&before.path)), before.facts.sha256, "the edited image is a new one");
    insta::assert_json_snapshot!("edit_item", normalize(&sandbox, after));
    server.close().await;
}

#[tokio::test]
async fn image_record_matches_its_file() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("draw a fox, 640x480")]).await;
    let item = completed_image(&events);
    let record = &item.images[0];
    assert_eq!(item.saved_path.as_ref(), Some(&record.path));
    let bytes = read_file(&record.path);
    let picture = DecodedPng::decode(&bytes);
    assert_eq!((picture.width, picture.height), (640, 480));
    assert_eq!((record.facts.width, record.facts.height), (640, 480));
    assert_eq!(record.facts.bytes, bytes.len() as u64);
    assert_eq!(record.facts.sha256, sha256(&bytes));
    assert!(record.synthetic && record.provider == "preview");
    let name = format!("generated_images/{}/{}.png", thread.id, item.id);
    assert_eq!(Path::new(&record.path), sandbox.home().join(name));
    server.close().await;
}

/// Draws and edits. Returns the visible items of both turns and the files that they name.
async fn draw_and_edit(sandbox: &Sandbox, arguments: &[&str]) -> (Value, Value, Vec<Vec<u8>>) {
    let mut server = sandbox.start_server_with(arguments).await;
    let thread = server.start_thread().await;
    let (mut live, mut files) = (Vec::new(), Vec::new());
    for words in ["draw a red square", "make it blue"] {
        let events = server.run_turn(&thread.id, vec![text(words)]).await;
        files.push(read_file(&completed_image(&events).images[0].path));
        let of_items = messages_after_images(events).into_iter().filter(|event| {
            matches!(event, Event::ItemStarted(_) | Event::ItemCompleted(_) | Event::AgentMessageDelta(_))
        });
        live.extend(of_items);
    }
    let history = server.request::<ThreadItemsList>(&items_list_params(&thread.id)).await.data;
    server.close().await;
    (normalize(sandbox, &live), normalize(sandbox, &history), files)
}

#[tokio::test]
async fn standalone_and_hosted_tool_look_the_same() {
    let (standalone, hosted) = (Sandbox::new(), Sandbox::new());
    let standalone = draw_and_edit(&standalone, STANDALONE).await;
    let hosted = draw_and_edit(&hosted, HOSTED).await;
    assert_similar(&standalone.0, &hosted.0);
    assert_similar(&standalone.1, &hosted.1);
    assert_eq!(standalone.2, hosted.2, "the preview draws the same bytes by either tool");
}

fn assert_similar(one: &Value, other: &Value) {
    let lines = |value: &Value| serde_json::to_string_pretty(value).expect("JSON");
    let (one, other) = (lines(one), lines(other));
    let difference = one.lines().zip(other.lines()).find(|(one, other)| one != other);
    assert_eq!((difference, one.lines().count()), (None, other.lines().count()));
}

#[tokio::test]
async fn history_matches_the_events() {
    for tool in [STANDALONE, HOSTED] {
        let sandbox = Sandbox::new();
        let mut server = sandbox.start_server_with(tool).await;
        let thread = server.start_thread().await;
        let mut announced = Vec::new();
        for words in ["draw a red square", "make it blue"] {
            let events = server.run_turn(&thread.id, vec![text(words)]).await;
            announced.extend(completed_items(&messages_after_images(events)).into_iter().cloned());
        }
        let page = server.request::<ThreadItemsList>(&items_list_params(&thread.id)).await;
        let stored: Vec<ThreadItem> = page.data.into_iter().map(|entry| entry.item).collect();
        assert_eq!(stored, announced, "{tool:?}");
        server.close().await;
    }
}

#[tokio::test]
async fn no_line_of_a_conversation_is_over_64_kib() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    for words in ["draw a red square", "make it blue", "make it green", &"a very long tale ".repeat(500)] {
        server.run_turn(&thread.id, vec![text(words)]).await;
    }
    server.request::<ThreadItemsList>(&items_list_params(&thread.id)).await;
    assert!(server.longest_line_len() <= 64 << 10, "{}", server.longest_line_len());
    server.close().await;
}

#[tokio::test]
async fn turn_completed_contains_only_the_last_agent_message() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("draw a red square")]).await;
    let turn = completed_turn(&events);
    assert_eq!(last_agent_message(&events), r#"Here is your picture: "draw a red square" (1024x1024, preview)."#);
    let [ThreadItem::AgentMessage(last)] = turn.items.as_slice() else { panic!("{turn:#?}") };
    assert_eq!(last.text, last_agent_message(&events));
    server.close().await;
}
