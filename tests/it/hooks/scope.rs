//! Which hooks run, and who may set them.

use easel_protocol::configuration::{ConfigValueWriteParams, MergeStrategy};
use easel_protocol::event::Event;
use easel_protocol::item::ImageStatus;
use easel_protocol::method::{ConfigValueWrite, ToolList};
use easel_protocol::record::ImageErrorKind;
use easel_protocol::thread::ThreadStartParams;
use easel_protocol::tool::{HeldBackReason, ToolExposure, ToolListParams};
use serde_json::json;

use super::{assert_denied, cat, draw, start, start_with, with_script};
use crate::harness::events::{completed_image, warnings};
use crate::harness::{HOSTED, Sandbox, text};

const DENYING: &str = "[[hooks.pre_tool_use]]\ncommand = [\"./hook\"]\n";

#[tokio::test]
async fn hook_for_another_tool_does_not_run() {
    let backend = cat();
    let codex = "[[hooks.PreToolUse]]\nmatcher = \"Bash|Edit\"\n[[hooks.PreToolUse.hooks]]\ntype = \"command\"\n\
                 command = \"./hook\"\n";
    let sandbox = with_script(&backend, codex, "exit 1");
    let mut server = start(&sandbox).await;
    let (image, _) = draw(&mut server).await;
    assert_eq!(image.status, ImageStatus::Completed, "{:?}", image.error);
    server.close().await;

    // In Easel's own spelling there is no other tool, so such a matcher is a mistake.
    let sandbox = with_script(&backend, &format!("{DENYING}matcher = \"imagegn\"\n"), "exit 0");
    let mut server = start(&sandbox).await;
    let (image, _) = draw(&mut server).await;
    assert_eq!(image.error.expect("an error").kind, ImageErrorKind::HookDenied);
    server.close().await;
}

#[tokio::test]
async fn neither_project_nor_thread_can_set_or_remove_hooks() {
    let backend = cat();
    let sandbox = with_script(&backend, DENYING, "touch ran; exit 1");
    let config = std::fs::read_to_string(sandbox.home().join("config.toml")).expect("the configuration");
    let trust = format!("[projects.'{}']\ntrust_level = \"trusted\"\n", sandbox.project().display());
    for config in [config.clone(), format!("{config}{trust}")] {
        std::fs::write(sandbox.home().join("config.toml"), config).expect("a configuration");
        std::fs::create_dir_all(sandbox.project().join(".easel")).expect("a folder");
        let evil = "[hooks]\npre_tool_use = []\n[[hooks.post_tool_use]]\ncommand = ['touch', 'evil']\n";
        std::fs::write(sandbox.project().join(".easel/config.toml"), evil).expect("a file of the project");
        let mut server = start(&sandbox).await;
        let overrides = json!({
            "hooks.pre_tool_use": [], "hooks.post_tool_use": [{ "command": ["touch", "evil"] }], "hooks.PreToolUse": [],
        });
        let overrides = serde_json::from_value(overrides).expect("an object");
        let params = ThreadStartParams { config: Some(overrides), ..ThreadStartParams::default() };
        let thread = server.start_thread_with(params).await;
        let events = server.run_turn(&thread.id, vec![text("draw a cat")]).await;
        let image = completed_image(&events);
        assert_denied(image, &backend, &sandbox, "exited with code 1");
        assert!(sandbox.home().join("ran").exists());
        server.close().await;
    }
    for folder in [sandbox.home(), sandbox.project()] {
        assert!(!folder.join("evil").exists());
    }
}

#[tokio::test]
async fn hosted_tool_is_not_offered_with_a_hook_before_calls() {
    let sandbox = Sandbox::with_config(DENYING);
    let mut server = start_with(&sandbox, HOSTED).await;
    let list = server.request::<ToolList>(&ToolListParams::default()).await;
    assert_eq!(list.exposure, ToolExposure::None);
    let reasons: Vec<HeldBackReason> = list.data[1].reasons.iter().map(|held_back| held_back.reason).collect();
    assert_eq!(reasons, [HeldBackReason::HookConfigured]);
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("draw a cat")]).await;
    assert!(matches!(&warnings(&events)[..], [warning] if warning.contains("A hook runs before each image call")));
    server.close().await;

    let sandbox = Sandbox::with_config("[[hooks.post_tool_use]]\ncommand = [\"touch\", \"ran\"]\n");
    let mut server = start_with(&sandbox, HOSTED).await;
    let list = server.request::<ToolList>(&ToolListParams::default()).await;
    assert_eq!(list.exposure, ToolExposure::Hosted);
    let (image, _) = draw(&mut server).await;
    assert_eq!(image.status, ImageStatus::Completed, "{:?}", image.error);
    assert!(sandbox.home().join("ran").exists(), "a hook after calls runs for hosted images");
    server.close().await;
}

#[tokio::test]
async fn hook_that_a_client_writes_applies_to_the_next_turn() {
    let backend = cat();
    let sandbox = with_script(&backend, "", "echo 'not any more' >&2; exit 1");
    let mut server = start(&sandbox).await;
    let thread = server.start_thread().await;
    let params = ConfigValueWriteParams {
        key_path: "hooks.pre_tool_use".to_owned(),
        value: json!([{ "command": ["./hook"], "timeout": 30 }]),
        merge_strategy: MergeStrategy::Replace,
        file_path: None,
        expected_version: None,
    };
    server.request::<ConfigValueWrite>(&params).await;
    let events = server.run_turn(&thread.id, vec![text("draw a cat")]).await;
    let events: Vec<Event> = events.into_iter().filter(|event| !matches!(event, Event::ToolListUpdated(_))).collect();
    assert_denied(completed_image(&events), &backend, &sandbox, "not any more");
    server.close().await;
}
