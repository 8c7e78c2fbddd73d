//! The main job: a turn draws, the next one edits.

use easel_protocol::event::Event;

use crate::harness::{Place, text};

#[tokio::test]
async fn a_draw_turn_tells_its_events_in_the_order_of_the_contract() {
    let place = Place::new();
    let mut server = place.server().await;
    let thread = server.thread().await;
    let events = server.turn(&thread.id, vec![text("draw a red square")]).await;
    let mut methods: Vec<&str> = events.iter().map(Event::method).collect();
    methods.dedup();
    insta::assert_debug_snapshot!(methods, @r#"
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
