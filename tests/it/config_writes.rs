//! Changes of the configuration while the server runs.

use std::path::Path;

use easel_protocol::configuration::{
    ConfigBatchWriteParams, ConfigEdit, ConfigReadParams, ConfigReadResponse, ConfigRequirementsReadParams,
    ConfigValueWriteParams, ConfigWriteResponse, ExperimentalFeatureEnablementSetParams, ExperimentalFeatureListParams,
    MergeStrategy, WriteStatus,
};
use easel_protocol::event::Event;
use easel_protocol::method::{
    ConfigBatchWrite, ConfigRead, ConfigRequirementsRead, ConfigValueWrite, ExperimentalFeatureEnablementSet,
    ExperimentalFeatureList, ModelProviderList, ThreadResume, ThreadStart, ToolList,
};
use easel_protocol::model::ModelProviderListParams;
use easel_protocol::thread::ThreadStartParams;
use easel_protocol::tool::{ToolExposure, ToolListParams};
use serde_json::{Value, json};

use crate::harness::{HOSTED, STANDALONE, Sandbox, Server, text};

fn change(key: &str, value: Value) -> ConfigValueWriteParams {
    ConfigValueWriteParams {
        key_path: key.to_owned(),
        value,
        merge_strategy: MergeStrategy::Replace,
        file_path: None,
        expected_version: None,
    }
}

fn changes(edits: &[(&str, Value)]) -> ConfigBatchWriteParams {
    let edit = |(key, value): &(&str, Value)| ConfigEdit {
        key_path: (*key).to_owned(),
        value: value.clone(),
        merge_strategy: MergeStrategy::Upsert,
    };
    let edits = edits.iter().map(edit).collect();
    ConfigBatchWriteParams { edits, file_path: None, expected_version: None, reload_user_config: None }
}

async fn write_value(server: &mut Server, key: &str, value: Value) -> ConfigWriteResponse {
    server.request::<ConfigValueWrite>(&change(key, value)).await
}

/// The second write is stricter than the first, and not than what was there before both.
#[tokio::test]
async fn second_of_overlapping_writes_also_holds_for_new_threads() {
    let sandbox = Sandbox::with_config("features.image_generation = false\n");
    let mut server = sandbox.start_server().await;
    for _ in 0..5 {
        let mut writes = Vec::new();
        for is_on in [true, false] {
            let write = change("features.image_generation", json!(is_on));
            writes.push(server.client.send::<ConfigValueWrite>(&write).await.expect("it is sent"));
        }
        let mut starts = Vec::new();
        for _ in 0..12 {
            let start = ThreadStartParams::default();
            starts.push(server.client.send::<ThreadStart>(&start).await.expect("it is sent"));
        }
        for id in writes {
            server.client.receive::<ConfigValueWrite>(id).await.expect("it is written");
        }
        for id in starts {
            let thread = server.client.receive::<ThreadStart>(id).await.expect("it starts").thread;
            let tools = server.request::<ToolList>(&ToolListParams { thread_id: Some(thread.id) }).await;
            assert_eq!(tools.exposure, ToolExposure::None);
        }
    }
    server.client.close().await.expect("the server ends");
}

async fn read_config(server: &mut Server) -> ConfigReadResponse {
    server.request::<ConfigRead>(&ConfigReadParams { include_layers: Some(true), cwd: None }).await
}

/// The version of the user layer.
async fn version(server: &mut Server) -> String {
    let layers = read_config(server).await.layers.expect("layers");
    layers.last().expect("the home's layer").version.clone()
}

async fn exposure(server: &mut Server, thread_id: Option<&str>) -> ToolExposure {
    server.request::<ToolList>(&ToolListParams { thread_id: thread_id.map(Into::into) }).await.exposure
}

/// Reads the announcement of the tools without a thread.
async fn expect_tools(server: &mut Server, expected: ToolExposure) {
    let event = server.expect_event("tool/list/updated", |event| matches!(event, Event::ToolListUpdated(_))).await;
    let Event::ToolListUpdated(updated) = event else { return };
    assert_eq!(updated.exposure, expected);
    assert_eq!(exposure(server, None).await, expected);
}

