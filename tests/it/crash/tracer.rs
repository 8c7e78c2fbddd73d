//! Runs the executable under `tracer.c`, which can kill it at the N-th system call.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use super::points::{Point, SystemCall};
use crate::harness::{EASEL, Sandbox};

const SOURCE: &str = include_str!("tracer.c");

/// When the process is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kill {
    Never,
    /// Before the point with this number, from 1.
    Before(usize),
    /// In the middle of the write to a file with this number, from 1.
    Half(usize),
}

/// How a traced process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Killed,
    Exit(i32),
}

/// The compiled tracer.
#[derive(Debug)]
pub(super) struct Tracer(PathBuf);

impl Tracer {
    /// Compiles the tracer once for all tests. Returns `None`, and reports a skipped test, if that is not possible.
    pub(super) fn compile() -> Option<Self> {
        static PROGRAM: OnceLock<Result<PathBuf, String>> = OnceLock::new();
        match PROGRAM.get_or_init(compile) {
            Ok(program) => Some(Self(program.clone())),
            Err(reason) => {
                easel_testkit::skip("crash", reason);
                None
            }
        }
    }

    /// The command of a traced server.
    pub(super) fn command(
        &self,
        sandbox: &Sandbox,
        options: TraceOptions,
        arguments: &[&str],
    ) -> tokio::process::Command {
        let mut command = tokio::process::Command::new(&self.0);
        match options.kill {
            Kill::Never => {}
            Kill::Before(number) => drop(command.args(["-k", &number.to_string()])),
            Kill::Half(number) => drop(command.args(["-t", "-k", &number.to_string()])),
        }
        if options.counts_start {
            command.arg("-a");
        }
        if options.with_data {
            command.arg("-d");
        }
        command.arg("-o").arg(log_path(sandbox)).args([EASEL, "app-server"]).args(arguments);
        sandbox.isolate(command)
    }
}

/// What the tracer counts and logs.
#[derive(Debug, Clone, Copy)]
pub(super) struct TraceOptions {
    pub(super) kill: Kill,
    /// Whether calls are counted from the start of the process, and not from a signal on.
    pub(super) counts_start: bool,
    /// Whether the log has the bytes that were written.
    pub(super) with_data: bool,
}

fn compile() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let name = |suffix: &str| folder.join(format!("crash-tracer-{}{suffix}", std::process::id()));
    let (source, program) = (name(".c"), name(""));
    std::fs::write(&source, SOURCE).map_err(|error| error.to_string())?;
    let output = Command::new("cc").args(["-O1", "-Wall", "-Werror", "-o"]).arg(&program).arg(&source).output();
    let output = output.map_err(|error| format!("no C compiler runs: {error}"))?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // In some containers no process may trace another.
    let log = name(".log");
    let works = Command::new(&program).arg("-o").arg(&log).arg(EASEL).arg("--version").output();
    match works {
        Ok(output) if output.status.success() => Ok(program),
        other => Err(format!("a process cannot be traced: {other:?}")),
    }
}

/// The log of the traced process of a sandbox.
fn log_path(sandbox: &Sandbox) -> PathBuf {
    sandbox.root().join("trace")
}

/// The system calls of a process, and how it ended.
#[derive(Debug)]
pub(super) struct Trace {
    pub(super) calls: Vec<SystemCall>,
    pub(super) ending: Ending,
}

impl Trace {
    /// Reads the log of a process that has ended with this code.
    pub(super) fn read(sandbox: &Sandbox, options: TraceOptions, code: i32) -> Self {
        let log = std::fs::read(log_path(sandbox)).expect("the log of the tracer");
        let ending = if code == 137 { Ending::Killed } else { Ending::Exit(code) };
        Self { calls: SystemCall::parse_all(&log, options.with_data), ending }
    }

    /// The calls that were counted, with their names.
    pub(super) fn points(&self) -> Vec<Point<'_>> {
        Point::all(&self.calls)
    }

    /// The call before which, or during which, the process was killed.
    pub(super) fn killed_at(&self) -> Option<Point<'_>> {
        if self.ending == Ending::Killed { self.points().pop() } else { None }
    }
}
