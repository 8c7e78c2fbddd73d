//! The image tools that are offered, for every way to configure them.

use easel_protocol::configuration::ExperimentalFeatureListParams;
use easel_protocol::event::Event;
use easel_protocol::item::ThreadItem;
use easel_protocol::method::{ExperimentalFeatureList, ToolList};
use easel_protocol::thread::ThreadStartParams;
use easel_protocol::tool::{ToolExposure, ToolListParams, ToolListResponse};
use easel_protocol::turn::TurnStatus;
use serde_json::{Map, Value, json};

use crate::harness::events::{completed_image, completed_items, completed_turn, last_agent_message};
use crate::harness::{HOSTED, STANDALONE, Sandbox, Server, text};

/// The tools of the handshake and of `tool/list`, without a thread.
async fn offered_tools(server: &mut Server) -> (Vec<String>, ToolListResponse) {
    let tools = server.initialize(None).await.tools;
    (tools, server.request::<ToolList>(&ToolListParams::default()).await)
}

async fn exposure_of(server: &mut Server, thread_id: &str) -> ToolExposure {
    server.request::<ToolList>(&ToolListParams { thread_id: Some(thread_id.into()) }).await.exposure
}

fn overrides(config: Value) -> ThreadStartParams {
    let Value::Object(config) = config else { return ThreadStartParams::default() };
    ThreadStartParams { config: Some(config), ..ThreadStartParams::default() }
}

#[tokio::test]
async fn hosted_tool_is_the_default() {
    let sandbox = Sandbox::new();
    let mut server = Server::spawn(sandbox.server_command(HOSTED));
    let (tools, list) = offered_tools(&mut server).await;
    assert_eq!(tools, ["image_generation"]);
    insta::assert_json_snapshot!("tools_by_default", list, { ".data[].entry" => "[entry]" });
    server.close().await;
}

#[tokio::test]
async fn the_feature_replaces_the_hosted_tool_by_the_standalone_one() {
    let sandbox = Sandbox::new();
    let mut server = Server::spawn(sandbox.server_command(STANDALONE));
    let (tools, list) = offered_tools(&mut server).await;
    assert_eq!(tools, ["image_gen.imagegen"]);
    insta::assert_json_snapshot!("tools_with_imagegenext", list);
    server.close().await;
}

#[tokio::test]
async fn kill_switch_removes_both_tools_with_a_reason() {
    let sandbox = Sandbox::new();
    let mut server =
        Server::spawn(sandbox.server_command(&["--disable", "image_generation", "--enable", "imagegenext"]));
    let (tools, list) = offered_tools(&mut server).await;
    assert!(tools.is_empty());
    assert_eq!(list.exposure, ToolExposure::None);
    insta::assert_json_snapshot!("tools_with_the_kill_switch", list, { ".data[].entry" => "[entry]" });
    server.close().await;
}

#[tokio::test]
async fn every_config_layer_can_enable_the_standalone_tool() {
    let on = "[features]\nimagegenext = true\n";
    let (in_home, in_profile) =
        (Sandbox::with_config(on), Sandbox::with_config("[profiles.p.features]\nimagegenext = true\n"));
    let plain = Sandbox::new();
    let mut in_environment = plain.server_command(HOSTED);
    in_environment.env("EASEL__FEATURES__IMAGEGENEXT", "true");
    for (layer, command) in [
        ("config.toml", in_home.server_command(HOSTED)),
        ("profile", in_profile.server_command(&["--profile", "p"])),
        ("environment", in_environment),
        ("-c", plain.server_command(&["-c", "features.imagegenext=true"])),
        ("--config", plain.server_command(&["--config", "features={imagegenext=true}"])),
    ] {
        let mut server = Server::spawn(command);
        assert_eq!(offered_tools(&mut server).await.1.exposure, ToolExposure::Standalone, "{layer}");
        server.close().await;
    }
}

