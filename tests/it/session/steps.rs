//! The steps of the client, in order.

use easel_protocol::event::Event;
use easel_protocol::method::ToolCall;
use easel_protocol::tool::ToolCallParams;
use easel_testkit::image::{RED, data_url, solid_png};
use serde_json::{Value, json};

use crate::harness::events::{completed_image, is_image_start};
use crate::harness::{Sandbox, Server};

async fn ask(server: &mut Server, method: &str, params: Value) -> Value {
    server.call(method, &params).await.unwrap_or_else(|refusal| panic!("{method} {params}: {refusal}"))
}

/// Reads events up to and including this one.
async fn until(server: &mut Server, method: &str) -> Vec<Event> {
    server.events_until(|event| event.method() == method).await
}

/// Sends a request and reads its events up to this one.
async fn ask_until(server: &mut Server, method: &str, params: Value, event: &str) -> Value {
    let response = ask(server, method, params).await;
    until(server, event).await;
    response
}

fn id(thread: &Value) -> String {
    thread["thread"]["id"].as_str().expect("a thread").to_owned()
}

pub(super) async fn opens(server: &mut Server) {
    let client = json!({ "name": "easel_tests", "title": "Tests", "version": "1.0.0" });
    ask(server, "initialize", json!({ "clientInfo": client, "capabilities": { "experimentalApi": true } })).await;
    server.client.send_line(r#"{"method":"initialized"}"#).await.expect("the server reads");
}

pub(super) async fn logs_in_and_out(server: &mut Server) {
    let key = json!({ "type": "apiKey", "apiKey": "sk-none" });
    ask_until(server, "account/login/start", key, "account/updated").await;
    ask(server, "account/read", json!({ "refreshToken": false })).await;
    ask(server, "account/rateLimits/read", Value::Null).await;
    ask(server, "account/login/cancel", json!({ "loginId": "none" })).await;
    ask_until(server, "account/logout", Value::Null, "account/updated").await;
}

pub(super) async fn configures(sandbox: &Sandbox, server: &mut Server) {
    ask(server, "config/read", json!({ "includeLayers": true, "cwd": sandbox.project() })).await;
    let write = json!({ "keyPath": "images.parallel", "value": 3, "mergeStrategy": "replace" });
    ask(server, "config/value/write", write.clone()).await;
    ask(server, "config/batchWrite", json!({ "edits": [write], "reloadUserConfig": true })).await;
    ask(server, "configRequirements/read", Value::Null).await;
    ask(server, "experimentalFeature/list", json!({ "limit": 1 })).await;
    for on in [false, true] {
        let enablement = json!({ "enablement": { "image_generation": on } });
        ask_until(server, "experimentalFeature/enablement/set", enablement, "tool/list/updated").await;
    }
    ask(server, "model/list", json!({ "limit": 10 })).await;
    ask(server, "modelProvider/list", json!({})).await;
    ask(server, "modelProvider/capabilities/read", json!({})).await;
    ask(server, "tool/list", json!({})).await;
}

/// Reads the lists that clients of other servers read when they start.
pub(super) async fn lists_what_is_absent(server: &mut Server) {
    for method in ["account/workspaceMessages/read", "account/securitySetup/read"] {
        ask(server, method, Value::Null).await;
    }
    for method in ["skills/list", "hooks/list", "plugin/list", "plugin/installed", "app/installed"] {
        ask(server, method, json!({})).await;
    }
    for method in ["permissionProfile/list", "mcpServerStatus/list", "app/list", "threadSection/list"] {
        ask(server, method, json!({ "cursor": null, "limit": 100 })).await;
    }
}

/// Draws, edits the generated and the attached image, and fails once. Returns the thread and the first image.
pub(super) async fn draw_image(sandbox: &Sandbox, server: &mut Server) -> (String, String) {
    let start = json!({ "cwd": sandbox.project(), "experimentalRawEvents": true });
    let thread_id = id(&ask_until(server, "thread/start", start, "thread/started").await);
    let attached = sandbox.write_file("a.png", &solid_png(60, 40, RED));
    let turns = [
        json!([{ "type": "text", "text": "draw a red square" }]),
        json!([{ "type": "text", "text": "make it blue" }, { "type": "localImage", "path": attached }]),
        json!([{ "type": "text", "text": "change the first image" }]),
    ];
    let mut image_ids = Vec::new();
    for input in turns {
        ask(server, "turn/start", json!({ "threadId": thread_id, "input": input })).await;
        let events = until(server, "turn/completed").await;
        let image = completed_image(&events);
        if image_ids.len() == 1 {
            // The next turn has no settings to change.
            std::fs::remove_file(image.saved_path.as_ref().expect("a path")).expect("the image's file");
        }
        image_ids.extend(image.images.first().map(|record| record.id.clone()));
    }
    (thread_id, image_ids.swap_remove(0).to_string())
}

/// Calls the image tool as a client with its own model loop does, in a thread that offers it.
pub(super) async fn calls_tool(server: &mut Server) {
    let start = json!({ "config": { "features.imagegenext": true } });
    let thread_id = id(&ask_until(server, "thread/start", start, "thread/started").await);
    let call =
        json!({ "threadId": thread_id, "callId": "toolu_1", "tool": "imagegen", "arguments": "{\"prompt\":\"x\"}" });
    let params: ToolCallParams = serde_json::from_value(call).expect("params");
    assert!(server.request::<ToolCall>(&params).await.success);
    until(server, "turn/completed").await;
}

pub(super) async fn reads(sandbox: &Sandbox, server: &mut Server, thread_id: &str, image_id: &str) {
    ask(server, "thread/read", json!({ "threadId": thread_id, "includeTurns": true })).await;
    ask(server, "thread/list", json!({ "limit": 10, "sortKey": "updated_at" })).await;
    ask(server, "thread/search", json!({ "searchTerm": "square" })).await;
    ask(server, "thread/loaded/list", json!({})).await;
    ask(server, "thread/goal/get", json!({ "threadId": thread_id })).await;
    ask(server, "thread/turns/list", json!({ "threadId": thread_id, "itemsView": "full" })).await;
    ask(server, "thread/items/list", json!({ "threadId": thread_id })).await;
    ask(server, "image/list", json!({ "threadId": thread_id })).await;
    let preview = json!({ "maxEdge": 64, "maxBytes": 2_000 });
    ask(server, "image/read", json!({ "imageId": image_id, "offset": 0, "length": 100, "preview": preview })).await;
    let out = sandbox.project().join("out.png");
    let heat_map = json!({ "maxEdge": 64, "maxBytes": 8_192 });
    ask(server, "image/compare", json!({ "a": image_id, "b": image_id, "heatMap": heat_map })).await;
    // The image is no mask: it is not transparent anywhere.
    let composite = json!({ "imageId": image_id, "baseId": image_id, "maskId": image_id });
    assert!(server.call("image/composite", &composite).await.is_err());
    ask(server, "image/export", json!({ "imageId": image_id, "path": out, "overwrite": true })).await;
    let icons = json!({ "imageId": image_id, "folder": sandbox.project(), "set": "windows", "overwrite": true });
    ask(server, "image/exportSet", icons).await;
    ask(server, "usage/read", json!({ "threadId": thread_id })).await;
    ask(server, "account/usage/read", json!({ "threadId": thread_id })).await;
}

pub(super) async fn changes(sandbox: &Sandbox, server: &mut Server, thread_id: &str) {
    let name = json!({ "threadId": thread_id, "name": "A name" });
    ask_until(server, "thread/name/set", name, "thread/name/updated").await;
    let git = json!({ "threadId": thread_id, "gitInfo": { "branch": "main" } });
    ask(server, "thread/metadata/update", git).await;
    let settings = json!({ "threadId": thread_id, "cwd": sandbox.root() });
    ask_until(server, "thread/settings/update", settings, "thread/settings/updated").await;
    let picture = json!({ "type": "input_image", "image_url": data_url(&solid_png(8, 8, RED)) });
    let items = json!([{ "type": "message", "role": "user", "content": [picture] }]);
    ask(server, "thread/inject_items", json!({ "threadId": thread_id, "items": items })).await;
}

pub(super) async fn takes_back(server: &mut Server, thread_id: &str, image_id: &str) {
    let fork = ask_until(server, "thread/fork", json!({ "threadId": thread_id }), "thread/started").await;
    let (copy, first) = (id(&fork), fork["thread"]["turns"][0]["id"].clone());
    ask_until(server, "thread/compact/start", json!({ "threadId": copy }), "turn/completed").await;
    let newest = json!({ "threadId": copy, "numTurns": 1 });
    ask_until(server, "thread/rollback", newest, "thread/reverted").await;
    let all = json!({ "threadId": copy, "beforeTurnId": first });
    ask_until(server, "thread/revert", all, "thread/reverted").await;
    let image = json!({ "imageId": image_id, "threadId": thread_id });
    ask_until(server, "image/delete", image, "image/deleted").await;
}

pub(super) async fn interrupts(server: &mut Server) {
    let slow = json!({ "modelProvider": "slow", "ephemeral": true });
    let thread_id = id(&ask_until(server, "thread/start", slow, "thread/started").await);
    let input = json!([{ "type": "text", "text": "draw a red square" }]);
    let turn = ask(server, "turn/start", json!({ "threadId": thread_id, "input": input })).await;
    server.events_until(is_image_start).await;
    let turn_id = &turn["turn"]["id"];
    let steer = json!({ "threadId": thread_id, "expectedTurnId": turn_id, "input": input });
    ask(server, "turn/steer", steer).await;
    let interrupt = json!({ "threadId": thread_id, "turnId": turn_id });
    ask_until(server, "turn/interrupt", interrupt, "turn/completed").await;
}

pub(super) async fn ends(server: &mut Server, thread_id: &str) {
    let thread = json!({ "threadId": thread_id });
    ask_until(server, "thread/unsubscribe", thread.clone(), "thread/closed").await;
    ask(server, "thread/resume", thread.clone()).await;
    ask_until(server, "thread/archive", thread.clone(), "thread/archived").await;
    ask_until(server, "thread/unarchive", thread.clone(), "thread/unarchived").await;
    ask_until(server, "thread/delete", thread, "thread/deleted").await;
}
