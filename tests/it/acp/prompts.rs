//! Prompts, and the updates that follow.

use std::path::Path;

use easel_testkit::http::{MockServer, Response};
use easel_testkit::image::{RED, data_url, solid_png};
use serde_json::{Value, json};

use super::{Editor, kinds, provider, text_prompt, with_provider};
use crate::harness::{FAST_AND_ENDLESS, Sandbox};

fn text_of(updates: &[Value]) -> String {
    let chunks = updates.iter().filter(|update| update["sessionUpdate"] == "agent_message_chunk");
    chunks.filter_map(|update| update["content"]["text"].as_str()).collect()
}

#[tokio::test]
async fn prompt_draws_and_the_next_one_edits() {
    let sandbox = Sandbox::with_config(FAST_AND_ENDLESS);
    let mut editor = Editor::open(&sandbox, &[]).await;
    let session = editor.new_session(&sandbox).await;
    let (updates, response) = editor.prompt(&session, "draw a red square").await;
    assert_eq!(response["result"], json!({ "stopReason": "end_turn" }));
    assert_eq!(kinds(&updates), ["tool_call", "tool_call_update", "agent_message_chunk", "session_info_update"]);
    assert_eq!(updates[0]["status"], "in_progress");
    let done = &updates[1];
    assert_eq!((&done["status"], &done["title"]), (&json!("completed"), &json!("Image: draw a red square")));
    assert_eq!(done["toolCallId"], updates[0]["toolCallId"]);
    let path = done["locations"][0]["path"].as_str().expect("a path");
    assert!(Path::new(path).is_file());
    // Some editors show an image only if the text has its path.
    assert!(text_of(&updates).contains(path));

    let (updates, _) = editor.prompt(&session, "make it green").await;
    // Text may come before the end of an edit, which waits for its report.
    let input = &updates.iter().find(|update| update["status"] == "completed").expect("an image")["rawInput"];
    let first = &done["rawOutput"]["images"][0]["id"];
    assert_eq!((&input["action"], &input["images"]), (&json!("edit"), &json!([first])));
    let (messages, status) = editor.close().await;
    assert!(messages.is_empty() && status.success());
}

/// A hundred turns, with the first update and the response of each in order.
#[tokio::test]
async fn updates_stay_between_their_prompt_and_its_response() {
    let backend = provider();
    let (sandbox, mut editor) = with_provider(&backend, "wire.turn_event_delay_ms = 0").await;
    let mut sessions = Vec::new();
    for _ in 0..4 {
        sessions.push(editor.new_session(&sandbox).await);
    }
    for round in 0..25 {
        let mut waiting = Vec::new();
        for session in &sessions {
            let id = editor.send("session/prompt", text_prompt(session, &format!("circle {round}"))).await;
            waiting.push((id, session.clone(), 0));
        }
        while !waiting.is_empty() {
            let message = editor.next().await.expect("a message");
            if let Some(session) = message["params"].get("sessionId") {
                let open = waiting.iter_mut().find(|(_, waiting, _)| waiting == session);
                open.expect("no update after the response").2 += 1;
            } else {
                let (_, _, updates) = waiting.remove(
                    waiting.iter().position(|(id, _, _)| message["id"] == *id).expect("a response to a prompt"),
                );
                assert_eq!(message["result"]["stopReason"], "end_turn", "{message}");
                assert!(updates >= 3, "{updates}");
            }
        }
    }
}

#[tokio::test]
async fn prompt_that_the_server_would_refuse_is_an_error() {
    let backend = provider();
    let (sandbox, mut editor) = with_provider(&backend, "server.max_line_bytes = 65536").await;
    let session = editor.new_session(&sandbox).await;
    let blocks = |count: usize, text: &str| json!({ "sessionId": session, "prompt": vec![json!({ "type": "text", "text": text }); count] });
    let (code, message) = editor.refused("session/prompt", blocks(64, "a")).await;
    assert_eq!((code, message.contains("64 blocks")), (-32602, true), "{message}");
    // The request of the app-server is longer than the editor's.
    let (code, message) = editor.refused("session/prompt", blocks(60, &"a".repeat(1050))).await;
    assert_eq!((code, message.contains("65536")), (-32600, true), "{message}");
    let (_, response) = editor.prompt(&session, "draw a cat").await;
    assert_eq!(response["result"]["stopReason"], "end_turn", "{response}");
}

