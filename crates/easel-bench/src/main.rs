//! Measures Easel beside other programs in one run: an echoing process, an older build, and the Codex app-server.
//!
//! `just bench` prints the table, and `just performance` writes it with plots to `docs/`. A row of the table is a
//! scenario of [`scenarios`]; all programs of a row run alternately, so that they meet the same load of the machine.
//! Everything goes through the public protocol, so that any version can be measured.
#![expect(clippy::expect_used, reason = "a benchmark stops at the first surprise")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it prints its results and what it is doing")]

mod cli;

mod scenarios;

mod photo;
mod process;
mod program;
mod provider;

mod document;
mod environment;
mod instructions;
mod phases;
mod plots;
mod report;
mod samples;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
