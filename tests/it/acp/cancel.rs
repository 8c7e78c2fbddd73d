//! Cancellation, and the end of the connection.

use serde_json::{Value, json};

use super::{Editor, endless_provider, text_prompt, with_provider};
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
