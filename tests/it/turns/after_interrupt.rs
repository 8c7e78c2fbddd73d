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
struct Busy {
    thread_id: String,
    image_id: String,
    turn_id: String,
}

async fn busy(server: &mut Server) -> Busy {
    let thread_id = server.start_thread().await.id;
    let image_id = completed_image(&server.run_turn(&thread_id, vec![text("draw a red square, 64x64")]).await).images
        [0]
    .id
    .clone();
    let slow = ThreadResumeParams { model_provider: Some("slow".to_owned()), ..resume_params(&thread_id) };
    server.request::<ThreadResume>(&slow).await;
    let turn_id = server.start_turn(&thread_id, vec![text("draw a fox")]).await.id;
    server.events_until(is_image_start).await;
    Busy { thread_id: thread_id.to_string(), image_id: image_id.to_string(), turn_id: turn_id.to_string() }
}

/// Sends an interrupt and a request together. Returns the messages up to the response, each as its method or `answer
/// <id>`, and the result.
async fn interrupt_and_ask(server: &mut Server, busy: &Busy, method: &str, params: Value) -> (Vec<String>, Value) {
    let interrupt = json!({ "threadId": busy.thread_id, "turnId": busy.turn_id });
    for (id, method, params) in [(1001, "turn/interrupt", interrupt), (1002, method, params)] {
        let line = json!({ "id": id, "method": method, "params": params }).to_string();
        server.client.send_line(&line).await.expect("a pipe");
    }
    let mut came = Vec::new();
    loop {
        let line = server.client.line().await.expect("a whole line").expect("an answer");
        let mut message: Value = serde_json::from_str(&line).expect("JSON");
        match message["method"].as_str() {
            Some(event) => came.push(event.to_owned()),
            None => came.push(format!("answer {}", message["id"])),
        }
        if message["id"] == 1002 {
            assert!(message["error"].is_null(), "{method}: {message}");
            return (came, message["result"].take());
        }
    }
}

/// No request is refused because the turn is still ending, and none is answered before its end is announced.
#[tokio::test]
async fn methods_wait_for_an_interrupted_turn_to_end() {
    let sandbox = Sandbox::with_config(FAST_AND_SLOW);
    let mut server = sandbox.start_server().await;
    for (method, told) in [
        ("thread/resume", None),
        ("thread/inject_items", None),
        ("thread/rollback", Some("thread/reverted")),
        ("thread/revert", Some("thread/reverted")),
        ("image/delete", Some("image/deleted")),
        ("thread/archive", Some("thread/archived")),
        ("thread/delete", Some("thread/deleted")),
    ] {
        let busy = busy(&mut server).await;
        let Busy { thread_id, image_id, turn_id } = &busy;
        let item = json!({ "type": "message", "role": "user", "content": "x" });
        // Each request consumes one of these threads.
        let params = json!({
            "threadId": thread_id, "imageId": image_id, "beforeTurnId": turn_id, "numTurns": 1, "items": [item],
            "modelProvider": "preview"
        });
        let (came, _) = interrupt_and_ask(&mut server, &busy, method, params).await;
        assert_eq!(came[0], "answer 1001", "{method}");
        assert_eq!(came[came.len() - 2..], ["turn/completed", "answer 1002"], "{method}");
        if let Some(told) = told {
            server.expect_event(told, |event| event.method() == told).await;
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
    let busy = Busy { thread_id: thread_id.to_string(), image_id: String::new(), turn_id: turn_id.to_string() };
    let (came, _) = interrupt_and_ask(&mut server, &busy, "thread/archive", params).await;
    assert_eq!(came[..2], ["answer 1001", "thread/status/changed"]);
    assert_eq!(came[came.len() - 2..], ["turn/completed", "answer 1002"]);
    server.expect_event("its end", |event| event.method() == "thread/archived").await;
    server.close().await;
}

#[tokio::test]
async fn a_fork_right_after_an_interrupt_has_the_interrupted_turn() {
    let sandbox = Sandbox::with_config(FAST_AND_SLOW);
    let mut server = sandbox.start_server().await;
    let busy = busy(&mut server).await;
    let params = json!({ "threadId": busy.thread_id, "lastTurnId": busy.turn_id });
    let (came, copy) = interrupt_and_ask(&mut server, &busy, "thread/fork", params).await;
    let turns = copy["thread"]["turns"].as_array().expect("turns");
    assert_eq!((turns.len(), &turns[1]["id"], &turns[1]["status"]), (2, &json!(busy.turn_id), &json!("interrupted")));
    if !came.iter().any(|event| event == "turn/completed") {
        server.events_until_turn_end().await;
    }
    server.events_until(|event| event.method() == "thread/started").await;
    server.close().await;
}
