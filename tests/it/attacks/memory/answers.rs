//! Answers that nobody reads.

use serde_json::json;

use crate::harness::Sandbox;
use crate::wire::raw::RawServer;

/// What unread answers may cost above what the turn did.
const MOST: u64 = 60_000_000;

#[test]
fn unread_answers_are_not_built_until_the_client_reads() {
    /// Of 4 MB each, so 400 MB in all.
    const ANSWERS: usize = 100;
    let sandbox = Sandbox::new();
    let mut server = RawServer::start(&sandbox, &["-c", "server.outbox_bytes=8388608"]);
    let thread_id = server.start_thread();
    let text = "x ".repeat(2_000_000);
    let input = json!([{ "type": "text", "text": text }]);
    server.request("turn/start", &json!({ "threadId": thread_id, "input": input }));
    server.read_until("turn/completed");
    let before = server.memory_bytes("VmHWM");
    let params = json!({ "threadId": thread_id, "includeTurns": true });
    for id in 0..ANSWERS {
        server.send(&json!({ "id": id, "method": "thread/read", "params": params }).to_string());
    }
    // More than the pipe holds: when this is written, all requests before it were taken.
    let filler = json!({ "method": "no/such", "params": { "x": "x".repeat(1_000) } }).to_string();
    for _ in 0..200 {
        server.send(&filler);
    }
    let mut answered = [false; ANSWERS];
    for _ in 0..ANSWERS {
        let line = server.read_line();
        assert!(line.len() > text.len(), "{line:.200}");
        let id = line.strip_prefix("{\"id\":").and_then(|rest| rest.split_once(',')).expect("an answer").0;
        answered[id.parse::<usize>().expect("a number")] = true;
    }
    assert!(answered.iter().all(|answered| *answered));
    let cost = server.memory_bytes("VmHWM") - before;
    println!("{} MB above {before}", cost / 1_000_000);
    assert!(cost < MOST, "{cost}");
    server.close();
}
