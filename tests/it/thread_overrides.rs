//! Configuration of single threads, and notifications that a connection opts out of.

use std::collections::BTreeSet;

use easel_protocol::item::ThreadItem;
use easel_protocol::method::{ThreadResume, ToolList};
use easel_protocol::thread::{ThreadResumeParams, ThreadStartParams};
use easel_protocol::tool::{ToolExposure, ToolListParams, ToolListResponse};
use serde_json::{Map, Value, json};

use crate::harness::events::completed_items;
use crate::harness::{HOSTED, STANDALONE, Sandbox, Server, text};

fn config(config: &Value) -> Option<Map<String, Value>> {
    config.as_object().cloned()
}

async fn tools(server: &mut Server, thread_id: &str) -> ToolListResponse {
    server.request::<ToolList>(&ToolListParams { thread_id: Some(thread_id.into()) }).await
}

async fn draws_image(server: &mut Server, thread_id: &str) -> bool {
    let events = server.run_turn(thread_id, vec![text("draw a red square")]).await;
    completed_items(&events).into_iter().any(|item| matches!(item, ThreadItem::ImageGeneration(_)))
}

#[tokio::test]
async fn thread_override_disables_images_for_itself_only() {
    for (tool, exposure) in [(STANDALONE, ToolExposure::Standalone), (HOSTED, ToolExposure::Hosted)] {
        let sandbox = Sandbox::new();
        let mut server = sandbox.start_server_with(tool).await;
        let off = config(&json!({"features.image_generation": false}));
        let off = server.start_thread_with(ThreadStartParams { config: off, ..ThreadStartParams::default() }).await;
        let on = server.start_thread().await;
        let list = tools(&mut server, &off.id).await;
        assert_eq!(list.exposure, ToolExposure::None);
        assert!(list.data.iter().all(|tool| !tool.offered && !tool.reasons.is_empty()), "{list:#?}");
        assert!(!draws_image(&mut server, &off.id).await);
        assert_eq!(tools(&mut server, &on.id).await.exposure, exposure);
        assert!(draws_image(&mut server, &on.id).await);

        // A resume can set another configuration, for the loaded thread and permanently.
        for (params, wanted) in [(true, exposure), (false, ToolExposure::None)] {
            let config = config(&json!({"features": {"image_generation": params}}));
            let resume = ThreadResumeParams { config, ..crate::threads::resume_params(&off.id) };
            server.request::<ThreadResume>(&resume).await;
            assert_eq!(tools(&mut server, &off.id).await.exposure, wanted);
            assert_eq!(draws_image(&mut server, &off.id).await, params);
        }
        server.close().await;
        let mut server = sandbox.start_server_with(tool).await;
        server.request::<ThreadResume>(&crate::threads::resume_params(&off.id)).await;
        assert_eq!(tools(&mut server, &off.id).await.exposure, ToolExposure::None);
        server.close().await;
    }
}

/// Sends a request and records the notifications before its response.
async fn ask(server: &mut Server, received: &mut BTreeSet<String>, method: &str, params: Value) -> Value {
    let line = json!({"id": 1_000_000, "method": method, "params": params}).to_string();
    server.client.send_line(&line).await.expect("the server reads its input");
    loop {
        let line = server.client.read_line().await.expect("a whole line").expect("a response");
        let mut line: Value = serde_json::from_str(&line).expect("JSON");
        match line["method"].as_str() {
            Some(method) => received.insert(method.to_owned()),
            None => return line["result"].take(),
        };
    }
}

/// The notifications of a connection that opts out of some. It runs a thread with an image and everything else that
/// causes notifications.
async fn collect_notifications(opted_out: &BTreeSet<String>) -> BTreeSet<String> {
    let sandbox = Sandbox::with_config("colour = 1\n");
    let mut server = Server::spawn(sandbox.server_command(STANDALONE));
    let mut received = BTreeSet::new();
    let capabilities = json!({"optOutNotificationMethods": opted_out});
    let hello = json!({"clientInfo": {"name": "t", "version": "1"}, "capabilities": capabilities});
    ask(&mut server, &mut received, "initialize", hello).await;
    let started = ask(&mut server, &mut received, "thread/start", json!({"experimentalRawEvents": true})).await;
    let id = started["thread"]["id"].clone();
    let input = json!([{"type": "text", "text": "draw a red square"}]);
    ask(&mut server, &mut received, "turn/start", json!({"threadId": id, "input": input})).await;
    // A client that opted out of the end of a turn polls for it.
    loop {
        let read = ask(&mut server, &mut received, "thread/read", json!({"threadId": id, "includeTurns": true})).await;
        if read["thread"]["turns"][0]["status"] == "completed" {
            break;
        }
    }
    let images = ask(&mut server, &mut received, "image/list", json!({})).await;
    for (method, params) in [
        ("thread/name/set", json!({"threadId": id, "name": "Red"})),
        ("image/delete", json!({"imageId": images["data"][0]["image"]["id"]})),
        ("thread/archive", json!({"threadId": id})),
        ("thread/unarchive", json!({"threadId": id})),
        ("experimentalFeature/enablement/set", json!({"enablement": {"imagegenext": false}})),
        ("account/login/start", json!({"type": "apiKey", "apiKey": "sk-canary-1"})),
        ("thread/list", json!({})),
    ] {
        let response = ask(&mut server, &mut received, method, params).await;
        assert!(response.is_object(), "{method} was refused");
    }
    server.client.close_input();
    while let Some(line) = server.client.read_line().await.expect("a whole line") {
        let line: Value = serde_json::from_str(&line).expect("JSON");
        received.extend(line["method"].as_str().map(str::to_owned));
    }
    received
}

#[tokio::test]
async fn clients_can_opt_out_of_every_notification() {
    let bundle: Value = serde_json::from_reader(easel_schema::JSON_SCHEMA.reader()).expect("JSON");
    let known: BTreeSet<String> = bundle["notifications"].as_object().expect("names").keys().cloned().collect();
    let inexact = ["item", "item/*", "Turn/started", "thread/started ", ""].map(str::to_owned).into();
    let all = collect_notifications(&inexact).await;
    assert!(all.is_subset(&known), "{all:?}");
    for name in ["configWarning", "rawResponseItem/completed", "tool/list/updated", "image/deleted", "account/updated"]
    {
        assert!(all.contains(name), "{name} is not in {all:?}");
    }
    assert!(all.len() >= 17, "{all:?}");
    assert_eq!(collect_notifications(&known).await, BTreeSet::new());
    // Opting out of one name affects only this name.
    let one: BTreeSet<String> = ["item/completed".to_owned()].into();
    assert_eq!(collect_notifications(&one).await, all.difference(&one).cloned().collect());
}