/// Sends a request that must fail and returns the whole error.
async fn error(server: &mut Server, method: &str, params: Value) -> Value {
    server
        .client
        .send_line(&json!({"id": 1_000_000, "method": method, "params": params}).to_string())
        .await
        .expect("sent");
    loop {
        let line = server.client.read_line().await.expect("a whole line").expect("a response");
        let mut line: Value = serde_json::from_str(&line).expect("JSON");
        if line["id"] == 1_000_000 {
            assert!(line["error"].is_object(), "{line}");
            return line["error"].take();
        }
    }
}

fn home_text(sandbox: &Sandbox) -> String {
    std::fs::read_to_string(sandbox.home().join("config.toml")).expect("a configuration file")
}

#[tokio::test]
async fn written_key_is_read_back_with_the_same_version() {
    let before = "# Mine.\n\nmodel_provider = \"preview\" # for now\n\n[images]\n# Slow machine.\nparallel = 2\n";
    let sandbox = Sandbox::with_config(before);
    let mut server = sandbox.start_server_with(HOSTED).await;
    let written = write_value(&mut server, "images.parallel", json!(3)).await;
    assert_eq!(home_text(&sandbox), before.replace("parallel = 2", "parallel = 3"));
    assert_eq!((written.status, &written.overridden_metadata), (WriteStatus::Ok, &None));
    assert_eq!(written.version, version(&mut server).await);
    let read = read_config(&mut server).await;
    assert_eq!(
        (&read.config["images"]["parallel"], &read.origins["images.parallel"].version),
        (&json!(3), &written.version)
    );
    assert!(Path::new(&written.file_path).ends_with("home/config.toml"), "{}", written.file_path);

    let edits = changes(&[("images", json!({"detail": "low"})), ("model_provider", Value::Null)]);
    let params =
        ConfigBatchWriteParams { expected_version: Some(written.version), file_path: Some(written.file_path), ..edits };
    let written = server.request::<ConfigBatchWrite>(&params).await;
    assert_eq!(home_text(&sandbox), "# Mine.\n\n[images]\n# Slow machine.\nparallel = 3\ndetail = \"low\"\n");
    assert_eq!(written.version, version(&mut server).await);
    server.close().await;

    // Another process reads the same.
    let mut server = sandbox.start_server_with(HOSTED).await;
    assert_eq!(written.version, version(&mut server).await);
    server.close().await;
}

#[tokio::test]
async fn invalid_writes_are_named_and_write_nothing() {
    let before = "model_provider = \"preview\"\n";
    let sandbox = Sandbox::with_config(before);
    let mut server = sandbox.start_server_with(HOSTED).await;
    let write = |key: &str, value: Value| json!({"keyPath": key, "value": value, "mergeStrategy": "replace"});
    let with = |mut params: Value, name: &str, value: &str| {
        params[name] = json!(value);
        params
    };
    let batch = json!({"edits": [write("images.parallel", json!(3)), write("images.speed", json!("canary"))]});
    let table = [
        ("config/value/write", write("images.parallel", json!("canary"))),
        ("config/value/write", write("colour", json!("canary"))),
        ("config/value/write", write("features.teleport", json!(true))),
        ("config/value/write", write("model_providers.x.requires_openai_auth", json!("canary"))),
        ("config/value/write", write("images..parallel", json!(3))),
        ("config/batchWrite", batch),
        ("config/value/write", with(write("images.parallel", json!(3)), "expectedVersion", "stale")),
        ("config/value/write", with(write("images.parallel", json!(3)), "filePath", "/etc/easel.toml")),
        ("config/value/write", json!({"keyPath": "model", "mergeStrategy": "replace"})),
        ("config/value/write", json!({"keyPath": "model", "value": "a"})),
        ("config/value/write", with(write("model", json!("a")), "mergeStrategy", "canary")),
        ("config/value/write", json!({"keyPath": 1, "value": "a", "mergeStrategy": "replace"})),
        ("config/batchWrite", json!({"edits": {}})),
        ("config/batchWrite", json!({"edits": vec![write("model", json!("a")); 257]})),
    ];
    let mut message = String::new();
    for (method, params) in table {
        let error = error(&mut server, method, params).await;
        message += &format!("{} {} {}\n", error["code"], error["message"].as_str().expect("a message"), error["data"]);
    }
    assert_eq!(home_text(&sandbox), before);
    assert!(!message.contains("canary"), "{message}");
    insta::assert_snapshot!(message);
    server.close().await;
}