#[tokio::test]
async fn prompt_uris_are_not_fetched() {
    let backend = provider();
    let (sandbox, mut editor) = with_provider(&backend, "").await;
    let session = editor.new_session(&sandbox).await;
    let url = backend.url("/secret.png");
    let outside = sandbox.home().join("outside.png");
    std::fs::write(&outside, solid_png(8, 8, RED)).expect("a file");
    let inside = sandbox.project().join("inside.png");
    std::fs::write(&inside, solid_png(8, 8, RED)).expect("a file");
    let link = |uri: &str| json!({ "type": "resource_link", "uri": uri, "name": "picture.png" });
    let prompt = json!([
        { "type": "text", "text": "draw a cat" },
        link(&url),
        link(&format!("file://{}", outside.display())),
        link(&format!("file://{}", inside.display())),
    ]);
    let id = editor.send("session/prompt", json!({ "sessionId": session, "prompt": prompt })).await;
    editor.response(id).await;
    assert!(backend.requests_to("/secret.png").is_empty());
    let request = backend.requests_to("/responses")[0].json().to_string();
    assert_eq!(request.matches("data:image/").count(), 1, "only the file in the working folder is attached");
    assert!(request.contains(&url), "the model reads the link as text");
}

#[tokio::test]
async fn prompt_image_and_resources_are_attached() {
    let backend = provider();
    let (sandbox, mut editor) = with_provider(&backend, "").await;
    let session = editor.new_session(&sandbox).await;
    let url = data_url(&solid_png(8, 8, RED));
    let data = url.split_once(',').expect("base64").1;
    let prompt = json!([
        { "type": "image", "data": data, "mimeType": "image/png", "uri": "http://127.0.0.1:9/none.png" },
        { "type": "resource", "resource": { "uri": "file:///notes.txt", "text": "the sky is green" } },
        { "type": "resource", "resource": { "uri": "file:///a.png", "blob": data, "mimeType": "image/png" } },
    ]);
    let id = editor.send("session/prompt", json!({ "sessionId": session, "prompt": prompt })).await;
    let (_, response) = editor.response(id).await;
    assert_eq!(response["result"]["stopReason"], "end_turn", "{response}");
    let request = backend.requests_to("/responses")[0].json().to_string();
    assert!(request.contains("the sky is green") && request.contains("data:image/"), "{request:.2000}");
}

#[tokio::test]
async fn chosen_options_reach_the_model_and_stay_out_of_history() {
    let backend = provider();
    let (sandbox, mut editor) = with_provider(&backend, "").await;
    let session = editor.new_session(&sandbox).await;
    let choice = json!({ "sessionId": session, "configId": "size", "value": "1536x1024" });
    let options = editor.request("session/set_config_option", choice).await;
    let size = options["configOptions"].as_array().expect("options").iter().find(|option| option["id"] == "size");
    assert_eq!(size.expect("a size")["currentValue"], "1536x1024");
    for (id, value) in [("size", "huge"), ("speed", "fast")] {
        let choice = json!({ "sessionId": session, "configId": id, "value": value });
        assert_eq!(editor.refused("session/set_config_option", choice).await.0, -32602);
    }
    editor.prompt(&session, "draw a cat").await;
    assert!(backend.requests_to("/responses")[0].json().to_string().contains("Image settings: size 1536x1024."));
    let load = json!({ "sessionId": session, "cwd": sandbox.project(), "mcpServers": [] });
    let id = editor.send("session/load", load).await;
    let (updates, _) = editor.response(id).await;
    assert!(!json!(updates).to_string().contains("Image settings"));
}

#[tokio::test]
async fn failed_turn_is_an_error_with_its_sentence() {
    let backend = MockServer::respond(|_| Response::json(400, &json!({ "error": { "message": "no" } })));
    let (sandbox, mut editor) = with_provider(&backend, "").await;
    let session = editor.new_session(&sandbox).await;
    let (_, response) = editor.prompt(&session, "draw a cat").await;
    let message = response["error"]["message"].as_str().expect("a sentence");
    assert!(message.starts_with("provider `mock` refused the request: no [HTTP 400, POST 127.0.0.1:"), "{message}");
}
