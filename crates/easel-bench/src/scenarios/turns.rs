//! Image turns of one thread, against a provider that answers at once. The floor is a client that posts bodies of the
//! same lengths to the same provider and does nothing else.

use std::io::{Read, Write};
use std::net::TcpStream;

use crate::process::Process;
use crate::program::{Kind, Program, Setup, Tool};
use crate::provider::{Bodies, Provider};
use crate::report::{Plot, Report};
use crate::samples::{Summary, time};
use crate::scenarios::Context;

const TURNS: usize = 50;
/// Threads of each program.
const THREADS: usize = 4;
/// The number of turns on each side of a turn that count for it too.
const NEIGHBORS: usize = 1;
/// From this turn on, the window of images that a model sees is full.
const FULL_FROM: usize = 10;

/// Everything measured of one program.
struct Run {
    kind: Kind,
    /// By thread and turn.
    times: Vec<Vec<f64>>,
    bytes: Vec<Vec<f64>>,
    memory: Vec<Vec<f64>>,
}

pub(super) fn measure(context: &Context<'_>, report: &mut Report) {
    let standalone = measure_tool(Tool::Standalone, context.programs, context);
    add_times("standalone tool", &standalone, report);
    add_bytes("standalone tool", &standalone[1..], report);
    add_series(&standalone[1..], report);
    // The peer's hosted tool has another form.
    let hosted = measure_tool(Tool::Hosted, &context.own_programs(), context);
    add_times("hosted tool", &hosted, report);
    add_bytes("hosted tool", &hosted[1..], report);
}

/// Returns the run of the floor, then those of the programs.
fn measure_tool(tool: Tool, programs: &[Program], context: &Context<'_>) -> Vec<Run> {
    let kinds = [Kind::Floor].into_iter().chain(programs.iter().map(|program| program.kind));
    let mut runs: Vec<Run> =
        kinds.map(|kind| Run { kind, times: Vec::new(), bytes: Vec::new(), memory: Vec::new() }).collect();
    for round in 0..context.effort.count(THREADS) {
        let homes: Vec<_> = programs.iter().map(|_| tempfile::tempdir().expect("a folder")).collect();
        let mut threads: Vec<(Provider, Process, String)> = Vec::new();
        for (program, home) in programs.iter().zip(&homes) {
            let provider = Provider::start(tool, context.photos.clone(), Bodies::Discard);
            let setup = Setup { home: home.path(), provider: Some(&provider.base_url()), tool };
            let mut server = program.start(setup);
            let thread = server.start_thread();
            threads.push((provider, server, thread));
        }
        for run in &mut runs {
            for values in [&mut run.times, &mut run.bytes, &mut run.memory] {
                values.push(Vec::new());
            }
        }
        for turn in 0..context.effort.count(TURNS) {
            for (index, (provider, server, thread)) in threads.iter_mut().enumerate() {
                let earlier = provider.body_lengths().len();
                let ((), took) = time(|| server.run_turn(thread, &format!("draw picture number {turn}")));
                let lengths = provider.body_lengths().split_off(earlier);
                let run = &mut runs[index + 1];
                run.times[round].push(took);
                run.bytes[round].push(lengths.iter().sum::<u64>() as f64);
                run.memory[round].push(server.resident_mb());
                if index == 0 {
                    runs[0].times[round].push(time_bare_turn(provider, tool, &lengths));
                }
            }
        }
    }
    runs
}

/// Returns the values of a turn and its neighbors in all threads. Turns count from 1.
fn around(values: &[Vec<f64>], turn: usize) -> impl Iterator<Item = f64> {
    values.iter().flat_map(move |thread| {
        let first = (turn - 1).saturating_sub(NEIGHBORS).min(thread.len().saturating_sub(2 * NEIGHBORS + 1));
        thread.iter().skip(first).take(2 * NEIGHBORS + 1).copied()
    })
}

fn add_times(tool: &str, runs: &[Run], report: &mut Report) {
    for turn in [1, 10, TURNS] {
        let cells = runs.iter().map(|run| (run.kind, Summary::of(around(&run.times, turn))));
        report.add(format!("turn {turn}, {tool}, images of 2 MB"), "ms", cells.collect::<Vec<_>>());
    }
    let ratio = |run: &Run| {
        let [first, last] = [1, TURNS].map(|turn| Summary::of(around(&run.times, turn)));
        Some(Summary::single(last?.median / first?.median))
    };
    report.add(format!("turn {TURNS} to turn 1, {tool}"), "x", runs.iter().map(|run| (run.kind, ratio(run))));
}

fn add_bytes(tool: &str, runs: &[Run], report: &mut Report) {
    let sent =
        |run: &Run| Summary::of(run.bytes.iter().flat_map(|thread| thread.iter().skip(FULL_FROM - 1)).map(|b| b / 1e6));
    report.add(
        format!("sent a turn, {tool}, median from turn {FULL_FROM} on"),
        "MB",
        runs.iter().map(|run| (run.kind, sent(run))),
    );
    let worst = |run: &Run| sent(run).map(|sent| Summary::single(sent.max));
    report.add(format!("sent a turn, {tool}, worst"), "MB", runs.iter().map(|run| (run.kind, worst(run))));
}

fn add_series(runs: &[Run], report: &mut Report) {
    for run in runs {
        let turns = run.times.first().map_or(0, Vec::len);
        let series = |values: &[Vec<f64>], scale: f64| {
            let median = |turn: usize| Summary::of(values.iter().map(|thread| thread[turn])).map(|s| s.median);
            (0..turns).filter_map(|turn| Some(((turn + 1) as f64, median(turn)? / scale))).collect::<Vec<_>>()
        };
        report.add_points(Plot::TurnTime, run.kind, series(&run.times, 1.0));
        report.add_points(Plot::BytesSent, run.kind, series(&run.bytes, 1e6));
        report.add_points(Plot::Memory, run.kind, series(&run.memory, 1.0));
    }
}

/// Sends the requests of one turn over one connection.
fn time_bare_turn(provider: &Provider, tool: Tool, lengths: &[u64]) -> f64 {
    let mut stream = TcpStream::connect(provider.server.address()).expect("the provider listens");
    stream.set_nodelay(true).expect("an open socket");
    let bodies: Vec<(&str, Vec<u8>)> = lengths
        .iter()
        .enumerate()
        .map(|(index, length)| {
            let is_image = tool == Tool::Standalone && index == 1;
            (if is_image { "images/generations" } else { "responses" }, vec![b' '; *length as usize])
        })
        .collect();
    time(|| {
        for (path, body) in &bodies {
            let length = body.len();
            write!(stream, "POST /v1/{path} HTTP/1.1\r\nhost: bench\r\ncontent-length: {length}\r\n\r\n")
                .expect("a socket");
            stream.write_all(body).expect("a socket");
            read_response(&mut stream);
        }
    })
    .1
}

fn read_response(stream: &mut TcpStream) {
    let mut bytes = vec![0; 256 << 10];
    let mut read = 0;
    let head = loop {
        read += stream.read(&mut bytes[read..]).expect("a response");
        if let Some(end) = memchr::memmem::find(&bytes[..read], b"\r\n\r\n") {
            break end + 4;
        }
    };
    let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
    let mut left = length.parse::<usize>().expect("a number") + head - read;
    while left > 0 {
        left -= stream.read(&mut bytes).expect("the rest of the response");
    }
}