#[tokio::test]
async fn overriding_layer_is_reported_by_the_write() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server_with(&["-c", "images.parallel=5"]).await;
    let written = write_value(&mut server, "images.parallel", json!(3)).await;
    assert_eq!(written.status, WriteStatus::OkOverridden);
    let metadata = written.overridden_metadata.expect("what holds");
    assert_eq!(metadata.effective_value, 5);
    assert_eq!(metadata.message, "`images.parallel` is overridden by the command line.");
    assert_eq!(home_text(&sandbox), "[images]\nparallel = 3\n");
    server.close().await;
}

#[tokio::test]
async fn secret_header_is_written_but_never_shown() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server_with(HOSTED).await;
    write_value(&mut server, "model_providers.x.http_headers.X-Key", json!("canary-1")).await;
    let params =
        json!({"keyPath": "model_providers.x.http_headers", "value": {"a b": "canary-2"}, "mergeStrategy": "upsert"});
    error(&mut server, "config/value/write", params).await;
    read_config(&mut server).await;
    assert!(home_text(&sandbox).contains("canary-1"));
    let received = server.transcript().into_iter().filter(|(way, _)| *way == easel_client::Direction::Received);
    let leaks: Vec<String> = received.map(|(_, line)| line).filter(|line| line.contains("canary")).collect();
    assert!(leaks.is_empty(), "{leaks:?}");
    server.close().await;
}

#[tokio::test]
async fn config_write_applies_to_new_and_resumed_threads() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server_with(HOSTED).await;
    let (first, second) = (server.start_thread().await, server.start_thread().await);
    write_value(&mut server, "features.imagegenext", json!(true)).await;
    expect_tools(&mut server, ToolExposure::Standalone).await;
    let third = server.start_thread().await;
    for (thread, expected) in [(&first, ToolExposure::Hosted), (&third, ToolExposure::Standalone)] {
        assert_eq!(exposure(&mut server, Some(&thread.id)).await, expected);
    }
    server.request::<ThreadResume>(&crate::threads::resume_params(&first.id)).await;
    assert_eq!(exposure(&mut server, Some(&first.id)).await, ToolExposure::Standalone);
    assert_eq!(exposure(&mut server, Some(&second.id)).await, ToolExposure::Hosted);
    let off = changes(&[("features.imagegenext", Value::Null)]);
    server.request::<ConfigBatchWrite>(&ConfigBatchWriteParams { reload_user_config: Some(true), ..off }).await;
    expect_tools(&mut server, ToolExposure::Hosted).await;
    for thread in [&first, &second, &third] {
        assert_eq!(exposure(&mut server, Some(&thread.id)).await, ToolExposure::Hosted);
    }
    server.close().await;
}

#[tokio::test]
async fn written_provider_is_used_by_a_resumed_thread() {
    let sandbox = Sandbox::with_config("model_provider = \"mine\"\n");
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    write_value(&mut server, "model_providers.mine", json!({"preset": "preview"})).await;
    expect_tools(&mut server, ToolExposure::Standalone).await;
    let list = server.request::<ModelProviderList>(&ModelProviderListParams::default()).await;
    assert!(list.data.iter().any(|provider| provider.id == "mine"), "{list:?}");
    server.request::<ThreadResume>(&crate::threads::resume_params(&thread.id)).await;
    let events = server.run_turn(&thread.id, vec![text("draw a red square")]).await;
    assert!(crate::harness::events::completed_image(&events).error.is_none());
    server.close().await;
}

async fn set_features(server: &mut Server, features: &[(&str, bool)]) -> Vec<(String, bool)> {
    let enablement = features.iter().map(|(name, on)| ((*name).to_owned(), *on)).collect();
    let params = ExperimentalFeatureEnablementSetParams { enablement };
    server.request::<ExperimentalFeatureEnablementSet>(&params).await.enablement.into_iter().collect()
}

