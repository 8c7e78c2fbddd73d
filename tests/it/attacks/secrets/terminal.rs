//! Escape sequences in texts of models and providers do not reach the terminal.

use easel_testkit::http::{MockServer, Request, Response};
use serde_json::{Value, json};

use crate::harness::Sandbox;
use crate::harness::mock_provider_config;

/// Writes to the clipboard, clears the screen with a C1 character, and reverses the text direction.
const HOSTILE: &str = "\u{1b}]52;c;ZXZpbA==\u{7}\u{9b}2J\u{202e}easel: all is well\u{7f}";

/// Whether the output has no character that a terminal interprets.
fn is_plain(output: &[u8]) -> bool {
    let text = std::str::from_utf8(output).expect("text");
    text.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}')
}

#[tokio::test]
async fn model_text_is_printed_without_escape_sequences() {
    let backend = MockServer::respond(|_: &Request| Response::message(HOSTILE));
    let sandbox = Sandbox::with_config(&mock_provider_config(&backend, "generic"));
    let output = sandbox.run(&["demo", "--provider", "mock"]).await;
    assert!(is_plain(&output.stdout) && is_plain(&output.stderr), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("easel: all is well"), "{output:?}");
}

#[tokio::test]
async fn demo_json_is_printed_without_escape_sequences() {
    let backend = MockServer::respond(|_: &Request| Response::message(HOSTILE));
    let sandbox = Sandbox::with_config(&mock_provider_config(&backend, "generic"));
    let output = sandbox.run(&["demo", "--provider", "mock", "--json"]).await;
    assert!(is_plain(&output.stdout), "{output:?}");
    let stdout = String::from_utf8(output.stdout).expect("text");
    let mut lines = stdout.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    assert!(lines.any(|line| line["message"]["params"]["item"]["text"] == HOSTILE), "{stdout}");
}

#[tokio::test]
async fn provider_errors_are_printed_without_escape_sequences() {
    let backend = MockServer::respond(|_: &Request| Response::json(400, &json!({ "error": { "message": HOSTILE } })));
    let sandbox = Sandbox::with_config(&mock_provider_config(&backend, "generic"));
    let output = sandbox.run(&["demo", "--provider", "mock"]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(is_plain(&output.stdout) && is_plain(&output.stderr), "{output:?}");
}

#[tokio::test]
async fn hostile_config_keys_are_printed_without_escape_sequences() {
    let sandbox = Sandbox::with_config("\"a\\u001b]52;c;ZXZpbA==\\u0007\" = 1\n\"\\u202eb\" = 2\n");
    let output = sandbox.run(&["features", "list"]).await;
    assert!(output.stderr.len() > 20 && is_plain(&output.stderr), "{output:?}");
    let wrong = sandbox.run(&["demo", "--provider", HOSTILE]).await;
    assert!(!wrong.stderr.is_empty() && is_plain(&wrong.stderr), "{wrong:?}");
}
