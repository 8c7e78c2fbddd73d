//! What a run was measured on.

use std::process::Command;
use std::time::SystemTime;

use serde::Serialize;

use crate::program::{Kind, Program};

/// The machine, the versions and the date of a run.
#[derive(Debug, Serialize)]
pub(crate) struct Environment {
    pub(crate) date: String,
    pub(crate) processor: String,
    pub(crate) processors: usize,
    pub(crate) system: String,
    pub(crate) compiler: String,
    pub(crate) commit: String,
    /// The load of the last minute before the run, in running processes. A busy machine gives other figures.
    pub(crate) load: String,
    pub(crate) versions: Vec<(Kind, String)>,
}

/// Describes this machine and the programs.
pub(crate) fn describe(programs: &[Program]) -> Environment {
    let cpu_info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let processor = cpu_info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    Environment {
        date: httpdate::fmt_http_date(SystemTime::now()),
        processor: processor.map_or("unknown", |(_, name)| name).to_owned(),
        processors: std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
        system: output("uname", &["-sr"]),
        compiler: output("rustc", &["--version"]),
        commit: output("git", &["rev-parse", "--short", "HEAD"]),
        load: load.split(' ').next().unwrap_or_default().to_owned(),
        versions: programs
            .iter()
            .map(|program| (program.kind, output(&program.path.to_string_lossy(), &["--version"])))
            .collect(),
    }
}

/// Returns the first line that a command prints; empty if it cannot run.
fn output(command: &str, arguments: &[&str]) -> String {
    let output = Command::new(command).args(arguments).output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).lines().next().unwrap_or_default().to_owned()
}

impl Environment {
    /// Describes the run in one paragraph.
    pub(crate) fn to_sentence(&self) -> String {
        let versions: Vec<String> =
            self.versions.iter().map(|(kind, version)| format!("{kind:?} `{version}`")).collect();
        format!(
            "Measured {} on {} ({} processors, load {} at the start), {}, {}, commit `{}`: {}.",
            self.date,
            self.processor,
            self.processors,
            self.load,
            self.system,
            self.compiler,
            self.commit,
            versions.join(", ")
        )
    }
}
