//! Parallel image calls, and the end of a connection after an interrupt.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use easel_testkit::http::{Exchange, MockServer};
use easel_testkit::image::{RED, solid_png};
use easel_testkit::openai;
use serde_json::json;

use crate::program::{Program, Setup, Tool};
use crate::provider::image_response;
use crate::report::Report;
use crate::samples::{Summary, time, to_ms};
use crate::scenarios::Context;

/// The time that the provider needs for one image.
const DRAW_TIME: Duration = Duration::from_millis(300);
const PARALLEL_CALLS: usize = 3;
const TURNS: usize = 5;
const INTERRUPTS: usize = 15;

pub(super) fn measure(context: &Context<'_>, report: &mut Report) {
    // The peer makes the images of a response one after the other, and does not end an interrupted item.
    let own = context.own_programs();
    let calls = own.iter().map(|program| (program.kind, Summary::of(time_parallel_calls(program))));
    report.add(format!("{PARALLEL_CALLS} image calls of 300 ms at once"), "ms", calls.collect::<Vec<_>>());
    let interrupts = own.iter().map(|program| (program.kind, Summary::of(time_interrupts(program))));
    report.add("`turn/interrupt` to the closed connection", "ms", interrupts.collect::<Vec<_>>());
}

fn time_parallel_calls(program: &Program) -> Vec<f64> {
    let (home, requests) = (tempfile::tempdir().expect("a folder"), AtomicUsize::new(0));
    let picture = STANDARD.encode(solid_png(64, 64, RED));
    let provider = MockServer::start(move |exchange| {
        exchange.read_body();
        if exchange.endpoint() == "responses" {
            return respond(exchange, requests.fetch_add(1, Ordering::Relaxed));
        }
        std::thread::sleep(DRAW_TIME);
        exchange.respond(200, "application/json", image_response(&picture).as_bytes());
    });
    let setup = Setup { home: home.path(), provider: Some(&provider.base_url()), tool: Tool::Standalone };
    let mut server = program.start(setup);
    let turn = || {
        let thread = server.start_thread();
        time(|| server.run_turn(&thread, "draw three squares")).1
    };
    std::iter::repeat_with(turn).take(TURNS).collect()
}

/// Calls the tool in each first request of a turn.
fn respond(exchange: &mut Exchange, request: usize) {
    let events = match request % 2 {
        0 => (0..PARALLEL_CALLS)
            .map(|call| openai::image_call(&format!("{request}_{call}"), &json!({ "prompt": "a square" })))
            .collect(),
        _ => openai::message(&request.to_string(), "Done."),
    };
    exchange.respond_events(&[events, vec![openai::completed()]].concat());
}

/// Measures from writing the request to the end of the connection, as the provider sees it.
fn time_interrupts(program: &Program) -> Vec<f64> {
    let home = tempfile::tempdir().expect("a folder");
    let (report_held, held) = sync_channel(PARALLEL_CALLS);
    let (report_gone, gone) = sync_channel(PARALLEL_CALLS);
    let provider = MockServer::start(move |exchange| {
        exchange.read_body();
        if exchange.endpoint() == "responses" {
            let call = openai::image_call("1", &json!({ "prompt": "a square" }));
            return exchange.respond_events(&[call, openai::completed()]);
        }
        report_held.send(()).expect("the benchmark waits");
        exchange.await_disconnect();
        report_gone.send(Instant::now()).expect("the benchmark waits");
    });
    let setup = Setup { home: home.path(), provider: Some(&provider.base_url()), tool: Tool::Standalone };
    let mut server = program.start(setup);
    let interrupt = || {
        let thread_id = server.start_thread();
        let turn_id = server.start_turn(&thread_id, "draw a square");
        held.recv().expect("a request");
        let begun = Instant::now();
        server.request("turn/interrupt", &json!({ "threadId": thread_id, "turnId": turn_id }));
        let took = gone.recv().expect("an end").duration_since(begun);
        server.read_until(r#""turn/completed""#);
        to_ms(took)
    };
    std::iter::repeat_with(interrupt).take(INTERRUPTS).collect()
}
