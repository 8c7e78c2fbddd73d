//! `easel draw` in a pipe and on a terminal.

mod formats;
#[cfg(unix)]
mod interrupt;
#[cfg(unix)]
mod on_terminal;
#[cfg(target_os = "linux")]
mod opening;
mod refusals;
mod results;
mod threads;

use std::path::PathBuf;
use std::process::Output;

use easel_testkit::image::DecodedPng;
use serde_json::Value;

use crate::harness::{FAST_AND_ENDLESS, Sandbox, read_file};

/// A sandbox with the preview provider without delays.
fn sandbox() -> Sandbox {
    Sandbox::with_config(FAST_AND_ENDLESS)
}

/// Exit code, stdout and stderr of `easel draw`.
async fn draw(sandbox: &Sandbox, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output: Output = sandbox.run(&[&["draw"], arguments].concat()).await;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// Draws, which must succeed, and returns the paths that are printed.
async fn paths(sandbox: &Sandbox, arguments: &[&str]) -> Vec<PathBuf> {
    let (code, stdout, stderr) = draw(sandbox, arguments).await;
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    stdout.lines().map(PathBuf::from).collect()
}

/// Draws with `--json`, which must succeed.
async fn json(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    let (code, stdout, stderr) = draw(sandbox, &[arguments, &["--json"]].concat()).await;
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    serde_json::from_str(&stdout).expect("one JSON object")
}

fn decode(path: &PathBuf) -> DecodedPng {
    DecodedPng::decode(&read_file(path))
}
