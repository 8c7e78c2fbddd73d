//! Stored sessions.

use easel_testkit::image::{RED, solid_png};
use serde_json::{Value, json};

use super::{Editor, kinds, provider, text_prompt, with_provider};
use crate::harness::{FAST_AND_ENDLESS, Sandbox};

fn open(sandbox: &Sandbox, session: &Value) -> Value {
    json!({ "sessionId": session, "cwd": sandbox.project(), "mcpServers": [] })
}

#[tokio::test]
async fn load_replays_in_a_new_process_before_its_response() {
    let sandbox = Sandbox::with_config(FAST_AND_ENDLESS);
    let mut editor = Editor::open(&sandbox, &[]).await;
    let session = editor.new_session(&sandbox).await;
    editor.prompt(&session, "draw a red square").await;
    editor.prompt(&session, "make it green").await;
    editor.close().await;

    let mut editor = Editor::open(&sandbox, &[]).await;
    assert_eq!(editor.refused("session/prompt", text_prompt(&session, "draw")).await.0, -32002);
    let id = editor.send("session/load", open(&sandbox, &session)).await;
    let (updates, response) = editor.response(id).await;
    assert!(response["result"]["configOptions"].is_array(), "{response}");
    let (drawn, edited) = updates.split_at(3);
    assert_eq!(kinds(drawn), ["user_message_chunk", "tool_call", "agent_message_chunk"]);
    // Text may come before the end of an edit, which waits for its report.
    let mut edited = kinds(edited);
    edited.sort_unstable();
    assert_eq!(edited, ["agent_message_chunk", "tool_call", "user_message_chunk"]);
    let calls: Vec<&Value> = updates.iter().filter(|update| update["sessionUpdate"] == "tool_call").collect();
    for call in calls {
        assert_eq!((&call["status"], &call["content"][0]["content"]["type"]), (&json!("completed"), &json!("image")));
    }
    let (updates, _) = editor.prompt(&session, "make it blue").await;
    let image = updates.iter().find(|update| update["status"] == "completed").expect("an image");
    assert_eq!(image["rawInput"]["action"], "edit");
}

#[tokio::test]
async fn long_replay_shows_the_newest_pictures_only() {
    let backend = provider();
    let (sandbox, mut editor) = with_provider(&backend, "").await;
    let session = editor.new_session(&sandbox).await;
    for number in 0..23 {
        editor.prompt(&session, &format!("draw circle {number}")).await;
    }
    let id = editor.send("session/load", open(&sandbox, &session)).await;
    let (updates, _) = editor.response(id).await;
    let calls = updates.iter().filter(|update| update["sessionUpdate"] == "tool_call");
    let pictures: Vec<bool> = calls
        .map(|call| {
            let content = call["content"].as_array().expect("content");
            assert!(content.iter().any(|block| block["content"]["type"] == "resource_link"));
            content.iter().any(|block| block["content"]["type"] == "image")
        })
        .collect();
    assert_eq!(pictures, [[false; 3].as_slice(), &[true; 20]].concat());
}

#[tokio::test]
async fn sessions_are_listed_resumed_and_deleted() {
    let sandbox = Sandbox::with_config(FAST_AND_ENDLESS);
    let mut editor = Editor::open(&sandbox, &[]).await;
    let session = editor.new_session(&sandbox).await;
    let other = editor.request("session/new", json!({ "cwd": sandbox.home(), "mcpServers": [] })).await;
    editor.prompt(&session, "draw a red square").await;
    editor.prompt(&other["sessionId"], "draw a blue square").await;
    let listed = editor.request("session/list", json!({ "cwd": sandbox.project() })).await;
    let sessions = listed["sessions"].as_array().expect("sessions");
    assert_eq!(sessions.len(), 1);
    assert_eq!((&sessions[0]["sessionId"], &sessions[0]["title"]), (&session, &json!("draw a red square")));
    assert!(sessions[0]["updatedAt"].as_str().is_some_and(|time| time.ends_with('Z')));
    assert_eq!(editor.request("session/list", json!({})).await["sessions"].as_array().map(Vec::len), Some(2));

    editor.request("session/close", json!({ "sessionId": session })).await;
    assert_eq!(editor.refused("session/close", json!({ "sessionId": session })).await.0, -32002);
    // Without a replay there are no updates.
    editor.request("session/resume", open(&sandbox, &session)).await;
    editor.prompt(&session, "make it green").await;
    editor.request("session/delete", json!({ "sessionId": session })).await;
    assert_eq!(editor.refused("session/load", open(&sandbox, &session)).await.0, -32002);
    assert_eq!(editor.request("session/list", json!({})).await["sessions"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn session_that_is_loaded_again_has_the_new_folder() {
    let backend = provider();
    let (sandbox, mut editor) = with_provider(&backend, "").await;
    let session = editor.new_session(&sandbox).await;
    let folder = sandbox.project().join("pictures");
    std::fs::create_dir(&folder).expect("a folder");
    for name in ["pictures/inside.png", "outside.png"] {
        std::fs::write(sandbox.project().join(name), solid_png(8, 8, RED)).expect("a file");
    }
    editor.request("session/resume", json!({ "sessionId": session, "cwd": folder, "mcpServers": [] })).await;
    let link = |path: &str| {
        let uri = format!("file://{}", sandbox.project().join(path).display());
        json!({ "type": "resource_link", "uri": uri, "name": "picture.png" })
    };
    let prompt = json!([{ "type": "text", "text": "a cat" }, link("pictures/inside.png"), link("outside.png")]);
    let id = editor.send("session/prompt", json!({ "sessionId": session, "prompt": prompt })).await;
    editor.response(id).await;
    let request = backend.requests_to("/responses")[0].json().to_string();
    assert_eq!(request.matches("data:image/").count(), 1, "only the file in the new folder is attached");
}
