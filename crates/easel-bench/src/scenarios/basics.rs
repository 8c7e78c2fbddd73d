//! Start, idle memory, and requests without work. The floor is a process that echoes lines.

use crate::process::Process;
use crate::program::{Kind, Program, Setup};
use crate::report::Report;
use crate::samples::{Summary, time};
use crate::scenarios::{Context, Effort};

const STARTS: usize = 50;
const ROUND_TRIPS: usize = 20_000;
/// Requests in flight while throughput is measured. A client keeps so many open, and writes half of them at once.
const WINDOW: usize = 64;
/// The number of half windows of one measurement of throughput.
const BATCHES: usize = 2_000;
const THROUGHPUTS: usize = 10;
/// The peer is slower by more than an order of magnitude, and gets fewer requests.
const PEER_SHARE: usize = 20;
const REQUEST: &str = r#"{"id":1,"method":"thread/loaded/list","params":{}}"#;

pub(super) fn measure(context: &Context<'_>, report: &mut Report) {
    let Context { programs, effort, .. } = *context;
    let home = tempfile::tempdir().expect("a temporary folder");
    let homes: Vec<_> = programs.iter().map(|_| tempfile::tempdir_in(home.path()).expect("a folder")).collect();
    let echo = (Program::echo(), home.path());
    let servers = programs.iter().cloned().zip(homes.iter().map(tempfile::TempDir::path));
    let all: Vec<(Program, &std::path::Path)> = servers.chain([echo]).collect();
    measure_starts(&all, effort, report);
    let mut processes: Vec<(Kind, Process)> = all
        .iter()
        .map(|(program, home)| {
            let mut process = program.spawn(Setup::offline(home));
            process.initialize();
            process.round_trip(REQUEST, r#""id":1"#);
            (program.kind, process)
        })
        .collect();
    let memory = |(kind, process): &(Kind, Process)| (*kind, Some(Summary::single(process.resident_mb())));
    report.add("memory, idle", "MB", processes.iter().map(memory).collect::<Vec<_>>());
    measure_round_trips(&mut processes, effort, report);
    let mut rates: Vec<(Kind, Vec<f64>)> = processes.iter().map(|(kind, _)| (*kind, Vec::new())).collect();
    for _ in 0..effort.count(THROUGHPUTS) {
        for ((kind, process), (_, rates)) in processes.iter_mut().zip(&mut rates) {
            rates.push(requests_per_second(process, effort.count(BATCHES) / share(*kind)));
        }
    }
    let cells = rates.into_iter().map(|(kind, rates)| (kind, Summary::of(rates)));
    report.add("requests, 64 in flight", "/s", cells);
}

fn measure_starts(programs: &[(Program, &std::path::Path)], effort: &Effort, report: &mut Report) {
    let mut times: Vec<(Kind, Vec<f64>)> = programs.iter().map(|(program, _)| (program.kind, Vec::new())).collect();
    for _ in 0..effort.count(STARTS) {
        for ((program, home), (_, times)) in programs.iter().zip(&mut times) {
            let (_, took) = time(|| program.start(Setup::offline(home)));
            times.push(took);
        }
    }
    let cells = times.into_iter().map(|(kind, times)| (kind, Summary::of(times)));
    report.add("start to `initialize`", "ms", cells);
}

fn measure_round_trips(processes: &mut [(Kind, Process)], effort: &Effort, report: &mut Report) {
    let cells: Vec<(Kind, Option<Summary>)> = processes
        .iter_mut()
        .map(|(kind, process)| {
            let trip = || time(|| process.round_trip(REQUEST, r#""id":1"#)).1 * 1e3;
            let trips = std::iter::repeat_with(trip).take(effort.count(ROUND_TRIPS) / share(*kind));
            (*kind, Summary::of(trips))
        })
        .collect();
    report.add("round trip of `thread/loaded/list`", "us", cells);
}

fn share(kind: Kind) -> usize {
    if kind == Kind::Peer { PEER_SHARE } else { 1 }
}

/// Keeps a window of requests in flight. Half of it is written when half of it was answered.
fn requests_per_second(process: &mut Process, batches: usize) -> f64 {
    const HALF: usize = WINDOW / 2;
    let batch = format!("{REQUEST}\n").repeat(HALF);
    let read_half = |process: &mut Process| {
        for _ in 0..HALF {
            process.read_until(r#""id":1"#);
        }
    };
    process.send_bytes(batch.as_bytes());
    let ((), took) = time(|| {
        for _ in 0..batches {
            process.send_bytes(batch.as_bytes());
            read_half(process);
        }
    });
    read_half(process);
    (batches * HALF) as f64 / took * 1e3
}
