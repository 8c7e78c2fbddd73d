//! The phases of a turn in the log.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use easel_testkit::http::{MockServer, Request, Response};
use easel_testkit::image::{RED, solid_png};
use serde_json::json;

use crate::harness::{STANDALONE, Sandbox, mock_provider_config};
use crate::wire::raw::RawServer;

const PROMPT: &str = "a canary on a rope";

/// The model calls the tool once, then ends the turn.
fn respond(sent: &Request) -> Response {
    if sent.path.ends_with("/generations") {
        return Response::json(200, &json!({ "data": [{ "b64_json": STANDARD.encode(solid_png(64, 64, RED)) }] }));
    }
    let body = sent.json();
    let newest = body["input"].as_array().and_then(|input| input.last()).expect("a conversation");
    if newest["type"] == "function_call_output" {
        return Response::message("Done.");
    }
    Response::image_calls(&[json!({ "prompt": PROMPT })])
}

/// Runs a turn with this filter of the log. Returns the lines of the log.
fn log_of_turn(filter: &str) -> Vec<String> {
    let backend = MockServer::respond(respond);
    let sandbox = Sandbox::with_config(&mock_provider_config(&backend, "openai"));
    let log = sandbox.root().join("log");
    let mut command = sandbox.server_command(STANDALONE).into_std();
    command.env("RUST_LOG", filter).stderr(std::fs::File::create(&log).expect("a file"));
    let mut server = RawServer::spawn(command);
    server.initialize();
    let thread_id = server.start_thread();
    let input = json!([{ "type": "text", "text": PROMPT }]);
    server.request("turn/start", &json!({ "threadId": thread_id, "input": input }));
    server.read_until("turn/completed");
    server.close();
    let log = std::fs::read_to_string(log).expect("a log");
    log.lines().map(str::to_owned).collect()
}

/// The names of the span that a line ends, from the outermost one, such as `turn/image_call/connect`.
fn path(line: &str) -> String {
    // The spans of the turn and of the image call are in the log at `info`, too.
    let (_, line) = line.split_once(" DEBUG ").or_else(|| line.split_once(" INFO ")).expect("the level");
    let (spans, times) = line.split_once(": easel::phases: close ").unwrap_or_else(|| panic!("{line}"));
    assert!(times.starts_with("time.busy=") && times.contains(" time.idle="), "{line}");
    let names = spans.split(':').map(|span| span.split('{').next().unwrap_or_default());
    names.collect::<Vec<_>>().join("/")
}

#[test]
fn log_has_the_phases_of_a_turn() {
    let log = log_of_turn("easel::phases=debug");
    let mut counts = BTreeMap::<String, usize>::new();
    for line in &log {
        assert!(!line.contains("canary"), "{line}");
        *counts.entry(path(line)).or_default() += 1;
    }
    let call = ["queue", "plan", "journal", "credential", "connect", "upload", "first_byte", "body", "sync", "record"];
    for phase in call.iter().filter(|phase| **phase != "plan") {
        assert_eq!(counts.get(&format!("turn/image_call/{phase}")), Some(&1), "{phase}: {counts:#?}");
    }
    for phase in ["credential", "connect", "upload", "first_byte", "body", "body/decode"] {
        assert_eq!(counts.get(&format!("turn/{phase}")), Some(&2), "{phase}: {counts:#?}");
    }
    for phase in ["image_call/plan", "image_call/body/decode", "queue", "plan", "history", "event"] {
        assert!(counts.contains_key(&format!("turn/{phase}")), "{phase}: {counts:#?}");
    }
    assert_eq!((counts.get("turn"), counts.get("turn/image_call")), (Some(&1), Some(&1)), "{counts:#?}");
    assert!(log.iter().all(|line| line.contains(" turn{thread_id=") && line.contains(" turn_id=")), "{log:#?}");
}

#[test]
fn phases_are_not_logged_by_default() {
    assert_eq!(log_of_turn("info").iter().filter(|line| line.contains("easel::phases")).count(), 0);
}
