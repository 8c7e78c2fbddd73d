//! The process dies at each system call whose effect others can see. After the next start, every promise about stored
//! data holds.
//!
//! [`tracer`] runs the executable and kills it, [`points`] names the calls, [`scenarios`] says what the process does
//! meanwhile, and [`aftermath`] what must hold afterwards. [`power_cut`] does the same for a disk that loses what
//! was not flushed. Without settings a sample of the calls is killed, with at
//! least one of each name. `just crash-points` kills at all of them and prints a table.

mod aftermath;
mod order;
mod points;
mod power_cut;
mod promises;
mod provider;
mod scenarios;
mod session;
mod tracer;

use std::collections::{BTreeMap, BTreeSet};

use crate::harness::env_setting;
use aftermath::{Aftermath, Loss};
use points::Point;
use promises::Promises;
use provider::count_billable;
use scenarios::{Scenario, Template};
use session::Session;
use tracer::{Ending, Kill, Trace, TraceOptions, Tracer};

/// Kills at all points, and prints how many there are.
const ALL_POINTS: &str = "EASEL_CRASH_POINTS";

/// In a sample, the distance between two kills that are not the first of their name: with slow tests, and without.
const SAMPLE_DISTANCES: [usize; 2] = [61, 199];

/// Prints what a test was about to check if it panics.
struct Label(String);

impl Drop for Label {
    #[expect(clippy::print_stdout, reason = "shown for a failed test")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("failed: {}", self.0);
        }
    }
}

/// Runs a scenario in a copy of its template, and checks the promises afterwards. Returns the trace.
async fn run_and_check(scenario: Scenario, template: &Template, tracer: &Tracer, kill: Kill) -> Trace {
    let label = Label(format!("{scenario:?}, {kill:?}"));
    let sandbox = template.sandbox.copy();
    let requests_before = template.provider.requests().len();
    let options = TraceOptions { kill, counts_start: scenario.counts_start(), with_data: false };
    let mut session = Session::start(tracer, &sandbox, &template.arguments(), options);
    let result = scenario.run(&mut session, template, &sandbox).await;
    let (code, lines) = session.end().await;
    let trace = Trace::read(&sandbox, options, code);
    // A process that is killed while it ends has done everything.
    assert!(
        trace.ending == Ending::Killed || (result.is_ok() && trace.ending == Ending::Exit(0)),
        "{:?}",
        trace.ending
    );
    let point = trace.killed_at().map(Point::name);
    drop(label);
    let _label = Label(format!("{scenario:?}, {kill:?}, killed before: {point:?}"));
    let requests = &template.provider.requests()[requests_before..];
    let promises = Promises::read(&lines);
    let after = Aftermath { loss: Loss::Process, scenario, template, sandbox: &sandbox, promises };
    after.check(count_billable(requests), requests_before).await;
    trace
}

/// Returns the numbers of the points to kill at, from 1: one with each name, and some between them.
fn sample(points: &[Point<'_>]) -> BTreeSet<usize> {
    let distance = SAMPLE_DISTANCES[usize::from(env_setting("RUN_SLOW_TESTS").is_none())];
    let mut names = BTreeSet::new();
    let first_of_name = points.iter().enumerate().filter(|(_, point)| names.insert(point.name()));
    let first_of_name: Vec<usize> = first_of_name.map(|(index, _)| index + 1).collect();
    first_of_name.into_iter().chain((distance..=points.len()).step_by(distance)).collect()
}

/// Kills the process of a scenario at its points, and checks the promises after each kill.
async fn kill_at_points(scenario: Scenario) {
    let Some(tracer) = Tracer::compile() else { return };
    let template = scenario.prepare(&tracer).await;
    let whole = run_and_check(scenario, &template, &tracer, Kill::Never).await;
    let mut kills: BTreeMap<&'static str, usize> = BTreeMap::new();
    for mode in [Kill::Before, Kill::Half] {
        if env_setting(ALL_POINTS).is_some() {
            // Other threads may add a call, so the last point is the one after which the process ends by itself.
            for number in 1.. {
                let trace = run_and_check(scenario, &template, &tracer, mode(number)).await;
                let Some(point) = trace.killed_at() else { break };
                *kills.entry(point.name()).or_default() += 1;
            }
            continue;
        }
        let mut points = whole.points();
        points.retain(|point| mode(1) == Kill::Before(1) || point.is_file_write());
        for number in sample(&points) {
            let trace = run_and_check(scenario, &template, &tracer, mode(number)).await;
            if let Some(point) = trace.killed_at() {
                *kills.entry(point.name()).or_default() += 1;
            }
        }
    }
    print_kills(scenario, whole.points().len(), &kills);
}

#[expect(clippy::print_stdout, reason = "the table is what a person runs this for")]
fn print_kills(scenario: Scenario, points: usize, kills: &BTreeMap<&'static str, usize>) {
    let total: usize = kills.values().sum();
    let rows: String = kills.iter().map(|(name, count)| format!("  {count:>5}  {name}\n")).collect();
    println!("{scenario:?}: {points} points, {total} kills\n{rows}");
}

#[tokio::test]
async fn kill_during_first_start_keeps_promises() {
    kill_at_points(Scenario::FirstStart).await;
}

#[tokio::test]
async fn kill_during_draw_keeps_promises() {
    kill_at_points(Scenario::Draw).await;
}

#[tokio::test]
async fn kill_during_edit_keeps_promises() {
    kill_at_points(Scenario::Edit).await;
}

#[tokio::test]
async fn kill_during_parallel_calls_keeps_promises() {
    kill_at_points(Scenario::ParallelCalls).await;
}

#[tokio::test]
async fn kill_during_hosted_tool_keeps_promises() {
    kill_at_points(Scenario::HostedTool).await;
}

#[tokio::test]
async fn kill_during_tool_call_keeps_promises() {
    kill_at_points(Scenario::ToolCall).await;
}

#[tokio::test]
async fn kill_during_preserve_keeps_promises() {
    kill_at_points(Scenario::Preserve).await;
}

#[tokio::test]
async fn kill_during_composite_keeps_promises() {
    kill_at_points(Scenario::Composite).await;
}

#[tokio::test]
async fn kill_during_attachments_keeps_promises() {
    kill_at_points(Scenario::Attachments).await;
}

#[tokio::test]
async fn kill_during_fork_keeps_promises() {
    kill_at_points(Scenario::Fork).await;
}

#[tokio::test]
async fn kill_during_thread_delete_keeps_promises() {
    kill_at_points(Scenario::DeleteThread).await;
}

#[tokio::test]
async fn kill_during_image_delete_keeps_promises() {
    kill_at_points(Scenario::DeleteImage).await;
}

#[tokio::test]
async fn kill_during_compaction_keeps_promises() {
    kill_at_points(Scenario::Compaction).await;
}

#[tokio::test]
async fn kill_during_export_keeps_promises() {
    kill_at_points(Scenario::Export).await;
}

#[tokio::test]
async fn kill_during_set_export_leaves_whole_files() {
    kill_at_points(Scenario::ExportSet).await;
}

#[tokio::test]
async fn kill_during_config_write_keeps_promises() {
    kill_at_points(Scenario::ConfigWrite).await;
}

#[tokio::test]
async fn kill_during_recovery_keeps_promises() {
    kill_at_points(Scenario::Recovery).await;
}
