//! The power fails at each system call. What was announced about images, and what was billed, is kept.
//!
//! One process runs to its end under the tracer, which logs what it writes. For each call, [`disk`] builds what a disk
//! may have if the power failed before it, and Easel starts on that. `turn/start` promises less than after the death of
//! the process: its message is not flushed until the first image call.

mod disk;

use easel_client::Direction;
use easel_testkit::rng::Rng;

use super::aftermath::{Aftermath, Loss};
use super::points::SystemCall;
use super::promises::Promises;
use super::scenarios::Scenario;
use super::session::Session;
use super::tracer::{Ending, Kill, Trace, TraceOptions, Tracer};
use super::{ALL_POINTS, Label};
use crate::harness::{Sandbox, env_setting};
use disk::{Cache, Disk};

/// In a sample, the power fails at this many calls of a scenario: with slow tests, and without.
const SAMPLE_SIZES: [usize; 2] = [12, 3];

/// The lines that the process had sent before a call, after those that the client had sent.
fn lines_until(sent: &[(Direction, String)], calls: &[SystemCall]) -> Vec<(Direction, String)> {
    let output: Vec<u8> =
        calls.iter().filter(|call| call.kind == "output").flat_map(|call| call.data.iter().copied()).collect();
    let output = String::from_utf8_lossy(&output).into_owned();
    let received = output.lines().map(|line| (Direction::Received, line.to_owned()));
    sent.iter().filter(|(direction, _)| *direction == Direction::Sent).cloned().chain(received).collect()
}

/// The requests for images that were sent before a call.
fn count_sent(scenario: Scenario, calls: &[SystemCall]) -> usize {
    let start: &[u8] = if scenario == Scenario::HostedTool { b"POST /v1/responses" } else { b"POST /v1/images/" };
    calls.iter().filter(|call| call.kind == "socket" && call.data.starts_with(start)).count()
}

/// Runs a scenario, and checks what a power cut leaves at its calls.
async fn cut_power_at_points(scenario: Scenario) {
    let Some(tracer) = Tracer::compile() else { return };
    let template = scenario.prepare(&tracer).await;
    let sandbox = template.sandbox.copy();
    let mut disk = Disk::read(sandbox.root());
    let options = TraceOptions { kill: Kill::Never, counts_start: true, with_data: true };
    let mut session = Session::start(&tracer, &sandbox, &template.arguments(), options);
    scenario.run(&mut session, &template, &sandbox).await.expect("the process lives");
    let (code, lines) = session.end().await;
    let trace = Trace::read(&sandbox, options, code);
    assert_eq!(trace.ending, Ending::Exit(0));

    let distance = match env_setting(ALL_POINTS) {
        Some(_) => 1,
        None => trace.calls.len().div_ceil(SAMPLE_SIZES[usize::from(env_setting("RUN_SLOW_TESTS").is_none())]),
    };
    let mut cuts = 0;
    let mut rng = Rng::new(1);
    for (index, call) in trace.calls.iter().enumerate() {
        if index % distance == distance - 1 {
            let (before, seed) = (&trace.calls[..index], rng.below(1 << 30) as u64);
            for cache in [Cache::Lost, Cache::NamesKept, Cache::ContentKept, Cache::Random(seed)] {
                let _label = Label(format!("{scenario:?}, {cache:?}, before call {index}: {call:?}"));
                let promises = Promises::read(&lines_until(&lines, before));
                let sandbox = Sandbox::empty();
                disk.write_to(sandbox.root(), cache);
                let requests_before = template.provider.requests().len();
                let after = Aftermath { loss: Loss::Power, scenario, template: &template, sandbox: &sandbox, promises };
                after.check(count_sent(scenario, before), requests_before).await;
                cuts += 1;
            }
        }
        disk.follow(call);
    }
    print_cuts(scenario, trace.calls.len(), cuts);
}

#[expect(clippy::print_stdout, reason = "the table is what a person runs this for")]
fn print_cuts(scenario: Scenario, calls: usize, cuts: usize) {
    println!("{scenario:?}: {calls} calls, {cuts} power cuts");
}

#[tokio::test]
async fn power_cut_during_first_start_keeps_images() {
    cut_power_at_points(Scenario::FirstStart).await;
}

#[tokio::test]
async fn power_cut_during_draw_keeps_images() {
    cut_power_at_points(Scenario::Draw).await;
}

#[tokio::test]
async fn power_cut_during_edit_keeps_images() {
    cut_power_at_points(Scenario::Edit).await;
}

#[tokio::test]
async fn power_cut_during_parallel_calls_keeps_images() {
    cut_power_at_points(Scenario::ParallelCalls).await;
}

#[tokio::test]
async fn power_cut_during_hosted_tool_keeps_images() {
    cut_power_at_points(Scenario::HostedTool).await;
}

#[tokio::test]
async fn power_cut_during_tool_call_keeps_promises() {
    cut_power_at_points(Scenario::ToolCall).await;
}

#[tokio::test]
async fn power_cut_during_preserve_keeps_images() {
    cut_power_at_points(Scenario::Preserve).await;
}

#[tokio::test]
async fn power_cut_during_composite_keeps_images() {
    cut_power_at_points(Scenario::Composite).await;
}

#[tokio::test]
async fn power_cut_during_attachments_keeps_images() {
    cut_power_at_points(Scenario::Attachments).await;
}

#[tokio::test]
async fn power_cut_during_fork_keeps_images() {
    cut_power_at_points(Scenario::Fork).await;
}

#[tokio::test]
async fn power_cut_during_thread_delete_keeps_images() {
    cut_power_at_points(Scenario::DeleteThread).await;
}

#[tokio::test]
async fn power_cut_during_image_delete_keeps_images() {
    cut_power_at_points(Scenario::DeleteImage).await;
}

#[tokio::test]
async fn power_cut_during_export_keeps_images() {
    cut_power_at_points(Scenario::Export).await;
}

#[tokio::test]
async fn power_cut_during_config_write_keeps_settings() {
    cut_power_at_points(Scenario::ConfigWrite).await;
}

#[tokio::test]
async fn power_cut_during_recovery_keeps_images() {
    cut_power_at_points(Scenario::Recovery).await;
}
