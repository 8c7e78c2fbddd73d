//! Errors of the thread methods, with their texts.

use easel_protocol::method::{ThreadArchive, ThreadFork, ThreadList, ThreadResume, ThreadStart};
use easel_protocol::thread::{
    ThreadArchiveParams, ThreadForkParams, ThreadListParams, ThreadResumeParams, ThreadStartParams,
};
use serde_json::{Value, json};

use crate::harness::events::is_image_start;
use crate::harness::{SLOW_AND_FREE, Sandbox, text};
use crate::threads::forks::fork_params;
use crate::threads::resume_params;

const SOMEBODY: &str = "00000000-0000-0000-0000-000000000000";

/// `method: code message` for each request.
async fn refusals(sandbox: &Sandbox, requests: &[(&str, Value)]) -> String {
    let mut server = sandbox.start_server().await;
    let mut results = String::new();
    for (method, params) in requests {
        let refusal = server.call(method, params).await.expect_err(method);
        results += &format!("{method} {params}: {refusal}\n");
    }
    server.close().await;
    results
}

#[tokio::test]
async fn every_thread_method_refuses_an_unknown_thread() {
    let requests = [
        "thread/resume",
        "thread/read",
        "thread/fork",
        "thread/delete",
        "thread/turns/list",
        "thread/items/list",
        "thread/archive",
        "thread/unarchive",
        "tool/list",
        "experimentalFeature/list",
    ]
    .map(|method| (method, json!({ "threadId": "nowhere" })));
    let more = [
        ("thread/name/set", json!({ "threadId": "nowhere", "name": "x" })),
        ("thread/revert", json!({ "threadId": "nowhere", "beforeTurnId": "x" })),
        ("thread/rollback", json!({ "threadId": "nowhere", "numTurns": 1 })),
        ("thread/inject_items", json!({ "threadId": "nowhere", "items": [] })),
        ("thread/metadata/update", json!({ "threadId": "nowhere", "gitInfo": null })),
        ("thread/settings/update", json!({ "threadId": "nowhere", "model": "x" })),
        (
            "turn/steer",
            json!({ "threadId": "nowhere", "expectedTurnId": "x", "input": [{ "type": "text", "text": "x" }] }),
        ),
        ("turn/start", json!({ "threadId": "nowhere", "input": [{ "type": "text", "text": "x" }] })),
        ("turn/interrupt", json!({ "threadId": "nowhere", "turnId": "x" })),
    ];
    let results = refusals(&Sandbox::new(), &[requests.as_slice(), &more].concat()).await;
    assert!(results.lines().all(|line| line.ends_with("-32600 thread nowhere not found")), "{results}");
}