/// The kill switch in every layer, against `imagegenext` in the strongest layer.
#[tokio::test]
async fn every_config_layer_can_set_the_kill_switch() {
    let off = "[features]\nimage_generation = false\n";
    let in_home = Sandbox::with_config(off);
    let in_environment = Sandbox::new();
    let on_command_line = Sandbox::new();
    let by_key = Sandbox::new();
    let in_profile = Sandbox::with_config("[profiles.quiet.features]\nimage_generation = false\n");
    let with_variable = |sandbox: &Sandbox| {
        let mut command = sandbox.server_command(STANDALONE);
        command.env("EASEL__FEATURES__IMAGE_GENERATION", "false");
        command
    };
    let standalone = |more: &[&'static str]| [STANDALONE, more].concat();
    for (layer, command) in [
        ("config.toml", in_home.server_command(STANDALONE)),
        ("environment", with_variable(&in_environment)),
        ("--disable", on_command_line.server_command(&standalone(&["--disable", "image_generation"]))),
        ("-c", by_key.server_command(&standalone(&["-c", "features.image_generation=false"]))),
        ("profile", in_profile.server_command(&standalone(&["--profile", "quiet"]))),
    ] {
        let mut server = Server::spawn(command);
        let (tools, list) = offered_tools(&mut server).await;
        assert_eq!((tools.len(), list.exposure), (0, ToolExposure::None), "{layer}");
        let thread = server.start_thread_with(overrides(json!({ "features.imagegenext": true }))).await;
        assert_eq!(exposure_of(&mut server, &thread.id).await, ToolExposure::None, "{layer}");
        assert_makes_no_image(&mut server, &thread.id).await;
        server.close().await;
    }
}

#[tokio::test]
async fn project_can_disable_images_but_not_enable_them() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.project().join(".easel")).expect("a folder");
    sandbox.write_file(".easel/config.toml", b"[features]\nimage_generation = false\n");
    let mut server = sandbox.start_server().await;
    let list = server.request::<ToolList>(&ToolListParams::default()).await;
    assert_eq!(list.exposure, ToolExposure::Standalone, "the defaults know no project");
    let thread = server.start_thread().await;
    assert_eq!(exposure_of(&mut server, &thread.id).await, ToolExposure::None);
    assert_makes_no_image(&mut server, &thread.id).await;
    server.close().await;

    sandbox.write_file(".easel/config.toml", b"[features]\nimage_generation = true\n");
    let mut server = sandbox.start_server_with(&["--disable", "image_generation"]).await;
    let thread = server.start_thread().await;
    assert_eq!(exposure_of(&mut server, &thread.id).await, ToolExposure::None);
    server.close().await;
}

#[tokio::test]
async fn thread_overrides_apply_to_one_thread() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server_with(HOSTED).await;
    let off = server.start_thread_with(overrides(json!({ "features.image_generation": false }))).await;
    let nested = server.start_thread_with(overrides(json!({ "features": { "image_generation": false } }))).await;
    let standalone = server.start_thread_with(overrides(json!({ "features.imagegenext": true }))).await;
    let plain = server.start_thread_with(overrides(Value::Object(Map::new()))).await;
    for (thread, wanted) in [
        (&off, ToolExposure::None),
        (&nested, ToolExposure::None),
        (&standalone, ToolExposure::Standalone),
        (&plain, ToolExposure::Hosted),
    ] {
        assert_eq!(exposure_of(&mut server, &thread.id).await, wanted);
    }
    assert_makes_no_image(&mut server, &off.id).await;
    server.close().await;

    // The overrides stay with the thread in another process.
    let mut server = sandbox.start_server_with(HOSTED).await;
    for (thread, wanted) in [(&off, ToolExposure::None), (&standalone, ToolExposure::Standalone)] {
        let params = crate::threads::resume_params(&thread.id);
        server.request::<easel_protocol::method::ThreadResume>(&params).await;
        assert_eq!(exposure_of(&mut server, &thread.id).await, wanted);
    }
    server.close().await;
}

#[tokio::test]
async fn tool_list_of_an_unknown_thread_is_refused() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let params = ToolListParams { thread_id: Some("nowhere".into()) };
    assert_eq!(server.request_error::<ToolList>(&params).await, "-32600 thread nowhere not found");
    server.close().await;
}

#[tokio::test]
async fn the_features_are_listed_as_they_are() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let list = server.request::<ExperimentalFeatureList>(&ExperimentalFeatureListParams::default()).await;
    let states: Vec<_> = list.data.iter().map(|f| (f.name.as_str(), f.enabled, f.default_enabled)).collect();
    assert_eq!(states, [("image_generation", true, true), ("imagegenext", true, false)]);
    server.close().await;
}

/// A turn that asks for an image must complete without one and say so.
pub(crate) async fn assert_makes_no_image(server: &mut Server, thread_id: &str) {
    let events = server.run_turn(thread_id, vec![text("draw a red square")]).await;
    assert_eq!(completed_turn(&events).status, TurnStatus::Completed);
    let has_image = completed_items(&events).into_iter().any(|item| matches!(item, ThreadItem::ImageGeneration(_)));
    assert!(!has_image, "{events:#?}");
    let errors = events.iter().any(|event| matches!(event, Event::Error(_)));
    assert!(!errors, "{events:#?}");
    let message = last_agent_message(&events);
    assert!(
        message.starts_with("I made no picture, because no image tool is offered to me in this turn."),
        "{message}"
    );
}

#[tokio::test]
async fn image_limit_of_a_turn_ends_as_a_failed_item() {
    let sandbox = Sandbox::with_config("[limits]\nimages_per_turn = 0\n");
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("draw a red square")]).await;
    let error = completed_image(&events).error.clone().expect("an error");
    assert_eq!(error.kind, easel_protocol::record::ImageErrorKind::BudgetExceeded);
    assert_eq!(completed_turn(&events).status, TurnStatus::Completed);
    server.close().await;
}
