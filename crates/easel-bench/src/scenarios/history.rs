//! Long threads: what it costs to resume one, to read it, to fork it and to go on in it. The floor of a read is a
//! process that echoes a line of the length of the response.

use std::path::Path;

use easel_testkit::image::{RED, solid_png};
use serde_json::json;

use crate::process::Process;
use crate::program::{Kind, Program, Setup, Tool};
use crate::provider::{Bodies, Pictures, Provider};
use crate::report::{Plot, Report};
use crate::samples::{Summary, time};
use crate::scenarios::Context;

/// The lengths of the thread, in turns of one image, at which it is measured.
const LENGTHS: [usize; 5] = [10, 30, 100, 300, 1_000];
const LONG: usize = 10_000;
/// The lengths that have rows in the table.
const ROWS: [usize; 3] = [100, 1_000, LONG];
/// Runs of a request that reads.
const READS: usize = 10;
/// Runs that need a new process each, or leave a thread behind.
const PROCESSES: usize = 6;
const PAGE: usize = 20;
const RESUME: &str = "`thread/resume`";
/// The images are small: their bytes do not pass through what is measured here.
const SIDE: u32 = 16;

/// The figures of one program at one length.
struct Figures {
    kind: Kind,
    values: Vec<Value>,
}

struct Value {
    name: &'static str,
    unit: &'static str,
    summary: Option<Summary>,
    /// The length of the response of a read, for the floor.
    bytes: Option<usize>,
}

impl Value {
    fn new(name: &'static str, unit: &'static str, values: Vec<f64>, bytes: Option<usize>) -> Self {
        Self { name, unit, summary: Summary::of(values), bytes }
    }
}

pub(super) fn measure(context: &Context<'_>, report: &mut Report) {
    let Context { programs, effort, .. } = *context;
    let homes: Vec<_> = programs.iter().map(|_| tempfile::tempdir().expect("a folder")).collect();
    let mut threads: Vec<Option<String>> = programs.iter().map(|_| None).collect();
    let mut turns = 0;
    let lengths = LENGTHS.into_iter().chain(effort.long.then_some(LONG));
    for length in lengths.take_while(|length| !effort.quick || *length <= ROWS[0]) {
        let mut figures = Vec::new();
        for ((program, home), thread) in programs.iter().zip(&homes).zip(&mut threads) {
            // Where the time grows with the square of the length, this would take hours.
            if program.kind != Kind::Easel && length == LONG {
                continue;
            }
            let thread = fill(program, home.path(), thread, length - turns);
            figures.push(measure_thread(program, home.path(), &thread));
        }
        turns = length;
        for figures in &figures {
            let resume = figures.values.iter().find(|value| value.name == RESUME).and_then(|value| value.summary);
            report.add_points(Plot::ResumeTime, figures.kind, resume.map(|resume| (length as f64, resume.median)));
        }
        if ROWS.contains(&length) {
            figures.extend(figures.first().map(measure_floor));
            add_rows(length, &figures, report);
        }
    }
}

/// Adds turns to the thread of a home, and creates the thread at the first call. Returns its id.
fn fill(program: &Program, home: &Path, thread: &mut Option<String>, turns: usize) -> String {
    let provider = start_provider(program);
    let mut server = start(program, home, &provider.base_url());
    let id = match thread {
        Some(id) => {
            server.request("thread/resume", &json!({ "threadId": id }));
            id.clone()
        }
        None => thread.insert(server.start_thread()).clone(),
    };
    for turn in 0..turns {
        server.run_turn(&id, &format!("draw picture number {turn}, with boats in the harbour at dusk"));
    }
    server.close();
    id
}

fn start_provider(program: &Program) -> Provider {
    // The peer would ask the provider for a summary, which it does not write.
    let bodies = if program.kind == Kind::Peer { Bodies::Discard } else { Bodies::CountTokens };
    Provider::start(Tool::Standalone, Pictures::new([solid_png(SIDE, SIDE, RED)]), bodies)
}

fn start(program: &Program, home: &Path, provider: &str) -> Process {
    program.start(Setup { home, provider: Some(provider), tool: Tool::Standalone })
}

fn measure_thread(program: &Program, home: &Path, thread: &str) -> Figures {
    let provider = start_provider(program);
    let base_url = provider.base_url();
    let id = json!({ "threadId": thread });
    let (mut resumes, mut resumed_bytes, mut turns, mut memory) = (Vec::new(), 0, Vec::new(), Vec::new());
    for _ in 0..PROCESSES {
        let mut server = start(program, home, &base_url);
        resumes.push(time(|| server.request("thread/resume", &id)).1);
        resumed_bytes = server.line_length();
        turns.push(time(|| server.run_turn(thread, "draw one more")).1);
        memory.push(server.resident_mb());
        // The peer has no such method, and its thread grows by a few turns.
        if program.kind != Kind::Peer {
            server.request("thread/rollback", &json!({ "threadId": thread, "numTurns": 1 }));
        }
        server.close();
    }
    let mut server = start(program, home, &base_url);
    server.request("thread/resume", &id);
    let mut read = |name, method, params| {
        let times = std::iter::repeat_with(|| time(|| server.request(method, &params)).1).take(READS).collect();
        Value::new(name, "ms", times, Some(server.line_length()))
    };
    let page = json!({ "threadId": thread, "limit": PAGE, "itemsView": "full" });
    let page = read("page of 20 turns", "thread/turns/list", page);
    let whole = json!({ "threadId": thread, "includeTurns": true });
    let whole = read("`thread/read` with all turns", "thread/read", whole);
    let mut forks = Vec::new();
    for _ in 0..PROCESSES {
        forks.push(time(|| server.request("thread/fork", &id)).1);
        let fork = server.result()["thread"]["id"].take();
        server.request("thread/archive", &json!({ "threadId": fork }));
    }
    let values = vec![
        Value::new(RESUME, "ms", resumes, Some(resumed_bytes)),
        Value::new("next turn after the resume", "ms", turns, None),
        Value::new("memory after that turn", "MB", memory, None),
        page,
        whole,
        Value::new("`thread/fork`", "ms", forks, None),
    ];
    Figures { kind: program.kind, values }
}

/// Measures how long a line of each response takes through two pipes.
fn measure_floor(figures: &Figures) -> Figures {
    let home = tempfile::tempdir().expect("a folder");
    let mut echo = Program::echo().spawn(Setup::offline(home.path()));
    let mut measure = |value: &Value| {
        let line = "x".repeat(value.bytes.unwrap_or_default());
        let times = std::iter::repeat_with(|| time(|| echo.round_trip(&line, "x")).1).take(READS);
        let times = if line.is_empty() { Vec::new() } else { times.collect() };
        Value::new(value.name, value.unit, times, None)
    };
    Figures { kind: Kind::Floor, values: figures.values.iter().map(&mut measure).collect() }
}

fn add_rows(length: usize, figures: &[Figures], report: &mut Report) {
    let Some(first) = figures.first() else { return };
    for (index, Value { name, unit, .. }) in first.values.iter().enumerate() {
        let cells = figures.iter().map(|figures| (figures.kind, figures.values[index].summary));
        report.add(format!("{name}, {length} turns"), unit, cells);
    }
}
