//! Responses that a client does not read.

use serde_json::json;

use crate::harness::Sandbox;
use crate::wire::raw::RawServer;

/// The most bytes that unread responses may cost, above the peak of the turn.
const MAX_COST: u64 = 60_000_000;

#[test]
fn long_responses_are_built_only_when_read() {
    /// Each has 4 MB, together 400 MB.
    const RESPONSES: usize = 100;
    let sandbox = Sandbox::new();
    let mut server = RawServer::start_measured(&sandbox, &["-c", "server.outbox_bytes=8388608"]);
    let thread_id = server.start_thread();
    let text = "x ".repeat(2_000_000);
    let input = json!([{ "type": "text", "text": text }]);
    server.request("turn/start", &json!({ "threadId": thread_id, "input": input }));
    server.read_until("turn/completed");
    let before = server.memory_bytes("VmHWM");
    let params = json!({ "threadId": thread_id, "includeTurns": true });
    for id in 0..RESPONSES {
        server.send(&json!({ "id": id, "method": "thread/read", "params": params }).to_string());
    }
    // These lines are longer than the pipe: once they are written, the server has read all requests before them.
    let filler = json!({ "method": "no/such", "params": { "x": "x".repeat(1_000) } }).to_string();
    for _ in 0..200 {
        server.send(&filler);
    }
    let mut received = [false; RESPONSES];
    for _ in 0..RESPONSES {
        let line = server.read_line();
        assert!(line.len() > text.len(), "{line:.200}");
        let id = line.strip_prefix("{\"id\":").and_then(|rest| rest.split_once(',')).expect("a response").0;
        received[id.parse::<usize>().expect("a number")] = true;
    }
    assert!(received.iter().all(|received| *received));
    let cost = server.memory_bytes("VmHWM") - before;
    println!("{} MB above {before}", cost / 1_000_000);
    assert!(cost < MAX_COST, "{cost}");
    server.close();
}
