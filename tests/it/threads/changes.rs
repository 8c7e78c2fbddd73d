//! Changes of threads by clients, and injected items.

use easel_protocol::event::Event;
use easel_protocol::method::{
    ThreadFork, ThreadInjectItems, ThreadMetadataUpdate, ThreadRead, ThreadResume, ThreadSettingsUpdate,
    ThreadUnsubscribe, TurnStart,
};
use easel_protocol::thread::{
    GitInfo, GitInfoPatch, ThreadInjectItemsParams, ThreadMetadataUpdateParams, ThreadSettingsUpdateParams,
    ThreadUnsubscribeParams,
};
use easel_protocol::turn::TurnStartParams;
use easel_testkit::image::{BLUE, RED, data_url, sha256, solid_png};
use serde_json::{Value, json};

use super::forks::fork_params;
use super::{read_params, resume_params};
use crate::harness::events::{completed_image, is_image_start};
use crate::harness::{SLOW_AND_FREE, Sandbox, text, turn_start_params};

fn inject_params(thread_id: &str, items: Value) -> ThreadInjectItemsParams {
    let Value::Array(items) = items else { panic!("{items} is not a list") };
    ThreadInjectItemsParams { thread_id: thread_id.into(), items }
}

#[tokio::test]
async fn injected_items_reach_the_model_and_are_stored() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let url = data_url(&solid_png(60, 40, RED));
    let inline_image = data_url(&solid_png(50, 50, BLUE)).replace("data:image/png;base64,", "");
    let items = json!([
        { "type": "message", "role": "system", "content": "Be brief." },
        { "type": "message", "role": "user", "content": [
            { "type": "input_text", "text": "this is my cat" }, { "type": "input_image", "image_url": url }] },
        { "type": "function_call", "call_id": "old", "name": "imagegen", "namespace": "image_gen", "arguments": "{}" },
        { "type": "function_call_output", "call_id": "old", "output": "It did not work." },
        { "type": "image_generation_call", "id": "ig_old", "status": "completed", "result": inline_image },
    ]);
    server.request::<ThreadInjectItems>(&inject_params(&thread.id, items)).await;
    server.close().await;

    let mut server = sandbox.start_server().await;
    server.request::<ThreadResume>(&resume_params(&thread.id)).await;
    let edited = completed_image(&server.run_turn(&thread.id, vec![text("make it blue")]).await).images[0].clone();
    let inputs: Vec<_> = edited.inputs.iter().map(|input| input.sha256.as_str()).collect();
    let expected = [sha256(&solid_png(60, 40, RED)), sha256(&solid_png(50, 50, BLUE))];
    assert_eq!(inputs, expected, "the attached image, then the generated one");
    let copy = server.request::<ThreadFork>(&fork_params(&thread.id)).await.thread;
    server.events_until(|event| matches!(event, Event::ThreadStarted(_))).await;
    let again = completed_image(&server.run_turn(&copy.id, vec![text("make it green")]).await).images[0].clone();
    assert_eq!(again.inputs[..2], edited.inputs);
    server.close().await;
}

#[tokio::test]
async fn invalid_items_and_remote_images_are_not_injected() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let message_with_image = |url: &str| json!([{ "type": "message", "role": "user", "content": [{ "type": "input_image", "image_url": url }] }]);
    let call = json!({ "type": "function_call", "call_id": "c", "name": "x", "arguments": "{}" });
    let output = json!({ "type": "function_call_output", "call_id": "c", "output": "y" });
    let mut messages = String::new();
    for items in [
        json!([]),
        json!([{ "type": "reasoning", "summary": [] }]),
        json!([{ "type": "message", "role": "user" }]),
        json!([5]),
        message_with_image("https://example.com/a.png"),
        message_with_image("/etc/passwd"),
        message_with_image("file:///etc/passwd"),
        message_with_image("easel:img_00000000000000000000000000000000"),
        message_with_image("data:image/png;base64,AAAA"),
        json!([call]),
        json!([output]),
        json!([call, output, call, output]),
    ] {
        let refusal = server.request_error::<ThreadInjectItems>(&inject_params(&thread.id, items.clone())).await;
        messages += &format!("{items}: {refusal}\n");
    }
    insta::assert_snapshot!("injections_refused", messages);
    server.close().await;
    let mut server = sandbox.start_server().await;
    let params = inject_params(&thread.id, json!([{ "type": "message", "role": "user", "content": "x" }]));
    let refusal = server.request_error::<ThreadInjectItems>(&params).await;
    assert_eq!(refusal, format!("-32600 thread {} is not loaded; call thread/resume first", thread.id));
    server.close().await;
}