#[tokio::test]
async fn feature_switch_applies_at_once_and_is_not_stored() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server_with(HOSTED).await;
    let thread = server.start_thread().await;
    assert_eq!(set_features(&mut server, &[("imagegenext", true)]).await, [("imagegenext".to_owned(), true)]);
    expect_tools(&mut server, ToolExposure::Standalone).await;
    assert_eq!(exposure(&mut server, Some(&thread.id)).await, ToolExposure::Standalone);
    let list = server.request::<ExperimentalFeatureList>(&ExperimentalFeatureListParams::default()).await;
    assert!(list.data.iter().all(|feature| feature.enabled), "{list:?}");
    assert_eq!(set_features(&mut server, &[("plugins", true), ("teleport", false)]).await, []);
    assert_eq!(set_features(&mut server, &[]).await, []);
    assert!(!sandbox.home().join("config.toml").exists());
    server.close().await;
    let mut server = sandbox.start_server_with(HOSTED).await;
    assert_eq!(exposure(&mut server, None).await, ToolExposure::Hosted);
    server.close().await;
}

#[tokio::test]
async fn kill_switch_overrides_every_thread() {
    let sandbox = Sandbox::with_config("[features]\nimage_generation = true\n");
    let mut server = sandbox.start_server_with(STANDALONE).await;
    let plain = server.start_thread().await;
    let config = json!({"features.image_generation": true}).as_object().cloned();
    let stubborn = ThreadStartParams { config, ..Default::default() };
    let before = server.start_thread_with(stubborn.clone()).await;
    assert_eq!(exposure(&mut server, Some(&before.id)).await, ToolExposure::Standalone);
    set_features(&mut server, &[("image_generation", false)]).await;
    expect_tools(&mut server, ToolExposure::None).await;
    let after = server.start_thread_with(stubborn).await;
    for thread in [&plain, &before, &after] {
        assert_eq!(exposure(&mut server, Some(&thread.id)).await, ToolExposure::None);
        crate::gates::assert_makes_no_image(&mut server, &thread.id).await;
    }
    set_features(&mut server, &[("image_generation", true)]).await;
    expect_tools(&mut server, ToolExposure::Standalone).await;
    assert_eq!(exposure(&mut server, Some(&plain.id)).await, ToolExposure::Standalone);
    server.close().await;
}

#[tokio::test]
async fn invalid_feature_switches_are_refused() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    for (params, message) in [
        (json!({}), "Invalid params: `enablement`: missing field"),
        (
            json!({"enablement": {"imagegenext": "on"}}),
            "Invalid params: `enablement.imagegenext`: invalid type: string, expected a boolean",
        ),
        (json!({"enablement": []}), "Invalid params: `enablement`: invalid type: array, expected an object"),
    ] {
        let error = error(&mut server, "experimentalFeature/enablement/set", params).await;
        assert_eq!((&error["code"], &error["message"]), (&json!(-32602), &json!(message)));
    }
    let required = server.request::<ConfigRequirementsRead>(&ConfigRequirementsReadParams::default()).await;
    assert_eq!(required.requirements, None);
    server.close().await;
}

#[tokio::test]
async fn kill_switch_does_not_wait_for_a_database_lock() {
    let sandbox = Sandbox::with_config("");
    let mut server = sandbox.start_server_with(STANDALONE).await;
    let lock = std::fs::File::create(sandbox.home().join("config.lock")).expect("a lock");
    lock.lock().expect("nobody has it");
    let write = server.client.send::<ConfigValueWrite>(&change("model", json!("a"))).await.expect("it is sent");
    let off = ExperimentalFeatureEnablementSetParams { enablement: [("image_generation".to_owned(), false)].into() };
    let request = server.client.send::<ExperimentalFeatureEnablementSet>(&off).await.expect("it is sent");
    // A response to the write would be an error here.
    server.client.receive::<ExperimentalFeatureEnablementSet>(request).await.expect("the switch is answered first");
    assert_announced_before_error(&mut server, write).await;
    drop(lock);
    write_value(&mut server, "model", json!("b")).await;
    assert_eq!(home_text(&sandbox), "model = \"b\"\n");
    assert_eq!(exposure(&mut server, None).await, ToolExposure::None);
    server.close().await;
}

/// The write fails with the lock's name, after the switch was announced.
async fn assert_announced_before_error(server: &mut Server, write: u64) {
    let refused = server.client.receive::<ConfigValueWrite>(write).await;
    let Err(easel_client::ClientError::Refused { message, .. }) = refused else { panic!("{refused:?}") };
    assert!(message.contains("config.lock") && message.starts_with("Nothing was written"), "{message}");
    expect_tools(server, ToolExposure::None).await;
}
