//! A home on a full disk. An image that was paid for is not lost.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use easel_protocol::item::{ImageGenerationItem, ImageStatus};
use easel_protocol::record::{Billed, ImageErrorKind};
use easel_testkit::http::{Exchange, MockServer};
use easel_testkit::image::{RED, solid_png};
use easel_testkit::openai;
use serde_json::{Value, json};

use super::{provider_config, start_server_with_key};
use crate::harness::events::{completed_image, last_agent_message};
use crate::harness::read_file;
use crate::harness::{HOSTED, STANDALONE, Sandbox, text};
use crate::storage::list_recursively;

/// A sandbox whose home is a file system of 4 MiB.
struct SmallHome(Sandbox);

impl SmallHome {
    fn mount() -> Option<Self> {
        let sandbox = Sandbox::new();
        std::fs::create_dir(sandbox.home()).expect("a home");
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"]).arg(sandbox.home()).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(sandbox));
        }
        easel_testkit::skip("full-disk", "a small file system cannot be mounted");
        None
    }
}

impl Drop for SmallHome {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.home()).output();
    }
}

/// An image that does not fit into the home.
fn large_png() -> Vec<u8> {
    // Bytes after the end of a PNG make the file larger and change nothing else.
    [solid_png(16, 16, RED), vec![7; 5 << 20]].concat()
}

fn respond(exchange: &mut Exchange, tool: &[&str], events: Vec<Value>) {
    let image = BASE64.encode(large_png());
    if exchange.endpoint() != "responses" {
        let response = json!({"created": 1, "data": [{"b64_json": image}]}).to_string();
        return exchange.respond(200, "application/json", response.as_bytes());
    }
    let hosted = json!({"type": "image_generation_call", "id": "call_1", "status": "completed", "result": image});
    let image_events =
        if tool == HOSTED { vec![json!({"type": "response.output_item.done", "item": hosted})] } else { vec![] };
    exchange.respond_events(&[image_events, events, vec![openai::completed()]].concat());
}

async fn draw_on_full_disk(tool: &'static [&'static str]) -> Option<(SmallHome, ImageGenerationItem)> {
    let home = SmallHome::mount()?;
    let sandbox = &home.0;
    let provider = MockServer::start(move |exchange| {
        let has_output = String::from_utf8_lossy(&exchange.read_body()).contains("function_call_output");
        let calls = tool == STANDALONE && !has_output;
        let events = if calls { vec![calls_for_one()] } else { openai::message("1", "It is kept elsewhere.") };
        respond(exchange, tool, events);
    });
    std::fs::write(sandbox.home().join("config.toml"), provider_config(&provider.base_url()))
        .expect("a configuration file");
    let mut server = start_server_with_key(sandbox, tool).await;
    let thread = server.start_thread().await;
    let events = server.run_turn(&thread.id, vec![text("Draw a red square")]).await;
    assert_eq!(last_agent_message(&events), "It is kept elsewhere.", "the turn goes on");
    let item = completed_image(&events).clone();
    server.close().await;
    Some((home, item))
}

fn calls_for_one() -> Value {
    openai::image_call("1", &json!({"prompt": "a red square"}))
}

#[tokio::test]
async fn image_is_kept_elsewhere_when_the_disk_is_full() {
    for tool in [STANDALONE, HOSTED] {
        let Some((home, item)) = draw_on_full_disk(tool).await else { return };
        assert_eq!((item.status, item.result.as_str(), item.saved_path), (ImageStatus::Failed, "", None));
        let error = item.error.expect("an error");
        assert_eq!((error.kind, error.billed), (ImageErrorKind::Storage, Billed::Yes));
        let spare_file =
            list_recursively(&home.0.temp_dir()).into_iter().find(|path| path.is_file()).expect("the kept image");
        let name = spare_file.file_name().unwrap_or_default().to_string_lossy();
        assert!(name.starts_with("easel-call_1.") && name.ends_with(".png"), "{name}");
        assert!(
            error.message.ends_with(&format!("The finished image is kept at {spare_file:?}.")),
            "{}",
            error.message
        );
        assert!(error.message.contains("the disk is full"), "{}", error.message);
        assert_eq!(read_file(&spare_file), large_png());
        let folder = spare_file.parent().expect("a folder").to_owned();
        assert_eq!(folder.metadata().expect("the folder").permissions().mode() & 0o777, 0o700, "others cannot look");
        assert_eq!(list_recursively(&home.0.temp_dir()), [spare_file, folder]);
        assert!(
            list_recursively(&home.0.home().join("generated_images")).iter().all(|path| path.is_dir()),
            "nothing is half there"
        );
    }
}

#[tokio::test]
async fn read_only_home_is_refused_at_start() {
    let Some(SmallHome(sandbox)) = &SmallHome::mount() else { return };
    let home = sandbox.home();
    let remounted = Command::new("mount").args(["-o", "remount,ro"]).arg(&home).status().expect("mount");
    assert!(remounted.success());
    for arguments in [&["app-server"][..], &["mcp-server"], &["acp"], &["draw", "a red star"]] {
        let output = sandbox.run(arguments).await;
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), &b""[..]), "{arguments:?}: {stderr}");
        let expected = format!("easel: cannot write to the home folder {}: Read-only file system", home.display());
        assert!(stderr.contains(&expected) && stderr.contains("set EASEL_HOME"), "{arguments:?}: {stderr}");
    }
}
