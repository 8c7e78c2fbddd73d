//! Operations on threads with 100, 1,000 and 10,000 turns. Each turn made an image. A figure of a long thread is
//! compared with that of the thread with 100 turns; both are measured in turn, so that they meet the same load.

use std::time::{Duration, Instant};

use easel_testkit::http::MockServer;
use easel_testkit::openai;
use serde_json::{Value, json};

use crate::Server;
use crate::fill::{TEXT, fill, id};

/// Turns of the threads.
pub(crate) const LENGTHS: [usize; 3] = [100, 1_000, 10_000];
const ROUNDS: usize = 15;

/// An operation: sends requests and returns the time that counts.
type Operation = fn(&mut Server, &str) -> Duration;

pub(crate) fn measure() {
    let home = tempfile::tempdir().expect("a temporary folder");
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime").block_on(fill(home.path()));
    let operations: [(&str, Operation, usize); 6] = [
        ("thread/resume", resume, 3),
        ("page of 20 turns", page_of_turns, 3),
        ("next turn", turn, 3),
        ("thread/rollback of that turn", rollback, 3),
        ("thread/read with all turns", read, 2),
        ("thread/fork", fork, 2),
    ];
    let provider = MockServer::start(|exchange| {
        let length = exchange.read_body().len();
        exchange.respond_events(&[openai::message("1", "Nothing to draw."), vec![completed(length)]].concat());
    });
    let provider = format!(r#"model_providers.bench={{preset="litellm",base_url="{}"}}"#, provider.base_url());
    let options = ["-c", "model_provider=bench", "-c", &provider, "-c", "wire.turn_event_delay_ms=0"];
    for (what, operation, lengths) in operations {
        let mut times = [const { Vec::new() }; LENGTHS.len()];
        for _ in 0..ROUNDS {
            for (times, length) in times.iter_mut().zip(LENGTHS).take(lengths) {
                let mut server = Server::start_with(home.path(), &options);
                server.ask("thread/list", &json!({}));
                // A long conversation is compacted by its first turn.
                prepare(&mut server, &id(length), what);
                times.push(operation(&mut server, &id(length)));
            }
        }
        let medians = times.map(|mut times: Vec<Duration>| {
            times.sort_unstable();
            times.get(times.len() / 2).map_or(0.0, |time| time.as_secs_f64() * 1e3)
        });
        let figure =
            |at: usize| format!("{} turns {:>8.2} ms {:>6.2} x", LENGTHS[at], medians[at], medians[at] / medians[0]);
        println!("{what:<34} {}", (0..lengths).map(figure).collect::<Vec<_>>().join("   "));
    }
    let mut server = Server::start_with(home.path(), &options);
    for length in LENGTHS {
        resume(&mut server, &id(length));
        turn(&mut server, &id(length));
        println!("{:<34} {length} turns {:>8.1} MB", "resident memory, after a turn", server.resident_megabytes());
    }
}

/// Brings a server to the state in which an operation is measured.
fn prepare(server: &mut Server, thread: &str, what: &str) {
    if what == "next turn" || what.starts_with("thread/rollback") {
        resume(server, thread);
        turn(server, thread);
        turn(server, thread);
    }
}

fn resume(server: &mut Server, thread: &str) -> Duration {
    time(server, "thread/resume", &json!({ "threadId": thread }))
}

fn page_of_turns(server: &mut Server, thread: &str) -> Duration {
    time(server, "thread/turns/list", &json!({ "threadId": thread, "limit": 20 }))
}

fn read(server: &mut Server, thread: &str) -> Duration {
    time(server, "thread/read", &json!({ "threadId": thread, "includeTurns": true }))
}

fn fork(server: &mut Server, thread: &str) -> Duration {
    let begun = Instant::now();
    let copy = server.ask("thread/fork", &json!({ "threadId": thread }))["thread"]["id"].take();
    let took = begun.elapsed();
    server.ask("thread/delete", &json!({ "threadId": copy }));
    took
}

fn rollback(server: &mut Server, thread: &str) -> Duration {
    time(server, "thread/rollback", &json!({ "threadId": thread, "numTurns": 1 }))
}

/// The time of a turn, in which the provider answers at once.
fn turn(server: &mut Server, thread: &str) -> Duration {
    let begun = Instant::now();
    server.ask("turn/start", &json!({ "threadId": thread, "input": [{ "type": "text", "text": TEXT }] }));
    server.wait_for("turn/completed");
    begun.elapsed()
}

fn time(server: &mut Server, method: &str, params: &Value) -> Duration {
    let begun = Instant::now();
    server.ask(method, params);
    begun.elapsed()
}

/// The end of a model response to a body of this length, with about as many tokens as a provider would count.
fn completed(length: usize) -> Value {
    let mut completed = openai::completed();
    completed["response"]["usage"] =
        json!({ "input_tokens": length / 4, "output_tokens": 20, "total_tokens": length / 4 + 20 });
    completed
}
