//! A client that starts threads and stays subscribed to them.

use serde_json::json;

use crate::harness::Sandbox;
use crate::wire::raw::RawServer;

#[test]
fn unused_threads_cost_little_memory() {
    /// Each costs about 2 KB. With an actor for each, it would be 10 KB.
    const THREADS: usize = 3_000;
    const MAX_COST: u64 = 18_000_000;
    let sandbox = Sandbox::new();
    let mut server = RawServer::start_measured(&sandbox, &[]);
    server.start_thread();
    let before = server.memory_bytes("VmRSS");
    for _ in 0..THREADS {
        server.start_thread();
    }
    let cost = server.memory_bytes("VmRSS").saturating_sub(before);
    println!("{} bytes a thread", cost / THREADS as u64);
    assert!(cost < MAX_COST, "{cost}");
    server.close();
}

#[test]
fn idle_conversations_leave_memory() {
    const THREADS: u64 = 24;
    const TEXT: usize = 1 << 20;
    let sandbox = Sandbox::new();
    let mut costs = Vec::new();
    for idle_threads in ["0", "64"] {
        let limit = format!("server.idle_threads={idle_threads}");
        let mut server = RawServer::start_measured(&sandbox, &["-c", &limit]);
        let mut before = 0;
        for thread in 0..=THREADS {
            let thread_id = server.start_thread();
            let input = json!([{ "type": "text", "text": format!("{thread} {}", "x".repeat(TEXT)) }]);
            server.request("turn/start", &json!({ "threadId": thread_id, "input": input }));
            server.read_until("turn/completed");
            if thread == 0 {
                before = server.memory_bytes("VmRSS");
            }
        }
        costs.push(server.memory_bytes("VmRSS").saturating_sub(before));
        server.close();
    }
    println!("{costs:?} bytes for {THREADS} conversations of {TEXT} bytes");
    assert!(costs[0] < costs[1] / 2, "{costs:?}");
}