#[tokio::test]
async fn injection_is_refused_during_a_turn() {
    let sandbox = Sandbox::with_config(SLOW_AND_FREE);
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let turn = server.start_turn(&thread.id, vec![text("draw a red square")]).await;
    server.events_until(is_image_start).await;
    let params = inject_params(&thread.id, json!([{ "type": "message", "role": "user", "content": "x" }]));
    let refusal = server.request_error::<ThreadInjectItems>(&params).await;
    assert_eq!(refusal, format!("-32600 turn {} is still running", turn.id));
    server.interrupt(&thread.id, &turn.id).await;
    server.events_until_turn_end().await;
    server.close().await;
}

#[tokio::test]
async fn git_metadata_is_patched_field_by_field() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let params = |patch| ThreadMetadataUpdateParams { thread_id: thread.id.clone(), git_info: Some(patch) };
    let set_to = |text: &str| Some(Some(text.to_owned()));
    let first = GitInfoPatch { sha: set_to("0a"), branch: set_to("main"), origin_url: None };
    server.request::<ThreadMetadataUpdate>(&params(first)).await;
    let second = GitInfoPatch { sha: Some(None), branch: None, origin_url: set_to("https://example.com/a.git") };
    let response = server.request::<ThreadMetadataUpdate>(&params(second)).await.thread;
    let expected = GitInfo {
        sha: None,
        branch: Some("main".to_owned()),
        origin_url: Some("https://example.com/a.git".to_owned()),
    };
    assert_eq!(response.git_info, Some(expected));
    let empty = GitInfoPatch { branch: set_to(""), ..GitInfoPatch::default() };
    let refusal = server.request_error::<ThreadMetadataUpdate>(&params(empty)).await;
    assert_eq!(refusal, "-32602 Invalid params: `gitInfo.branch`: must have 1 to 2000 characters");
    server.close().await;
    let mut server = sandbox.start_server().await;
    assert_eq!(server.request::<ThreadRead>(&read_params(&thread.id)).await.thread.git_info, response.git_info);
    server.close().await;
}

/// Another process renames the thread while the request waits for the right to write to it.
#[tokio::test]
async fn change_by_another_process_survives_metadata_and_settings() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    server.request::<ThreadUnsubscribe>(&ThreadUnsubscribeParams { thread_id: thread.id.clone() }).await;
    server.expect_event("thread/closed", |event| matches!(event, Event::ThreadClosed(_))).await;
    let database = rusqlite::Connection::open(sandbox.home().join("easel.db")).expect("the database");
    let rename = "CREATE TRIGGER rename AFTER UPDATE OF writer ON threads WHEN NEW.writer IS NOT NULL
        BEGIN UPDATE threads SET name = coalesce(name, 'renamed') || '!' WHERE id = NEW.id; END";
    database.execute_batch(rename).expect("a trigger");
    for (method, params, name) in [
        ("thread/metadata/update", json!({ "threadId": thread.id, "gitInfo": { "branch": "main" } }), "renamed!"),
        ("thread/settings/update", json!({ "threadId": thread.id, "model": "another" }), "renamed!!"),
    ] {
        server.call(method, &params).await.expect("a response");
        let read = server.request::<ThreadRead>(&read_params(&thread.id)).await.thread;
        assert_eq!(read.name.as_deref(), Some(name), "{method}");
    }
    server.expect_event("settings", |event| matches!(event, Event::ThreadSettingsUpdated(_))).await;
    server.close().await;
}

