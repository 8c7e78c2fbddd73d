//! Tests with OpenAI's API document and with servers that imitate OpenAI's.
//!
//! None of them is part of this repository. `tests/interop/run` installs them and names them in environment variables.
//! A test whose variable is not set is skipped.

mod aimock;
mod document;
mod form;
mod llmock;
mod requests;
mod service;

use std::path::PathBuf;

use crate::harness::env_setting;

/// The path that an environment variable names, or `None` and a printed skip.
fn path_from_env(variable: &str) -> Option<PathBuf> {
    let path = env_setting(variable).map(PathBuf::from);
    if path.is_none() {
        easel_testkit::skip("interop", &format!("{variable} is not set"));
    }
    path
}

#[expect(clippy::print_stdout, reason = "the person who runs the tests sees what was checked")]
fn print_line(line: &str) {
    println!("{line}");
}
