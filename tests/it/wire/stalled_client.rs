//! A client that does not read.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Sandbox, env_setting};
use crate::wire::raw::{NO_WARNINGS, RawServer};

/// The smallest outbox that the configuration allows, in bytes.
const OUTBOX: usize = 1_048_576;

const TURNS: usize = 12;

/// Longer than the 5 s after which a server drops one of several clients. The only client is never dropped.
const STALL: Duration = Duration::from_secs(6);

#[test]
fn stalled_reader_loses_no_message() {
    if env_setting("RUN_SLOW_TESTS").is_none() {
        return easel_testkit::skip("slow", "it stalls for 6 s; set RUN_SLOW_TESTS");
    }
    let sandbox = Sandbox::new();
    let small = format!("server.outbox_bytes={OUTBOX}");
    let inline =
        json!({ "clientInfo": { "name": "raw", "version": "1" }, "capabilities": { "imageResult": "inline" } });
    let mut server = RawServer::spawn(sandbox.measured_server_command(&["-c", NO_WARNINGS, "-c", &small]).into_std());
    server.request("initialize", &inline);
    let threads: Vec<String> = (0..TURNS).map(|_| server.start_thread()).collect();
    // The same turns with a reader that does not stall, for comparison.
    start_turns(&mut server, &threads);
    let normal = read_turns(&mut server, &threads);
    assert!(normal.bytes > 2 * OUTBOX, "the turns fill the outbox: {}", normal.bytes);
    // The peak of the first round includes drawing, and so depends on how many turns draw at once. During the stall
    // nothing draws, and memory is what the server holds for the reader.
    #[cfg(target_os = "linux")]
    let peak = server.memory_bytes("VmHWM");
    start_turns(&mut server, &threads);
    std::thread::sleep(STALL);
    #[cfg(target_os = "linux")]
    assert!(server.memory_bytes("VmRSS") < peak + 16 * 1_048_576, "{} over {peak}", server.memory_bytes("VmRSS"));
    let stalled = read_turns(&mut server, &threads);
    assert_eq!(stalled.events, normal.events);
    assert_eq!(
        stalled.events[0].iter().filter(|describe_event| describe_event.ends_with("imageGeneration")).count(),
        2
    );
    server.assert_alive();
    server.close();
}

/// A list of turns takes all the memory for responses. It must not hold it while it waits for the thread, in which
/// another request waits for a turn that needs memory for its image.
#[test]
fn stalled_lists_of_turns_do_not_block_their_thread() {
    if env_setting("RUN_SLOW_TESTS").is_none() {
        return easel_testkit::skip("slow", "it stalls for 6 s; set RUN_SLOW_TESTS");
    }
    let sandbox = Sandbox::new();
    let inline =
        json!({ "clientInfo": { "name": "raw", "version": "1" }, "capabilities": { "imageResult": "inline" } });
    let mut server = RawServer::spawn(sandbox.server_command(&["-c", NO_WARNINGS]).into_std());
    server.request("initialize", &inline);
    let (other, thread) = (server.start_thread(), server.start_thread());
    for id in 0..800 {
        server.send(&format!(r#"{{"id":{id},"method":"model/list"}}"#));
    }
    for thread_id in [&other, &thread] {
        let list = json!({ "id": format!("list {thread_id}"), "method": "thread/turns/list", "params": { "threadId": thread_id } });
        server.send(&list.to_string());
    }
    server.send(&turn_start_request(&thread));
    std::thread::sleep(STALL);
    let delete = json!({ "id": "delete", "method": "thread/delete", "params": { "threadId": thread } });
    server.send(&delete.to_string());
    let mut responses = 0;
    while responses < 800 + 4 {
        let message = server.read_json();
        // The list lost its place in the thread's queue, so the thread is deleted before it.
        assert!(message["error"].is_null() || message["id"] == format!("list {thread}"), "{message}");
        responses += usize::from(message["method"].is_null());
    }
    server.close();
}

/// The output of one round of turns: its size in bytes, and the events of each thread in order.
struct Round {
    bytes: usize,
    events: Vec<Vec<String>>,
}

fn start_turns(server: &mut RawServer, threads: &[String]) {
    for thread_id in threads {
        server.send(&turn_start_request(thread_id));
    }
}

fn read_turns(server: &mut RawServer, threads: &[String]) -> Round {
    let mut round = Round { bytes: 0, events: vec![Vec::new(); threads.len()] };
    let mut responses = 0;
    while round.events.iter().any(|events| events.last().is_none_or(|last| last != "turn/completed")) {
        let message = server.read_json();
        round.bytes += message.to_string().len();
        let Some(method) = message["method"].as_str() else {
            responses += 1;
            continue;
        };
        let index = threads.iter().position(|thread_id| message["params"]["threadId"] == thread_id.as_str());
        round.events[index.expect("an event of a thread")].push(describe_event(method, &message));
    }
    assert_eq!(responses, threads.len());
    round
}

fn turn_start_request(thread_id: &str) -> String {
    let input = json!([{ "type": "text", "text": "draw a lighthouse in a storm at night" }]);
    json!({ "id": thread_id, "method": "turn/start", "params": { "threadId": thread_id, "input": input } }).to_string()
}

fn describe_event(method: &str, message: &Value) -> String {
    match message["params"]["item"]["type"].as_str() {
        Some(kind) => format!("{method} {kind}"),
        None => method.to_owned(),
    }
}

#[test]
fn client_that_never_reads_does_not_block_the_exit() {
    let sandbox = Sandbox::new();
    let mut server = RawServer::start(&sandbox, &["-c", "server.shutdown_grace_ms=200"]);
    // More than the pipe holds and less than the outbox.
    for id in 0..1_000 {
        server.send(&format!(r#"{{"id":{id},"method":"model/list"}}"#));
    }
    server.close_input();
    assert_eq!(server.wait_for_exit_code(), Some(0));
}

/// The reader of stdin waits for room in the outbox and must still notice the end of input.
#[test]
fn full_outbox_does_not_block_the_exit() {
    let sandbox = Sandbox::new();
    let small = format!("server.outbox_bytes={OUTBOX}");
    let mut server = RawServer::start(&sandbox, &["-c", "server.shutdown_grace_ms=200", "-c", &small]);
    let response = server.round_trip(r#"{"id":0,"method":"config/read"}"#);
    // The responses exceed the outbox, and the requests fit into the pipe.
    let request_count = (OUTBOX + 200_000) / response.len();
    assert!(request_count * 45 < 60_000, "{request_count}");
    for id in 1..=request_count {
        server.send(&format!(r#"{{"id":{id},"method":"config/read"}}"#));
    }
    server.close_input();
    assert_eq!(server.wait_for_exit_code(), Some(0));
}
