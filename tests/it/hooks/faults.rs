//! Hooks that hang, print without end, leave processes behind or do not exist. All of them deny the call.

use std::process::Stdio;
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use easel_protocol::configuration::ExperimentalFeatureEnablementSetParams;
use easel_protocol::item::ImageStatus;
use easel_protocol::method::ExperimentalFeatureEnablementSet;
use easel_testkit::http::MockServer;
use easel_testkit::image::{RED, solid_png};
use easel_testkit::openai;
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};

use super::{assert_denied, cat, draw, sandbox, start, start_with, with_script};
use crate::harness::events::{completed_image, completed_turn};
use crate::harness::{STANDALONE, Sandbox, text};

/// Long enough for any machine. The events that tests wait for happen at once.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A program that exits once no process has the home's pipe open for writing.
fn pipe_reader(sandbox: &Sandbox) -> Child {
    let pipe = sandbox.home().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs").success());
    Command::new("cat").arg(pipe).stdout(Stdio::piped()).kill_on_drop(true).spawn().expect("cat runs")
}

async fn assert_ends(mut reader: Child) {
    tokio::time::timeout(TIMEOUT, reader.wait()).await.expect("what the hook started has ended").expect("cat ends");
}

#[tokio::test]
async fn hook_that_hangs_is_ended_with_its_children() {
    let backend = cat();
    let sandbox = sandbox(&backend, "exec 9> pipe; sleep 600 & wait", "timeout = 1");
    let reader = pipe_reader(&sandbox);
    let mut server = start(&sandbox).await;
    let (image, _) = draw(&mut server).await;
    assert_denied(&image, &backend, &sandbox, "timed out after 1000 ms");
    assert_ends(reader).await;
    server.close().await;
}

#[tokio::test]
async fn children_of_a_hook_end_with_it() {
    let backend = cat();
    // The child also holds the pipes of the hook's output.
    let sandbox = sandbox(&backend, "exec 9> pipe; sleep 600 & exit 0", "");
    let reader = pipe_reader(&sandbox);
    let mut server = start(&sandbox).await;
    let (image, _) = draw(&mut server).await;
    assert_eq!(image.status, ImageStatus::Completed, "{:?}", image.error);
    assert_ends(reader).await;
    server.close().await;
}

#[tokio::test]
async fn process_that_leaves_the_group_does_not_delay_the_call() {
    let backend = cat();
    let sandbox = sandbox(
        &backend,
        "setsid sh -c 'echo $$ > daemon; exec sleep 600' & \n\
        while ! [ -s daemon ]; do :; done; exit 0",
        "",
    );
    let mut server = start(&sandbox).await;
    let (image, _) = draw(&mut server).await;
    assert_eq!(image.status, ImageStatus::Completed, "{:?}", image.error);
    server.close().await;
    let daemon = std::fs::read_to_string(sandbox.home().join("daemon")).expect("its process id");
    assert!(std::process::Command::new("kill").args(["-9", daemon.trim()]).status().expect("kill runs").success());
}

#[tokio::test]
async fn interrupt_ends_a_running_hook() {
    let backend = cat();
    let sandbox = sandbox(&backend, "exec 9> pipe; echo up >&9; sleep 600", "");
    let mut reader = pipe_reader(&sandbox);
    let mut server = start(&sandbox).await;
    let thread = server.start_thread().await;
    let turn = server.start_turn(&thread.id, vec![text("draw a cat")]).await;
    let mut word = [0; 3];
    reader.stdout.as_mut().expect("a pipe").read_exact(&mut word).await.expect("the hook runs");
    server.interrupt(&thread.id, &turn.id).await;
    server.events_until_turn_end().await;
    assert_ends(reader).await;
    assert!(backend.requests_to(super::IMAGES).is_empty());
    server.close().await;
}

#[tokio::test]
async fn end_of_the_server_ends_a_running_hook() {
    let backend = cat();
    let sandbox = sandbox(&backend, "exec 9> pipe; echo up >&9; sleep 600", "");
    let mut reader = pipe_reader(&sandbox);
    let mut server = start(&sandbox).await;
    let thread = server.start_thread().await;
    server.start_turn(&thread.id, vec![text("draw a cat")]).await;
    let mut word = [0; 3];
    reader.stdout.as_mut().expect("a pipe").read_exact(&mut word).await.expect("the hook runs");
    let (status, _) = server.client.close().await.expect("the server ends");
    assert_eq!(status.code(), Some(0));
    assert_ends(reader).await;
}

