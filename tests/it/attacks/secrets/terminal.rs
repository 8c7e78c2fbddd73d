//! Terminal sequences in what models and providers say, on the way to a person's terminal.

use easel_testkit::http::{MockServer, Request, Response};
use serde_json::{Value, json};

use crate::harness::Sandbox;
use crate::harness::mock_provider_config;

/// Writes to the clipboard, clears the screen by a C1 character, and turns text around.
const HOSTILE: &str = "\u{1b}]52;c;ZXZpbA==\u{7}\u{9b}2J\u{202e}easel: all is well\u{7f}";

/// Whether a terminal would obey anything of it.
fn is_plain(output: &[u8]) -> bool {
    let text = std::str::from_utf8(output).expect("text");
    text.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}')
}

#[tokio::test]
async fn words_of_a_model_reach_the_terminal_without_sequences() {
    let backend = MockServer::respond(|_: &Request| Response::message(HOSTILE));
    let sandbox = Sandbox::with_config(&mock_provider_config(&backend, "generic"));
    let output = sandbox.run(&["demo", "--provider", "mock"]).await;
    assert!(is_plain(&output.stdout) && is_plain(&output.stderr), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("easel: all is well"), "{output:?}");
}

#[tokio::test]
async fn lines_of_the_demo_are_the_same_json_without_sequences() {
    let backend = MockServer::respond(|_: &Request| Response::message(HOSTILE));
    let sandbox = Sandbox::with_config(&mock_provider_config(&backend, "generic"));
    let output = sandbox.run(&["demo", "--provider", "mock", "--json"]).await;
    assert!(is_plain(&output.stdout), "{output:?}");
    let stdout = String::from_utf8(output.stdout).expect("text");
    let lines = stdout.lines().filter_map(|line| serde_json::from_str::<Value>(line.split_once(' ')?.1).ok());
    assert!(lines.into_iter().any(|line| line["params"]["item"]["text"] == HOSTILE), "{stdout}");
}

#[tokio::test]
async fn refusal_of_a_provider_reaches_the_terminal_without_sequences() {
    let backend = MockServer::respond(|_: &Request| Response::json(400, &json!({ "error": { "message": HOSTILE } })));
    let sandbox = Sandbox::with_config(&mock_provider_config(&backend, "generic"));
    let output = sandbox.run(&["demo", "--provider", "mock"]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(is_plain(&output.stdout) && is_plain(&output.stderr), "{output:?}");
}

#[tokio::test]
async fn hostile_keys_of_a_configuration_reach_the_terminal_without_sequences() {
    let sandbox = Sandbox::with_config("\"a\\u001b]52;c;ZXZpbA==\\u0007\" = 1\n\"\\u202eb\" = 2\n");
    let output = sandbox.run(&["features", "list"]).await;
    assert!(output.stderr.len() > 20 && is_plain(&output.stderr), "{output:?}");
    let wrong = sandbox.run(&["demo", "--provider", HOSTILE]).await;
    assert!(!wrong.stderr.is_empty() && is_plain(&wrong.stderr), "{wrong:?}");
}
