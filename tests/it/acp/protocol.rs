//! The handshake, and messages that are wrong or not supported.

use serde_json::{Value, json};

use super::Editor;
use crate::harness::{FAST_AND_ENDLESS, Sandbox};

#[tokio::test]
async fn every_version_gets_version_1_and_auth_methods() {
    for (version, terminal) in [(0, false), (1, false), (2, true), (65_535, true)] {
        let sandbox = Sandbox::with_config(FAST_AND_ENDLESS);
        let mut editor = Editor::start(&sandbox, &[]);
        let capabilities = json!({ "auth": { "terminal": terminal } });
        let params = json!({ "protocolVersion": version, "clientCapabilities": capabilities });
        let result = editor.request("initialize", params).await;
        assert_eq!(result["protocolVersion"], 1);
        assert_eq!(result["agentCapabilities"]["loadSession"], true);
        let methods = result["authMethods"].as_array().expect("methods");
        let kinds: Vec<Option<&str>> = methods.iter().map(|method| method["type"].as_str()).collect();
        assert_eq!(kinds, if terminal { vec![None, Some("terminal")] } else { vec![None] });
        let id = &methods[0]["id"];
        assert_eq!(editor.request("authenticate", json!({ "methodId": id })).await, json!({}));
        assert_eq!(editor.refused("authenticate", json!({ "methodId": "other" })).await.0, -32602);
        assert_eq!(editor.request("logout", json!({})).await, json!({}));
    }
}

#[tokio::test]
async fn missing_key_of_a_configured_provider_is_auth_required() {
    let sandbox = Sandbox::with_config("model_provider = \"openai\"");
    let mut editor = Editor::open(&sandbox, &[]).await;
    let (code, message) = editor.refused("authenticate", json!({ "methodId": "easel" })).await;
    assert!(code == -32000 && message.contains("easel login"), "{code} {message}");
    let params = json!({ "cwd": sandbox.project(), "mcpServers": [] });
    assert_eq!(editor.refused("session/new", params).await.0, -32000);
}

#[tokio::test]
async fn mcp_servers_of_the_editor_are_accepted() {
    let sandbox = Sandbox::with_config(FAST_AND_ENDLESS);
    let mut editor = Editor::open(&sandbox, &[]).await;
    let server = json!({ "name": "files", "command": "/bin/false", "args": [], "env": [] });
    let params = json!({ "cwd": sandbox.project(), "mcpServers": [server], "additionalDirectories": ["/tmp"] });
    assert!(editor.request("session/new", params).await["sessionId"].is_string());
    let params = json!({ "cwd": "project", "mcpServers": [] });
    assert_eq!(editor.refused("session/new", params).await.0, -32602);
}

#[tokio::test]
async fn unknown_methods_and_sessions_get_errors() {
    let sandbox = Sandbox::with_config(FAST_AND_ENDLESS);
    let mut editor = Editor::open(&sandbox, &[]).await;
    for method in ["_zed/anything", "session/set_mode", "fs/read_text_file"] {
        assert_eq!(editor.refused(method, json!({})).await.0, -32601, "{method}");
    }
    let unknown = json!("01a228df-772f-7705-84fa-17045c1c38f4");
    assert_eq!(editor.refused("session/prompt", super::text_prompt(&unknown, "draw")).await.0, -32002);
    let load = json!({ "sessionId": unknown, "cwd": sandbox.project(), "mcpServers": [] });
    assert_eq!(editor.refused("session/load", load).await.0, -32002);
    let session = editor.new_session(&sandbox).await;
    for prompt in [json!([]), json!([{ "type": "audio", "data": "", "mimeType": "audio/wav" }]), json!("draw")] {
        let params = json!({ "sessionId": session, "prompt": prompt });
        assert_eq!(editor.refused("session/prompt", params).await.0, -32602, "{prompt}");
    }
    // Notifications get no response, whatever they are.
    editor.notify("session/cancel", json!({ "sessionId": unknown })).await;
    editor.notify("_zed/anything", json!({})).await;
    editor.notify("$/cancel_request", json!({ "requestId": "none" })).await;
    editor.request("session/list", json!({})).await;
}

#[tokio::test]
async fn usage_is_never_sent_without_a_size() {
    let sandbox = Sandbox::with_config(FAST_AND_ENDLESS);
    let mut editor = Editor::open(&sandbox, &[]).await;
    let session = editor.new_session(&sandbox).await;
    let (updates, _) = editor.prompt(&session, "draw a red square").await;
    let usage = updates.iter().filter(|update| update["sessionUpdate"] == "usage_update");
    for update in usage {
        assert!(update["size"].as_u64().is_some_and(|size| size > 0), "{update}");
    }
}

/// Some crates of protocols switch on a feature of `serde_json` for the whole program, after which the schema, the
/// stored arguments and their hashes would have another order.
#[test]
fn json_maps_are_sorted() {
    let map: Value = serde_json::from_str(r#"{"b":1,"a":2}"#).expect("JSON");
    assert_eq!(map.to_string(), r#"{"a":2,"b":1}"#);
}
