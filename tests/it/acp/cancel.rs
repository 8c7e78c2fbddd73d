//! Cancellation, and the end of the connection.

use easel_testkit::image::noise_png;
use serde_json::{Value, json};

use super::{Editor, endless_provider, provider, text_prompt, with_provider};
use crate::harness::Sandbox;

const ENDLESS: &str = r#"
model_provider = "endless"
[model_providers.endless]
preset = "preview"
delay_ms = 600000
"#;

#[tokio::test]
async fn cancelled_prompt_ends_with_a_stop_reason() {
    let backend = endless_provider();
    let (sandbox, mut editor) = with_provider(&backend, "").await;
    let session = editor.new_session(&sandbox).await;
    let id = editor.send("session/prompt", text_prompt(&session, "draw a cat")).await;
    editor.update_with(|update| update["sessionUpdate"] == "tool_call").await;
    editor.notify("session/cancel", json!({ "sessionId": session })).await;
    let (updates, response) = editor.response(id).await;
    assert_eq!(response["result"], json!({ "stopReason": "cancelled" }));
    let call = updates.iter().find(|update| update["sessionUpdate"] == "tool_call_update").expect("an end");
    assert_eq!(call["status"], "failed");
}

#[tokio::test]
async fn cancellation_in_the_same_write_is_not_lost() {
    let sandbox = Sandbox::with_config(ENDLESS);
    let mut editor = Editor::open(&sandbox, &[]).await;
    let session = editor.new_session(&sandbox).await;
    // The second prompt is so long that it is parsed on another thread.
    for text in ["draw a cat".to_owned(), "x".repeat(200_000)] {
        let (id, prompt) = editor.new_request("session/prompt", &text_prompt(&session, &text));
        let cancel = json!({ "jsonrpc": "2.0", "method": "session/cancel", "params": { "sessionId": session } });
        editor.write(&[prompt, cancel]).await;
        let (_, response) = editor.response(id).await;
        assert_eq!(response["result"], json!({ "stopReason": "cancelled" }), "{response}");
    }
}

#[tokio::test]
async fn prompt_cancelled_before_its_turn_is_stored_reaches_no_provider() {
    let backend = provider();
    let (sandbox, mut editor) = with_provider(&backend, "").await;
    let session = editor.new_session(&sandbox).await;
    // The app-server checks the attachment before it stores the turn.
    let file = sandbox.project().join("noise.png");
    std::fs::write(&file, noise_png(20 << 20)).expect("a file");
    let link = json!({ "type": "resource_link", "uri": format!("file://{}", file.display()), "name": "noise.png" });
    for method in ["session/cancel", "$/cancel_request"] {
        let prompt = json!({ "sessionId": session, "prompt": [{ "type": "text", "text": "draw a cat" }, link] });
        let (id, prompt) = editor.new_request("session/prompt", &prompt);
        let cancel = json!({
            "jsonrpc": "2.0", "method": method,
            "params": if method == "session/cancel" { json!({ "sessionId": session }) } else { json!({ "requestId": id }) },
        });
        editor.write(&[prompt, cancel]).await;
        let (updates, response) = editor.response(id).await;
        assert_eq!(response["result"], json!({ "stopReason": "cancelled" }), "{response}");
        assert_eq!(updates, Vec::<Value>::new());
    }
    assert_eq!(backend.requests_to("/responses").len(), 0);
    // The session is free for the next prompt.
    let (_, response) = editor.prompt(&session, "draw a dog").await;
    assert_eq!(response["result"]["stopReason"], "end_turn", "{response}");
}

#[tokio::test]
async fn cancelled_request_of_a_prompt_ends_like_a_cancelled_prompt() {
    let sandbox = Sandbox::with_config(ENDLESS);
    let mut editor = Editor::open(&sandbox, &["--enable", "imagegenext"]).await;
    let session = editor.new_session(&sandbox).await;
    let id = editor.send("session/prompt", text_prompt(&session, "draw a cat")).await;
    editor.update_with(|update| update["sessionUpdate"] == "tool_call").await;
    editor.notify("$/cancel_request", json!({ "requestId": id })).await;
    let (updates, response) = editor.response(id).await;
    assert_eq!(response["result"], json!({ "stopReason": "cancelled" }));
    assert!(updates.iter().any(|update| update["status"] == "failed"), "updates precede the response");
}

