//! Requests that follow an interrupt at once, without waiting for the end of the turn.

use easel_protocol::method::ThreadResume;
use easel_protocol::thread::{ThreadResumeParams, ThreadStartParams};
use serde_json::{Value, json};

use crate::harness::events::{completed_image, is_image_start};
use crate::harness::{Sandbox, Server, text};
use crate::threads::resume_params;

/// A preview provider without delays, and one whose turns do not end.
const FAST_AND_SLOW: &str = r#"
model_provider = "preview"
[model_providers.slow]
preset = "preview"
delay_ms = 600000
"#;

/// A thread that has an image, and a turn that is generating another.
struct BusyThread {
    thread_id: String,
    image_id: String,
    turn_id: String,
}

async fn start_busy_thread(server: &mut Server) -> BusyThread {
    let thread_id = server.start_thread().await.id;
    let image_id = completed_image(&server.run_turn(&thread_id, vec![text("draw a red square, 64x64")]).await).images
        [0]
    .id
    .clone();
    let slow = ThreadResumeParams { model_provider: Some("slow".to_owned()), ..resume_params(&thread_id) };
    server.request::<ThreadResume>(&slow).await;
    let turn_id = server.start_turn(&thread_id, vec![text("draw a fox")]).await.id;
    server.events_until(is_image_start).await;
    BusyThread { thread_id: thread_id.to_string(), image_id: image_id.to_string(), turn_id: turn_id.to_string() }
}

/// Sends an interrupt and a request together. Returns the messages up to the response, each as its method or `response
/// <id>`, and the result.
async fn interrupt_and_ask(
    server: &mut Server,
    busy_thread: &BusyThread,
    method: &str,
    params: Value,
) -> (Vec<String>, Value) {
    let interrupt = json!({ "threadId": busy_thread.thread_id, "turnId": busy_thread.turn_id });
    for (id, method, params) in [(1001, "turn/interrupt", interrupt), (1002, method, params)] {
        let line = json!({ "id": id, "method": method, "params": params }).to_string();
        server.client.send_line(&line).await.expect("a pipe");
    }
    let mut messages = Vec::new();
    loop {
        let line = server.client.read_line().await.expect("a whole line").expect("a response");
        let mut message: Value = serde_json::from_str(&line).expect("JSON");
        match message["method"].as_str() {
            Some(event) => messages.push(event.to_owned()),
            None => messages.push(format!("response {}", message["id"])),
        }
        if message["id"] == 1002 {
            assert!(message["error"].is_null(), "{method}: {message}");
            return (messages, message["result"].take());
        }
    }
}

/// No request is refused because the turn is still ending, and none is answered before its end is announced.
#[tokio::test]
async fn methods_wait_for_an_interrupted_turn_to_end() {
    let sandbox = Sandbox::with_config(FAST_AND_SLOW);
    let mut server = sandbox.start_server().await;
    for (method, event) in [
        ("thread/resume", None),
        ("thread/inject_items", None),
        ("thread/rollback", Some("thread/reverted")),
        ("thread/revert", Some("thread/reverted")),
        ("image/delete", Some("image/deleted")),
        ("thread/archive", Some("thread/archived")),
        ("thread/delete", Some("thread/deleted")),
    ] {
        let busy_thread = start_busy_thread(&mut server).await;
        let BusyThread { thread_id, image_id, turn_id } = &busy_thread;
        let item = json!({ "type": "message", "role": "user", "content": "x" });
        // Each request consumes one of these threads.
        let params = json!({
            "threadId": thread_id, "imageId": image_id, "beforeTurnId": turn_id, "numTurns": 1, "items": [item],
            "modelProvider": "preview"
        });
        let (messages, _) = interrupt_and_ask(&mut server, &busy_thread, method, params).await;
        assert_eq!(messages[0], "response 1001", "{method}");
        assert_eq!(messages[messages.len() - 2..], ["turn/completed", "response 1002"], "{method}");
        if let Some(method) = event {
            server.expect_event(method, |event| event.method() == method).await;
        }
    }
    server.close().await;
}

/// Archiving a thread ends its subscriptions. The end of its last turn is announced before that.
#[tokio::test]
async fn archive_follows_the_end_of_an_interrupted_turn() {
    let sandbox = Sandbox::with_config(&format!("{FAST_AND_SLOW}[wire]\nturn_event_delay_ms = 500\n"));
    let mut server = sandbox.start_server().await;
    let slow = ThreadStartParams { model_provider: Some("slow".to_owned()), ..ThreadStartParams::default() };
    let thread_id = server.start_thread_with(slow).await.id;
    let turn_id = server.start_turn(&thread_id, vec![text("draw a fox")]).await.id;
    let params = json!({ "threadId": thread_id });
    let busy_thread =
        BusyThread { thread_id: thread_id.to_string(), image_id: String::new(), turn_id: turn_id.to_string() };
    let (messages, _) = interrupt_and_ask(&mut server, &busy_thread, "thread/archive", params).await;
    assert_eq!(messages[..2], ["response 1001", "thread/status/changed"]);
    assert_eq!(messages[messages.len() - 2..], ["turn/completed", "response 1002"]);
    server.expect_event("its end", |event| event.method() == "thread/archived").await;
    server.close().await;
}

#[tokio::test]
async fn a_fork_right_after_an_interrupt_has_the_interrupted_turn() {
    let sandbox = Sandbox::with_config(FAST_AND_SLOW);
    let mut server = sandbox.start_server().await;
    let busy_thread = start_busy_thread(&mut server).await;
    let params = json!({ "threadId": busy_thread.thread_id, "lastTurnId": busy_thread.turn_id });
    let (messages, copy) = interrupt_and_ask(&mut server, &busy_thread, "thread/fork", params).await;
    let turns = copy["thread"]["turns"].as_array().expect("turns");
    assert_eq!(
        (turns.len(), &turns[1]["id"], &turns[1]["status"]),
        (2, &json!(busy_thread.turn_id), &json!("interrupted"))
    );
    if !messages.iter().any(|event| event == "turn/completed") {
        server.events_until_turn_end().await;
    }
    server.events_until(|event| event.method() == "thread/started").await;
    server.close().await;
}
