//! A client that starts threads and never leaves them.

use serde_json::json;

use crate::harness::Sandbox;
use crate::wire::raw::{NO_WARNINGS, RawServer};

#[test]
fn threads_that_were_only_started_cost_little() {
    /// They cost some 2 KB each, and 10 KB when each had an actor.
    const THREADS: usize = 3_000;
    const MOST: u64 = 18_000_000;
    let sandbox = Sandbox::new();
    let mut server = RawServer::start(&sandbox, &[]);
    server.start_thread();
    let before = server.memory_bytes("VmRSS");
    for _ in 0..THREADS {
        server.start_thread();
    }
    let cost = server.memory_bytes("VmRSS").saturating_sub(before);
    println!("{} bytes a thread", cost / THREADS as u64);
    assert!(cost < MOST, "{cost}");
    server.close();
}

#[test]
fn conversations_of_threads_at_rest_leave_memory() {
    const THREADS: u64 = 24;
    const TEXT: usize = 1 << 20;
    let sandbox = Sandbox::new();
    let mut costs = Vec::new();
    for most in ["0", "64"] {
        let limit = format!("server.idle_threads={most}");
        let mut command = sandbox.server_command(&["-c", NO_WARNINGS, "-c", &limit]).into_std();
        // glibc then returns every large block to the system at once, so that only living memory is measured.
        command.env("MALLOC_MMAP_THRESHOLD_", "65536");
        let mut server = RawServer::spawn(command);
        server.initialize();
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