#[tokio::test]
async fn hook_that_cannot_be_started_denies() {
    for command in ["./missing-program", "easel-missing-program", "/etc/passwd"] {
        let backend = cat();
        let hooks = format!("[[hooks.pre_tool_use]]\ncommand = [\"{command}\"]\n");
        let sandbox = with_script(&backend, &hooks, "");
        let mut server = start(&sandbox).await;
        let (image, _) = draw(&mut server).await;
        assert_denied(&image, &backend, &sandbox, "the hook 1 of hooks.pre_tool_use cannot be started");
        server.close().await;
    }
}

#[tokio::test]
async fn decision_after_a_flood_on_stdout_denies() {
    let backend = cat();
    let sandbox = sandbox(&backend, "head -c 100000000 /dev/zero; echo; echo '{\"decision\": \"block\"}'", "");
    let mut server = start(&sandbox).await;
    let (image, _) = draw(&mut server).await;
    assert_denied(&image, &backend, &sandbox, "printed more than 64 KiB on stdout, so the call was not made");
    server.close().await;
}

#[tokio::test]
async fn flood_of_100_mb_on_stderr_is_dropped() {
    let backend = cat();
    let sandbox = sandbox(&backend, "head -c 100000000 /dev/zero >&2", "");
    let mut server = start(&sandbox).await;
    let (image, _) = draw(&mut server).await;
    assert_eq!(image.status, ImageStatus::Completed, "{:?}", image.error);
    server.close().await;
}

#[tokio::test]
async fn hook_that_cannot_be_read_denies_every_call() {
    for hooks in [
        "[[hooks.pre_tool_use]]\ncommand = \"./hook | tee log\"\n",
        "[[hooks.PreToolUse]]\n[[hooks.PreToolUse.hooks]]\ntype = \"prompt\"\nprompt = \"Is it good?\"\n",
    ] {
        let backend = cat();
        let sandbox = with_script(&backend, hooks, "exit 0");
        let mut server = start(&sandbox).await;
        let (image, _) = draw(&mut server).await;
        assert_denied(&image, &backend, &sandbox, "has an invalid configuration");
        server.close().await;
    }
}

#[tokio::test]
async fn failing_hook_after_calls_keeps_the_image() {
    let backend = cat();
    for script in ["sleep 600", "exit 3", "head -c 100000000 /dev/zero >&2; exit 1"] {
        let hooks = "[[hooks.post_tool_use]]\ncommand = [\"./hook\"]\ntimeout = 1\n";
        let sandbox = with_script(&backend, hooks, &format!("touch ran; {script}"));
        let mut server = start_with(&sandbox, STANDALONE).await;
        let (image, _) = draw(&mut server).await;
        assert_eq!((image.status, image.images.len()), (ImageStatus::Completed, 1), "{script}");
        assert!(sandbox.home().join("ran").exists(), "{script}");
        server.close().await;
    }
}

#[tokio::test]
async fn hook_after_hosted_image_does_not_delay_kill_switch() {
    let (report, is_gone) = sync_channel(1);
    let provider = MockServer::start(move |exchange| {
        exchange.read_body();
        let image = json!({ "type": "image_generation_call", "id": "ig_1", "status": "completed",
            "result": STANDARD.encode(solid_png(8, 8, RED)) });
        exchange.send(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n");
        exchange.send(&openai::event_stream(&[openai::item_done(&image)]));
        exchange.await_disconnect();
        report.send(()).expect("the test waits");
    });
    let hooks = "images.hosted = true\n[[hooks.post_tool_use]]\ncommand = [\"./hook\"]\ntimeout = 60\n";
    let sandbox = with_script(&provider, hooks, "echo up > started; read line < released");
    for pipe in ["started", "released"] {
        let pipe = sandbox.home().join(pipe);
        assert!(std::process::Command::new("mkfifo").arg(pipe).status().expect("mkfifo runs").success());
    }
    let mut server = start_with(&sandbox, &[]).await;
    let thread = server.start_thread().await;
    server.start_turn(&thread.id, vec![text("draw a cat")]).await;
    tokio::fs::read(sandbox.home().join("started")).await.expect("the hook runs");
    let enablement = [("image_generation".to_owned(), false)].into();
    server.request::<ExperimentalFeatureEnablementSet>(&ExperimentalFeatureEnablementSetParams { enablement }).await;
    is_gone.recv().expect("the connection is closed while the hook runs");
    tokio::fs::write(sandbox.home().join("released"), "").await.expect("the hook waits");
    let events = server.events_until_turn_end().await;
    let image = completed_image(&events);
    assert_eq!((image.status, image.images.len()), (ImageStatus::Completed, 1), "{:?}", image.error);
    let message = &completed_turn(&events).error.as_ref().expect("an error").message;
    assert!(message.starts_with("Image generation was turned off"), "{message}");
    let (status, _) = server.client.close().await.expect("the server ends");
    assert_eq!(status.code(), Some(0));
}
