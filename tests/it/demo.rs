//! Commands other than the server.

use std::process::Stdio;

use easel_protocol::event::Event;
use easel_testkit::image::DecodedPng;
use serde_json::Value;

use crate::harness::Sandbox;
use crate::harness::read_file;
use crate::http::backend::Backend;
use crate::http::provider_config;
use crate::storage::list_recursively;

fn stdout(output: &std::process::Output) -> String {
    let (output_text, error_text) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{output_text}{error_text}");
    output_text.into_owned()
}

fn count_images(sandbox: &Sandbox) -> usize {
    let files = list_recursively(&sandbox.home().join("generated_images")).into_iter().filter(|path| path.is_file());
    files.inspect(|path| drop(DecodedPng::decode(&read_file(path)))).count()
}

#[tokio::test]
async fn demo_leaves_two_images() {
    let sandbox = Sandbox::new();
    let output_text = stdout(&sandbox.run(&["demo"]).await);
    assert_eq!(count_images(&sandbox), 2);
    let named = output_text.lines().filter(|line| line.trim().ends_with(".png")).collect::<Vec<_>>();
    assert_eq!(named.len(), 2, "{output_text}");
    assert!(named.iter().all(|line| std::path::Path::new(line.trim()).exists()), "{output_text}");
    assert!(
        output_text.contains("image_gen.imagegen") && output_text.contains("reads the thread back"),
        "{output_text}"
    );
}

#[tokio::test]
async fn demo_prints_raw_messages_as_json() {
    let sandbox = Sandbox::new();
    let output_text = stdout(&sandbox.run(&["demo", "--json"]).await);
    assert_eq!(count_images(&sandbox), 2);
    let mut events = 0;
    for line in output_text.lines() {
        let mut line: Value = serde_json::from_str(line).expect("JSON");
        let (direction, message) = (line["direction"].take(), line["message"].take());
        assert!(direction == "received" || direction == "sent" && message["method"].is_string(), "{message}");
        if direction == "received" && message["method"].is_string() {
            serde_json::from_value::<Event>(message).expect("a known event");
            events += 1;
        }
    }
    assert!(events > 20, "{events}");
}

/// A provider whose port is closed.
const AWAY: &str = "[model_providers.away]\nname = \"Away\"\nbase_url = \"http://127.0.0.1:1/v1\"\n";