#[tokio::test]
async fn settings_apply_to_the_next_turn_and_are_announced() {
    let sandbox = Sandbox::new();
    let (mut server, mut other) = (sandbox.start_server().await, sandbox.start_server().await);
    let thread = server.start_thread().await;
    let params = ThreadSettingsUpdateParams {
        thread_id: thread.id.clone(),
        cwd: Some(sandbox.root().display().to_string()),
        model: Some("another".to_owned()),
        effort: None,
        summary: None,
    };
    let refusal = other.request_error::<ThreadSettingsUpdate>(&params).await;
    assert!(refusal.contains("is in use by another Easel"), "{refusal}");
    server.request::<ThreadSettingsUpdate>(&params).await;
    let event = server.expect_event("settings", |event| matches!(event, Event::ThreadSettingsUpdated(_))).await;
    let Event::ThreadSettingsUpdated(updated) = event else { panic!("{event:#?}") };
    let settings = updated.thread_settings;
    assert_eq!((settings.model.as_str(), &settings.cwd), ("another", &sandbox.root().display().to_string()));
    assert_eq!(settings.collaboration_mode.settings.model, "another");
    let read = server.request::<ThreadRead>(&read_params(&thread.id)).await.thread;
    assert_eq!((read.model.as_deref(), read.cwd), (Some("another"), settings.cwd));
    server.close().await;
    other.close().await;
}

#[tokio::test]
async fn changed_settings_are_announced_before_the_turn() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let cwd = sandbox.root().display().to_string();
    for notifications in [1, 0] {
        let turn = TurnStartParams {
            cwd: Some(cwd.clone()),
            model: Some("another".to_owned()),
            ..turn_start_params(&thread.id, vec![text("draw a red square, 64x64")])
        };
        server.request::<TurnStart>(&turn).await;
        let events = server.events_until_turn_end().await;
        let is_settings_update = |event: &&Event| matches!(event, Event::ThreadSettingsUpdated(_));
        assert_eq!(events.iter().filter(is_settings_update).count(), notifications);
        if let Event::ThreadSettingsUpdated(updated) = &events[0] {
            assert_eq!((&updated.thread_settings.model[..], &updated.thread_settings.cwd), ("another", &cwd));
        } else {
            assert_eq!(notifications, 0, "{events:#?}");
        }
    }
    let params =
        ThreadSettingsUpdateParams { thread_id: thread.id, cwd: Some(cwd), model: None, effort: None, summary: None };
    server.request::<ThreadSettingsUpdate>(&params).await;
    server.close().await;
}

#[tokio::test]
async fn resume_with_another_provider_takes_its_default_model() {
    let sandbox = Sandbox::with_config(
        "model_provider = \"preview\"\n[model_providers.other]\npreset = \"generic\"\nbase_url = \"http://127.0.0.1:9/v1\"\n",
    );
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let mut params = resume_params(&thread.id);
    let before = server.request::<ThreadResume>(&params).await.settings.model;
    for (provider, model, expected) in [
        (Some("other"), None, "gpt-5.5"),
        (Some("other"), Some("local-8b"), "local-8b"),
        // The provider stays, and so does the model that the user named.
        (Some("other"), None, "local-8b"),
        (None, None, "local-8b"),
        (Some("preview"), None, before.as_str()),
    ] {
        (params.model_provider, params.model) = (provider.map(str::to_owned), model.map(str::to_owned));
        let settings = server.request::<ThreadResume>(&params).await.settings;
        assert_eq!(settings.model, expected, "{provider:?} {model:?}");
        assert_eq!(settings.model_provider, provider.unwrap_or("other"), "{provider:?} {model:?}");
    }
    server.close().await;
}