#[tokio::test]
async fn wrong_params_are_refused_with_the_name_of_the_field() {
    let results = refusals(
        &Sandbox::new(),
        &[
            ("thread/start", json!({ "cwd": 5 })),
            ("thread/start", json!({ "config": [] })),
            ("thread/start", json!([])),
            ("thread/resume", json!({})),
            ("thread/read", json!({ "threadId": 1 })),
            ("thread/read", json!({ "threadId": "x", "includeTurns": "yes" })),
            ("thread/list", json!({ "limit": -1 })),
            ("thread/list", json!({ "sortKey": "name" })),
            ("thread/list", json!({ "cursor": "garbage" })),
            ("thread/list", json!({ "cwd": 7 })),
            ("thread/list", json!({ "sourceKinds": ["nobody"] })),
            ("thread/list", json!({ "excludedThreadIds": ["nowhere"] })),
            ("thread/list", json!({ "excludedThreadIds": vec![SOMEBODY; 101] })),
            ("thread/search", json!({})),
            ("thread/search", json!({ "searchTerm": 7 })),
            ("thread/search", json!({ "searchTerm": " " })),
            ("thread/search", json!({ "searchTerm": "n".repeat(201) })),
            ("thread/search", json!({ "searchTerm": "x", "cursor": "garbage" })),
            ("thread/search", json!({ "searchTerm": "x", "sortKey": "section_position" })),
            ("thread/loaded/list", json!({ "cursor": "garbage" })),
            ("thread/turns/list", json!({ "threadId": "x", "itemsView": "all" })),
            ("thread/name/set", json!({ "threadId": "x" })),
            ("thread/name/set", json!({ "threadId": "x", "name": " " })),
            ("thread/name/set", json!({ "threadId": "x", "name": "n".repeat(201) })),
            ("thread/fork", json!({})),
            ("thread/fork", json!({ "threadId": "x", "lastTurnId": 1 })),
            ("thread/fork", json!({ "threadId": "x", "ephemeral": "yes" })),
            ("thread/delete", json!({ "threadId": null })),
            ("thread/revert", json!({ "threadId": "x" })),
            ("thread/rollback", json!({ "threadId": "x", "numTurns": 0 })),
            ("thread/rollback", json!({ "threadId": "x", "numTurns": -1 })),
            ("thread/inject_items", json!({ "threadId": "x" })),
            ("thread/inject_items", json!({ "threadId": "x", "items": {} })),
            ("thread/metadata/update", json!({ "threadId": "x", "gitInfo": { "sha": 1 } })),
            ("thread/settings/update", json!({ "threadId": "x", "model": 1 })),
            ("turn/steer", json!({ "threadId": "x", "input": [{ "type": "text", "text": "x" }] })),
            ("turn/start", json!({ "threadId": "x", "input": "draw" })),
            ("turn/start", json!({ "threadId": "x", "input": [{ "type": "text" }] })),
            ("turn/start", json!({ "threadId": "x", "input": [{ "type": "audio", "url": "x" }] })),
            ("turn/start", json!({ "input": [{ "type": "text", "text": "x" }] })),
            ("turn/interrupt", json!({ "threadId": "x", "turnId": null })),
            ("image/list", json!({ "cursor": "garbage" })),
            ("image/read", json!({ "imageId": "img_0", "offset": -1 })),
            ("image/read", json!({ "imageId": "img_0", "offset": 0, "length": 0 })),
            ("image/read", json!({ "imageId": "img_0", "offset": 0, "length": 8_388_609 })),
        ],
    )
    .await;
    assert!(results.lines().all(|line| line.contains(": -32602 ")), "{results}");
    insta::assert_snapshot!(
        "wrong_params",
        results.replace(&"n".repeat(201), "nnn…").replace(&format!(r#""{SOMEBODY}","#).repeat(100), "…")
    );
}

#[tokio::test]
async fn explicit_nulls_mean_absent() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let nulls = json!({ "cwd": null, "model": null, "modelProvider": null, "config": null, "experimentalRawEvents": null,
        "sandbox": null, "approvalPolicy": null, "aFieldOfTomorrow": { "x": [1] } });
    let thread = server.call("thread/start", &nulls).await.expect("a thread");
    let thread_id = &thread["thread"]["id"];
    server.expect_event("thread/started", |event| event.method() == "thread/started").await;
    for (method, params) in [
        ("thread/list", json!({ "cursor": null, "limit": null, "sortKey": null, "archived": null, "cwd": null })),
        ("thread/read", json!({ "threadId": thread_id, "includeTurns": null })),
        ("thread/turns/list", json!({ "threadId": thread_id, "cursor": null, "itemsView": null })),
        ("thread/resume", json!({ "threadId": thread_id, "excludeTurns": null, "config": null })),
        ("tool/list", json!({ "threadId": null })),
        ("image/list", json!({ "threadId": null, "limit": null })),
    ] {
        server.call(method, &params).await.expect(method);
    }
    let input = json!([{ "type": "text", "text": "draw a red square", "text_elements": null }]);
    let turn = json!({ "threadId": thread_id, "input": input, "cwd": null, "model": null, "effort": null });
    server.call("turn/start", &turn).await.expect("a turn");
    server.events_until_turn_end().await;
    server.close().await;
}

#[tokio::test]
async fn a_thread_is_not_archived_while_a_turn_runs() {
    let sandbox = Sandbox::with_config(SLOW_AND_FREE);
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let turn = server.start_turn(&thread.id, vec![text("draw a red square")]).await;
    server.events_until(is_image_start).await;
    let refusal = server.request_error::<ThreadArchive>(&ThreadArchiveParams { thread_id: thread.id.clone() }).await;
    assert_eq!(refusal, format!("-32600 turn {} is still running", turn.id));
    server.interrupt(&thread.id, &turn.id).await;
    server.events_until_turn_end().await;
    server.close().await;
}

#[tokio::test]
async fn request_for_unknown_provider_is_refused_and_changes_nothing() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread_id = server.start_thread().await.id;
    let expected = "-32602 Invalid params: `modelProvider`: Provider `previw` is not configured: there is no \
         [model_providers.previw]; did you mean `preview`?";
    let model_provider = Some("previw".to_owned());
    let start = ThreadStartParams { model_provider: model_provider.clone(), ..ThreadStartParams::default() };
    assert_eq!(server.request_error::<ThreadStart>(&start).await, expected);
    let resume = ThreadResumeParams { model_provider: model_provider.clone(), ..resume_params(&thread_id) };
    assert_eq!(server.request_error::<ThreadResume>(&resume).await, expected);
    let fork = ThreadForkParams { model_provider, ..fork_params(&thread_id) };
    assert_eq!(server.request_error::<ThreadFork>(&fork).await, expected);
    let threads = server.request::<ThreadList>(&ThreadListParams::default()).await.data;
    assert_eq!(threads.iter().map(|thread| &*thread.model_provider).collect::<Vec<_>>(), ["preview"]);
    server.close().await;
}

#[tokio::test]
async fn thread_with_removed_provider_starts_and_its_turns_fail() {
    let sandbox = Sandbox::with_config("model_provider = \"nobody\"");
    let mut server = sandbox.start_server().await;
    let thread = server.request::<ThreadStart>(&ThreadStartParams::default()).await.thread;
    assert_eq!(thread.model_provider, "nobody");
    server.expect_event("thread/started", |event| event.method() == "thread/started").await;
    let events = server.run_turn(&thread.id, vec![text("draw a red square")]).await;
    let error = crate::harness::events::completed_turn(&events).error.clone().expect("an error");
    assert_eq!(error.message, "Provider `nobody` is not configured: there is no [model_providers.nobody].");
    server.close().await;
}
