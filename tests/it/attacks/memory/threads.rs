//! A client that starts threads and never leaves them.

use serde_json::json;

use crate::harness::Place;
use crate::wire::raw::{QUIET, Raw};

#[test]
fn threads_that_were_only_started_cost_little() {
    /// They cost some 2 KB each, and 10 KB when each had an actor.
    const THREADS: usize = 3_000;
    const MOST: u64 = 18_000_000;
    let place = Place::new();
    let mut server = Raw::start(&place, &[]);
    server.thread();
    let before = server.memory("VmRSS");
    for _ in 0..THREADS {
        server.thread();
    }
    let cost = server.memory("VmRSS").saturating_sub(before);
    println!("{} bytes a thread", cost / THREADS as u64);
    assert!(cost < MOST, "{cost}");
    server.close();
}

#[test]
fn conversations_of_threads_at_rest_leave_memory() {
    const THREADS: u64 = 24;
    const TEXT: usize = 1 << 20;
    let place = Place::new();
    let mut costs = Vec::new();
    for most in ["0", "64"] {
        let limit = format!("server.idle_threads={most}");
        let mut command = place.command(&["-c", QUIET, "-c", &limit]).into_std();
        // glibc then returns every large block to the system at once, so that only living memory is measured.
        command.env("MALLOC_MMAP_THRESHOLD_", "65536");
        let mut server = Raw::spawn(command);
        server.greet();
        let mut before = 0;
        for thread in 0..=THREADS {
            let thread_id = server.thread();
            let input = json!([{ "type": "text", "text": format!("{thread} {}", "x".repeat(TEXT)) }]);
            server.result("turn/start", &json!({ "threadId": thread_id, "input": input }));
            server.until("turn/completed");
            if thread == 0 {
                before = server.memory("VmRSS");
            }
        }
        costs.push(server.memory("VmRSS").saturating_sub(before));
        server.close();
    }
    println!("{costs:?} bytes for {THREADS} conversations of {TEXT} bytes");
    assert!(costs[0] < costs[1] / 2, "{costs:?}");
}
