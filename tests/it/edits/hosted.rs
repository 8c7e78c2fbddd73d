//! Edits of the hosted tool, whose comparison runs beside the response.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use easel_picture::Picture;
use easel_protocol::event::Event;
use easel_protocol::turn::TurnStatus;
use easel_testkit::http::MockServer;
use easel_testkit::openai;
use serde_json::json;

use crate::harness::events::{as_image, completed_image, completed_items, completed_turn};
use crate::harness::{Sandbox, local_image, text};
use crate::http::{provider_config, start_server_with_key};

/// The side of the largest square that is compared, which takes long.
const LARGE: u32 = 4_096;

fn large_png(color: u8) -> Vec<u8> {
    let row: Vec<u8> = (0..LARGE).flat_map(|x| [color, (x / 16) as u8, 90, 255]).collect();
    let picture = Picture { width: LARGE, height: LARGE, rgba: row.repeat(LARGE as usize), icc_profile: None };
    picture.to_fast_png().expect("a PNG")
}

#[tokio::test]
async fn response_and_interrupt_do_not_wait_for_a_comparison() {
    let result = BASE64.encode(large_png(200));
    let provider = MockServer::start(move |exchange| {
        exchange.read_body();
        let image = json!({"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": result});
        let mut events = vec![openai::item_done(&image)];
        events.extend(openai::message("1", "It is done."));
        let head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n";
        exchange.send(&[&head[..], &openai::event_stream(&events)].concat());
        exchange.await_disconnect();
    });
    let sandbox = Sandbox::with_config(&format!("{}images.hosted = true\n", provider_config(&provider.base_url())));
    let base = sandbox.write_file("base.png", &large_png(20));
    let mut server = start_server_with_key(&sandbox, &[]).await;
    let thread = server.start_thread().await;
    let turn = server.start_turn(&thread.id, vec![text("make it red"), local_image(&base)]).await;
    let before = server.events_until(|event| matches!(event, Event::AgentMessageDelta(_))).await;
    assert!(
        !completed_items(&before).into_iter().any(|item| as_image(item).is_some()),
        "the text waits for the comparison"
    );
    server.interrupt(&thread.id, &turn.id).await;
    let events = server.events_until_turn_end().await;
    assert_eq!(completed_turn(&events).status, TurnStatus::Interrupted);
    let image = completed_image(&events);
    let report = image.images[0].edit.as_deref().expect("a report");
    let reason = report.incomplete.as_deref().expect("a reason");
    assert!(reason.contains("interrupted") && report.inside.is_none(), "{report:?}");
    server.close().await;
}
