//! A client that does not read.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::Sandbox;
use crate::wire::raw::RawServer;

/// The smallest outbox that the configuration takes.
const OUTBOX: usize = 1_048_576;

const TURNS: usize = 12;

/// Slow tests run where `RUN_SLOW_TESTS` is set, as in CI.
fn slow_tests_enabled() -> bool {
    #[expect(clippy::disallowed_methods, reason = "a switch of the test run, not of the program")]
    std::env::var_os("RUN_SLOW_TESTS").is_some()
}

#[test]
fn a_reader_that_stalls_during_twelve_turns_loses_nothing() {
    if !slow_tests_enabled() {
        println!("skipped: it stalls for 10 s; set RUN_SLOW_TESTS");
        return;
    }
    let sandbox = Sandbox::new();
    let small = format!("server.outbox_bytes={OUTBOX}");
    let inline =
        json!({ "clientInfo": { "name": "raw", "version": "1" }, "capabilities": { "imageResult": "inline" } });
    let mut server =
        RawServer::spawn(sandbox.server_command(&["-c", "model_provider=preview", "-c", &small]).into_std());
    server.request("initialize", &inline);
    let threads: Vec<String> = (0..TURNS).map(|_| server.start_thread()).collect();
    // The same turns for a reader that does not stall: what they tell, and what they cost.
    start_all(&mut server, &threads);
    let usual = read_all(&mut server, &threads);
    assert!(usual.bytes > 2 * OUTBOX, "the turns fill the outbox: {}", usual.bytes);
    // Drawing is what costs most, and how many draw at one moment is chance: what is held while nothing goes on is not.
    #[cfg(target_os = "linux")]
    let peak = server.memory_bytes("VmHWM");
    start_all(&mut server, &threads);
    std::thread::sleep(Duration::from_secs(10));
    #[cfg(target_os = "linux")]
    assert!(server.memory_bytes("VmRSS") < peak + 16 * 1_048_576, "{} over {peak}", server.memory_bytes("VmRSS"));
    let stalled = read_all(&mut server, &threads);
    assert_eq!(stalled.stories, usual.stories);
    assert_eq!(stalled.stories[0].iter().filter(|told| told.ends_with("imageGeneration")).count(), 2);
    server.assert_alive();
    server.close();
}

/// What a round of turns told: its bytes, and the events of every thread in their order.
struct Told {
    bytes: usize,
    stories: Vec<Vec<String>>,
}

fn start_all(server: &mut RawServer, threads: &[String]) {
    for thread_id in threads {
        server.send(&start(thread_id));
    }
}

fn read_all(server: &mut RawServer, threads: &[String]) -> Told {
    let mut round = Told { bytes: 0, stories: vec![Vec::new(); threads.len()] };
    let mut answers = 0;
    while round.stories.iter().any(|story| story.last().is_none_or(|last| last != "turn/completed")) {
        let message = server.read_json();
        round.bytes += message.to_string().len();
        let Some(method) = message["method"].as_str() else {
            answers += 1;
            continue;
        };
        let index = threads.iter().position(|thread_id| message["params"]["threadId"] == thread_id.as_str());
        round.stories[index.expect("an event of a thread")].push(told(method, &message));
    }
    assert_eq!(answers, threads.len());
    round
}

fn start(thread_id: &str) -> String {
    let input = json!([{ "type": "text", "text": "draw a lighthouse in a storm at night" }]);
    json!({ "id": thread_id, "method": "turn/start", "params": { "threadId": thread_id, "input": input } }).to_string()
}

fn told(method: &str, message: &Value) -> String {
    match message["params"]["item"]["type"].as_str() {
        Some(kind) => format!("{method} {kind}"),
        None => method.to_owned(),
    }
}

#[test]
fn a_client_that_never_reads_cannot_hold_up_the_end() {
    let sandbox = Sandbox::new();
    let mut server = RawServer::start(&sandbox, &["-c", "server.shutdown_grace_ms=200"]);
    // More than the pipe takes, less than the outbox.
    for id in 0..1_000 {
        server.send(&format!(r#"{{"id":{id},"method":"model/list"}}"#));
    }
    server.close_input();
    assert_eq!(server.wait_for_exit_code(), Some(0));
}

/// The reader of the input waits for room in the outbox, and sees the end all the same.
#[test]
fn the_end_of_input_ends_a_server_whose_outbox_is_full() {
    let sandbox = Sandbox::new();
    let small = format!("server.outbox_bytes={OUTBOX}");
    let mut server = RawServer::start(&sandbox, &["-c", "server.shutdown_grace_ms=200", "-c", &small]);
    let answer = server.round_trip(r#"{"id":0,"method":"config/read"}"#);
    // More than the outbox takes, asked for with less than the pipe takes.
    let asked = (OUTBOX + 200_000) / answer.len();
    assert!(asked * 45 < 60_000, "{asked}");
    for id in 1..=asked {
        server.send(&format!(r#"{{"id":{id},"method":"config/read"}}"#));
    }
    server.close_input();
    assert_eq!(server.wait_for_exit_code(), Some(0));
}
