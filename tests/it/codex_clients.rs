//! What clients of the Codex app-server send and ask that has no meaning for images.

use easel_protocol::event::Event;
use easel_protocol::item::ThreadItem;
use easel_protocol::method::{ThreadStart, TurnStart};
use easel_protocol::thread::ThreadStartParams;
use easel_protocol::turn::TurnStartParams;
use serde_json::{Value, json};

use crate::harness::events::completed_items;
use crate::harness::{HOSTED, STANDALONE, Sandbox, Server, text, turn_start_params};

/// Starts a thread with this configuration and returns the warnings about it.
async fn read_warnings(server: &mut Server, config: &Value) -> Vec<String> {
    let params = ThreadStartParams { config: config.as_object().cloned(), ..ThreadStartParams::default() };
    server.request::<ThreadStart>(&params).await;
    let events = server.events_until(|event| event.method() == "thread/started").await;
    let warnings = events
        .into_iter()
        .filter_map(|event| if let Event::ConfigWarning(warning) = event { Some(warning.summary) } else { None });
    warnings.filter(|summary| summary.contains("the thread's configuration")).collect()
}

#[tokio::test]
async fn settings_of_codex_cause_no_warning() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    // What its terminal interface sends to have a title written.
    let config = json!({
        "features.unified_exec": false, "features.multi_agent_v2": false, "features.shell_tool": false,
        "features.view_image": false, "features.image_generation": false, "tools.update_plan.enabled": false,
        "mcp_servers": {}, "web_search": "disabled", "default_permissions": ":read-only",
        "skills.include_instructions": false, "cloud.skills.enabled": false,
    });
    assert_eq!(read_warnings(&mut server, &config).await, [""; 0]);
    server.close().await;
}

#[tokio::test]
async fn connection_gets_each_configuration_warning_once() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let config = json!({ "features.unheard_of": false });
    let warned = read_warnings(&mut server, &config).await;
    assert_eq!(warned, ["Unknown feature `unheard_of` in the thread's configuration was ignored."]);
    assert_eq!(read_warnings(&mut server, &config).await, [""; 0]);
    server.close().await;
}

#[tokio::test]
async fn preview_answers_an_output_schema_without_an_image() {
    for tool in [STANDALONE, HOSTED] {
        let sandbox = Sandbox::new();
        let mut server = sandbox.start_server_with(tool).await;
        let ephemeral = ThreadStartParams { ephemeral: Some(true), ..ThreadStartParams::default() };
        let thread = server.start_thread_with(ephemeral).await;
        let schema = json!({ "type": "object", "properties": { "title": { "type": "string" } } });
        let prompt = "Write a very short title.\n\nUser's first message:\ndraw a red fox";
        let params =
            TurnStartParams { output_schema: Some(schema), ..turn_start_params(&thread.id, vec![text(prompt)]) };
        server.request::<TurnStart>(&params).await;
        let events = server.events_until_turn_end().await;
        let items = completed_items(&events);
        assert!(!items.iter().any(|item| matches!(item, ThreadItem::ImageGeneration(_))), "{items:#?}");
        let answer = items.iter().find_map(|item| {
            if let ThreadItem::AgentMessage(message) = item { Some(message.text.as_str()) } else { None }
        });
        assert_eq!(answer, Some(r#"{"title":"draw a red fox"}"#));
        server.close().await;
    }
}

#[tokio::test]
async fn lists_by_folder_have_an_entry_for_each() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let entry = |cwd: &str| json!({ "cwd": cwd, "hooks": [], "warnings": [], "errors": [] });
    let hooks = server.call("hooks/list", &json!({ "cwds": ["/a", "/b"] })).await.expect("a list");
    assert_eq!(hooks["data"], json!([entry("/a"), entry("/b")]));
    let hooks = server.call("hooks/list", &json!({ "threadId": thread.id, "cwds": ["/a"] })).await.expect("a list");
    assert_eq!(hooks["data"], json!([entry(&thread.cwd)]));
    let skills = server.call("skills/list", &json!({ "cwds": [], "forceReload": true })).await.expect("a list");
    assert_eq!(skills["data"].as_array().map(Vec::len), Some(1));
    let many = json!({ "cwds": vec!["/a"; 257] });
    let refusal = server.call("skills/list", &many).await.expect_err("too many");
    assert!(refusal.to_string().contains("`cwds`: has 257 paths; at most 256 are allowed"), "{refusal}");
    server.close().await;
}