#[tokio::test]
async fn second_prompt_is_refused_and_the_first_continues() {
    let sandbox = Sandbox::with_config(ENDLESS);
    let mut editor = Editor::open(&sandbox, &[]).await;
    let session = editor.new_session(&sandbox).await;
    let first = editor.send("session/prompt", text_prompt(&session, "draw a cat")).await;
    let second = editor.send("session/prompt", text_prompt(&session, "draw a dog")).await;
    let mut refused = Value::Null;
    while refused["id"] != second {
        refused = editor.next().await.expect("a response");
    }
    assert_eq!(refused["error"]["code"], -32600);
    editor.notify("session/cancel", json!({ "sessionId": session })).await;
    let (_, response) = editor.response(first).await;
    assert_eq!(response["result"]["stopReason"], "cancelled");
}

#[tokio::test]
async fn end_of_input_cancels_prompts_and_answers_them() {
    let sandbox = Sandbox::with_config(ENDLESS);
    let mut editor = Editor::open(&sandbox, &[]).await;
    let session = editor.new_session(&sandbox).await;
    let id = editor.send("session/prompt", text_prompt(&session, "draw a cat")).await;
    let (messages, status) = editor.close().await;
    assert!(status.success());
    let response = messages.iter().find(|message| message["id"] == id).expect("a response");
    assert_eq!(response["result"]["stopReason"], "cancelled", "{response}");
    assert_eq!(messages.last(), Some(response));
}

#[tokio::test]
async fn closed_session_cancels_its_prompt() {
    let sandbox = Sandbox::with_config(ENDLESS);
    let mut editor = Editor::open(&sandbox, &[]).await;
    let session = editor.new_session(&sandbox).await;
    let prompt = editor.send("session/prompt", text_prompt(&session, "draw a cat")).await;
    let close = editor.send("session/close", json!({ "sessionId": session })).await;
    let mut ids = Vec::new();
    while ids.len() < 2 {
        let message = editor.next().await.expect("a response");
        if message.get("method").is_none() {
            ids.push(message["id"].as_i64().expect("an id"));
        }
    }
    ids.sort_unstable();
    assert_eq!(ids, [prompt, close]);
    let (code, _) = editor.refused("session/prompt", text_prompt(&session, "again")).await;
    assert_eq!(code, -32002);
}

#[tokio::test]
async fn every_request_is_answered_when_a_session_closes() {
    let sandbox = Sandbox::with_config(ENDLESS);
    let mut editor = Editor::open(&sandbox, &[]).await;
    for method in ["session/close", "session/delete"] {
        let session = editor.new_session(&sandbox).await;
        let mut messages = Vec::new();
        let mut waiting = Vec::new();
        for (method, params) in [
            ("session/prompt", text_prompt(&session, "draw a cat")),
            (method, json!({ "sessionId": session })),
            ("session/prompt", text_prompt(&session, "draw a dog")),
            ("session/close", json!({ "sessionId": session })),
            ("session/prompt", text_prompt(&session, "draw a fox")),
        ] {
            let (id, request) = editor.new_request(method, &params);
            waiting.push(id);
            messages.push(request);
        }
        let ended = waiting[1];
        editor.write(&messages).await;
        while !waiting.is_empty() {
            let message = editor.next().await.expect("a response");
            if let Some(at) = waiting.iter().position(|id| message["id"] == *id) {
                assert!(message["id"] != ended || message.get("error").is_none(), "{message}");
                waiting.remove(at);
            }
        }
        assert_eq!(editor.refused("session/prompt", text_prompt(&session, "again")).await.0, -32002);
    }
}
