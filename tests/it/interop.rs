//! What others wrote is spoken to and judged by: OpenAI's description of its API, and servers that stand in for it.
//!
//! None of it is part of this repository. `tests/interop/run` installs it and names it in variables; a test whose
//! variable is not set says so and passes.

mod document;
mod form;

mod judge;

mod service;

mod aimock;
mod llmock;

use std::path::PathBuf;

use crate::harness::env_setting;

/// What the variable names, or a line that says it is not there.
fn named(variable: &str) -> Option<PathBuf> {
    let named = env_setting(variable).map(PathBuf::from);
    if named.is_none() {
        say(&format!("skipped: {variable} is not set"));
    }
    named
}

#[expect(clippy::print_stdout, reason = "who runs the tests learns what was tried and how it was judged")]
fn say(line: &str) {
    println!("{line}");
}
