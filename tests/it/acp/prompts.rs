//! Prompts, and the updates that follow.

use std::path::Path;

use easel_testkit::http::{MockServer, Response};
use easel_testkit::image::{RED, data_url, solid_png};
use serde_json::{Value, json};

use super::{Editor, kinds, last_content, provider, text_prompt, with_provider};
use crate::harness::{FAST_AND_ENDLESS, STANDALONE, Sandbox, mock_provider_config};
use crate::http::previews::Provider;

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
    let input = &updates[1]["rawInput"];
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
async fn base64_is_in_the_content_only_and_once() {
    let backend = provider();
    let (sandbox, mut editor) = with_provider(&backend, "").await;
    let session = editor.new_session(&sandbox).await;
    let (updates, _) = editor.prompt(&session, "draw a cat").await;
    let mut images = 0;
    for update in &updates {
        let mut rest = update.clone();
        for content in rest["content"].as_array_mut().into_iter().flatten() {
            if content["content"]["type"] == "image" {
                images += 1;
                assert!(content["content"]["mimeType"].as_str().is_some_and(|kind| kind.starts_with("image/")));
                content["content"]["data"] = Value::Null;
            }
        }
        assert!(rest.to_string().len() < 4096, "{rest}");
    }
    assert_eq!(images, 1);
}

#[tokio::test]
async fn pictures_are_small_original_or_links() {
    for (mode, picture, limit) in [("preview", true, 1 << 20), ("original", true, 16 << 20), ("link", false, 8192)] {
        let sandbox = Sandbox::with_config(FAST_AND_ENDLESS);
        let mut editor = Editor::open(&sandbox, &["-c", &format!("acp.images={mode}")]).await;
        let session = editor.new_session(&sandbox).await;
        let (updates, _) = editor.prompt(&session, "draw noise").await;
        let content = last_content(&updates);
        assert_eq!(content.iter().any(|block| block["type"] == "image"), picture, "{mode}");
        assert!(editor.longest_line < limit, "{mode}: {}", editor.longest_line);
        let link = content.iter().find(|block| block["type"] == "resource_link").expect("a link");
        let uri = link["uri"].as_str().expect("a URI");
        assert!(uri.starts_with("file:///"), "{uri}");
        let bytes = std::fs::metadata(uri.trim_start_matches("file://")).expect("the file").len();
        assert_eq!(link["size"], bytes);
    }
}

#[tokio::test]
async fn last_update_has_the_whole_content() {
    let sandbox = Sandbox::with_config(FAST_AND_ENDLESS);
    let mut editor = Editor::open(&sandbox, &[]).await;
    let session = editor.new_session(&sandbox).await;
    let (updates, _) = editor.prompt(&session, "draw a red square").await;
    let types: Vec<&Value> = last_content(&updates).iter().map(|block| &block["type"]).collect();
    assert_eq!(types, ["image", "resource_link", "text"]);
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
    assert_eq!(message, "the provider refused the request: no [HTTP 400]");
}

#[tokio::test]
async fn pictures_of_an_unfinished_image_are_shown() {
    let studio = Provider::open(STANDALONE);
    let config = format!("images.partial_images = 2\n{}", mock_provider_config(&studio.provider, "openai"));
    let sandbox = Sandbox::with_config(&config);
    let mut editor = Editor::open(&sandbox, STANDALONE).await;
    let session = editor.new_session(&sandbox).await;
    let id = editor.send("session/prompt", text_prompt(&session, "draw a square")).await;
    for _ in 0..2 {
        let update = editor.update_with(|update| update["sessionUpdate"] == "tool_call_update").await;
        let content = update["content"].as_array().expect("content");
        assert_eq!((content.len(), &content[0]["content"]["type"]), (1, &json!("image")), "{update}");
        assert_eq!(update.get("status"), None, "the call is still in progress");
        studio.continue_tx.send(()).expect("the provider waits");
    }
    let (updates, _) = editor.response(id).await;
    assert_eq!(updates[0]["status"], "completed");
    assert_eq!(kinds(&updates)[1..], ["agent_message_chunk", "session_info_update"], "no picture follows the end");
}