/// Runs a command and returns its exit code, stdout and stderr.
async fn run(sandbox: &Sandbox, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = sandbox.run(arguments).await;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[tokio::test]
async fn demo_shows_the_cost_before_drawing() {
    let Some(backend) = Backend::start().await else { return };
    let sandbox = Sandbox::with_config(&provider_config(&backend.base_url()));
    let mut program = sandbox.command(&["demo", "--provider", "mock"]);
    let output_text = stdout(&program.env("MOCK_KEY", "sk-mock").output().await.expect("the program starts"));
    assert!(output_text.starts_with("This makes two images, which mock may bill.\n"), "{output_text}");
    assert_eq!(backend.posts(), ["/v1/images/generations 200", "/v1/images/edits 200"]);
    assert_eq!(count_images(&sandbox), 2);
    let named: Vec<&str> = output_text.lines().filter(|line| line.trim().ends_with(".png")).collect();
    assert!(named.len() == 2 && named.iter().all(|line| std::path::Path::new(line.trim()).exists()), "{output_text}");
}

#[tokio::test]
async fn demo_stops_at_the_first_failed_image() {
    let Some(backend) = Backend::start().await else { return };
    backend.configure(r#"{"image_mode": "400"}"#);
    let sandbox = Sandbox::with_config(&provider_config(&backend.base_url()));
    let mut program = sandbox.command(&["demo", "--provider", "mock"]);
    let output = program.env("MOCK_KEY", "sk-mock").output().await.expect("the program starts");
    let output_text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{output_text}");
    assert!(
        output_text.contains("easel: the image failed: moderationBlocked: ") && output_text.contains("(billed: no)"),
        "{output_text}"
    );
    assert_eq!(backend.posts().len(), 1, "nothing is edited where nothing was drawn");
}

#[tokio::test]
async fn demo_fails_with_the_error_of_an_unreachable_provider() {
    let (code, _, output_text) = run(&Sandbox::with_config(AWAY), &["demo", "--provider", "away"]).await;
    assert_eq!(code, Some(1), "{output_text}");
    assert!(
        output_text.contains("provider `away` at ") && output_text.contains(" cannot be reached: "),
        "{output_text}"
    );
}

#[tokio::test]
async fn demo_with_unknown_provider_lists_the_known_ones() {
    let (code, out, output_text) = run(&Sandbox::with_config(AWAY), &["demo", "--provider", "studio"]).await;
    assert_eq!((code, out.as_str()), (Some(2), ""));
    assert_eq!(output_text, "easel: provider `studio` does not exist; choose one of: away, openai, preview\n");
}

#[tokio::test]
async fn demo_on_the_preview_mentions_no_cost() {
    let sandbox = Sandbox::with_config(AWAY);
    let output_text = stdout(&sandbox.run(&["demo", "--provider", "preview"]).await);
    assert!(!output_text.contains("bill"), "{output_text}");
    assert_eq!(count_images(&sandbox), 2);
}

#[tokio::test]
async fn demo_honours_options_before_and_after_its_name() {
    let sandbox = Sandbox::with_config(AWAY);
    for arguments in [&["-c", "model_provider=studio", "demo"][..], &["demo", "-c", "model_provider=studio"]] {
        let (code, _, output_text) = run(&sandbox, arguments).await;
        assert_eq!(code, Some(2), "{output_text}");
        assert!(output_text.contains("provider `studio` does not exist"), "{output_text}");
    }
    let (code, _, output_text) = run(&sandbox, &["--disable", "image_generation", "demo"]).await;
    assert_eq!((code, output_text.as_str()), (Some(1), "easel: the turn completed without an image\n"));
}

#[tokio::test]
async fn demo_checks_the_key_before_it_starts() {
    let (code, out, output_text) = run(&Sandbox::new(), &["demo", "--provider", "openai"]).await;
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(output_text.starts_with("easel: no API key; "), "{output_text}");
}

#[tokio::test]
async fn demo_shows_why_the_server_does_not_start() {
    let sandbox = Sandbox::new();
    std::fs::write(sandbox.home(), "").expect("a file in place of the home");
    for _ in 0..5 {
        let (code, _, output_text) = run(&sandbox, &["demo"]).await;
        assert_eq!(code, Some(1));
        assert!(output_text.contains("cannot create the home folder"), "{output_text}");
    }
}

#[tokio::test]
async fn command_whose_reader_goes_away_exits_quietly() {
    let sandbox = Sandbox::new();
    let mut program = sandbox.command(&["demo"]);
    let mut program = program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    drop(program.stdout.take());
    let output = program.wait_with_output().await.expect("the program ends");
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}

#[tokio::test]
async fn options_are_refused_by_commands_without_configuration() {
    let (code, _, output_text) = run(&Sandbox::new(), &["--enable", "imagegenext", "usage"]).await;
    assert_eq!(code, Some(2));
    assert!(output_text.contains("reads no configuration"), "{output_text}");
}

#[tokio::test]
async fn the_features_are_listed_with_stage_and_state() {
    let sandbox = Sandbox::with_config("[features]\nimagegenext = true\n");
    let output_text = stdout(&sandbox.run(&["features", "list", "--disable", "image_generation"]).await);
    insta::assert_snapshot!(output_text, @r"
    image_generation   stable             off  Kill switch: turns off all image tools, for every client.
    imagegenext        under development  on   Offer the standalone tool image_gen.imagegen to the model.
    ");
}

#[tokio::test]
async fn invalid_config_fails_the_command_with_its_line() {
    let sandbox = Sandbox::with_config("\n[features]\nteleport = true\n");
    let output = sandbox.run(&["features", "list"]).await;
    assert_eq!(output.status.code(), Some(1));
    let output_text = String::from_utf8_lossy(&output.stderr);
    assert!(output_text.contains("config.toml:3: Unknown feature `teleport`"), "{output_text}");
}

#[tokio::test]
async fn wrong_usage_exits_with_2_and_says_nothing_on_stdout() {
    let sandbox = Sandbox::new();
    for arguments in
        [["paint"].as_slice(), &["app-server", "--listen", "ws://0.0.0.0:1"], &["app-server", "--teleport"]]
    {
        let output = sandbox.run(arguments).await;
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{arguments:?}");
        assert!(!output.stderr.is_empty());
    }
}

#[tokio::test]
async fn the_generators_write_what_is_committed() {
    let committed = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../schema"));
    let sandbox = Sandbox::new();
    let out = sandbox.root().join("out");
    let folder = out.display().to_string();
    for generator in ["generate-json-schema", "generate-ts"] {
        stdout(&sandbox.run(&["app-server", generator, "--out", &folder]).await);
    }
    let mut files = list_recursively(&out);
    files.sort();
    let names: Vec<_> = files.iter().filter_map(|path| path.file_name()).collect();
    assert_eq!(names, ["easel_app_server.schemas.json", "easel_app_server.ts"]);
    for name in names {
        assert!(read_file(out.join(name)) == read_file(committed.join(name)), "{}: run `just schema`", name.display());
    }
}
