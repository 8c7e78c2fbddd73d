//! The command line that clients of the Codex app-server use, and unknown configuration.

use std::process::{Command, Output};

use crate::harness::{EASEL, Sandbox};
use crate::wire::raw::RawServer;

/// Starts `easel` with these arguments and returns the summaries of its warnings.
fn start_and_read_warnings(sandbox: &Sandbox, arguments: &[&str]) -> Vec<String> {
    let mut command = Command::new(EASEL);
    command.args(arguments).current_dir(sandbox.project()).env_clear().env("EASEL_HOME", sandbox.home());
    let mut server = RawServer::spawn(command);
    server.initialize();
    server.close_input();
    let summaries = server.read_to_end();
    assert_eq!(server.wait_for_exit_code(), Some(0), "{arguments:?}");
    summaries.iter().map(|line| summary(line)).collect()
}

fn summary(line: &str) -> String {
    let warning: serde_json::Value = serde_json::from_str(line).expect("a JSON line");
    assert_eq!(warning["method"], "configWarning", "{line}");
    warning["params"]["summary"].as_str().expect("a summary").to_owned()
}

fn run(arguments: &[&str]) -> Output {
    let sandbox = Sandbox::new();
    let mut command = Command::new(EASEL);
    command.args(arguments).current_dir(sandbox.project()).env_clear().env("EASEL_HOME", sandbox.home());
    command.output().expect("the program starts")
}

#[test]
fn every_spelling_of_stdio_serves() {
    let sandbox = Sandbox::new();
    let provider = ["-c", "model_provider=preview"];
    for arguments in [
        &["app-server", "--listen", "stdio://"][..],
        &["app-server", "--listen=stdio://"],
        &["app-server", "--stdio"],
        &["app-server"],
    ] {
        assert_eq!(start_and_read_warnings(&sandbox, &[arguments, &provider].concat()), [""; 0], "{arguments:?}");
        assert_eq!(start_and_read_warnings(&sandbox, &[&provider, arguments].concat()), [""; 0], "{arguments:?}");
    }
}

#[test]
fn options_count_before_and_after_the_subcommand() {
    let sandbox = Sandbox::new();
    let summaries = start_and_read_warnings(
        &sandbox,
        &[
            "-c",
            "a.before=1",
            "--config",
            "model_provider=\"preview\"",
            "--enable",
            "enabled_before",
            "--disable=disabled_before",
            "app-server",
            "--config=b.after=x",
            "-cc.glued=[1,2",
            "--enable",
            "enabled_after",
            "--disable",
            "disabled_after",
        ],
    );
    insta::assert_snapshot!(summaries.join("\n"), @r#"
    Unknown key `a` on the command line was ignored.
    Unknown key `b` on the command line was ignored.
    Unknown key `c` on the command line was ignored.
    Unknown feature `enabled_before` on the command line was ignored.
    Unknown feature `enabled_after` on the command line was ignored.
    Unknown feature `disabled_before` on the command line was ignored.
    Unknown feature `disabled_after` on the command line was ignored.
    "#);
}

#[test]
fn missing_profile_is_a_warning() {
    let sandbox = Sandbox::new();
    let summaries =
        start_and_read_warnings(&sandbox, &["--profile", "nope", "app-server", "-c", "model_provider=preview"]);
    insta::assert_snapshot!(sandbox.hide_root(&summaries.join("\n"), "ROOT"), @"ROOT/home/config.toml: Profile `nope` of `--profile` does not exist.");
}

#[test]
fn invalid_config_options_are_warnings() {
    let sandbox = Sandbox::new();
    let summaries = start_and_read_warnings(
        &sandbox,
        &[
            "app-server",
            "-c",
            "model_provider=preview",
            "-c",
            "images.parallel=1000",
            "-c",
            "server=sk-secret",
            "-c",
            "novalue",
            "-c",
            "=x",
            "-c",
            "",
            "--enable",
            "",
        ],
    );
    assert!(!summaries.join("\n").contains("sk-secret"), "a value may be a secret");
    insta::assert_snapshot!(summaries.join("\n"), @r#"
    Option `-c` number 4 was ignored: it is not `key=value`.
    Option `-c` number 5 was ignored: it is not `key=value`.
    Option `-c` number 6 was ignored: it is not `key=value`.
    `images.parallel` on the command line was ignored: it must be a whole number from 1 to 16.
    `server` on the command line was ignored: it must be a table.
    Unknown feature `` on the command line was ignored.
    "#);
}

#[test]
fn unused_codex_options_are_ignored_silently() {
    let sandbox = Sandbox::new();
    let summaries = start_and_read_warnings(
        &sandbox,
        &[
            "-c",
            "sandbox_mode=\"danger-full-access\"",
            "-c",
            "approval_policy=never",
            "app-server",
            "-c",
            "model_provider=preview",
            "-c",
            "mcp_servers.x.command=\"y\"",
            "-c",
            "model_reasoning_effort=high",
        ],
    );
    assert_eq!(summaries, [""; 0]);
}

#[test]
fn broken_config_file_is_a_warning_with_its_name() {
    let sandbox = Sandbox::with_config("model_provider = \"preview\"\nunknown_key = 1\n[images]\nparallel = \"x\"\n");
    let summaries = start_and_read_warnings(&sandbox, &["app-server"]).join("\n");
    insta::assert_snapshot!(sandbox.hide_root(&summaries, "ROOT"), @r#"
    ROOT/home/config.toml:2: Unknown key `unknown_key` was ignored.
    ROOT/home/config.toml:4: `images.parallel` was ignored: it must be a whole number from 1 to 16.
    "#);

    let sandbox = Sandbox::with_config("model_provider = \n");
    let summaries = start_and_read_warnings(&sandbox, &["app-server"]);
    assert!(summaries.iter().any(|summary| summary.contains("config.toml:1")), "{summaries:?}");
}

#[test]
fn the_version_is_one_line() {
    for flag in ["--version", "-V"] {
        let output = run(&[flag]);
        assert_eq!(output.status.code(), Some(0));
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert!(stdout.starts_with(concat!("easel ", env!("CARGO_PKG_VERSION"), " (")), "{stdout}");
        assert_eq!(stdout.find('\n'), Some(stdout.len() - 1), "{stdout}");
        assert!(output.stderr.is_empty());
    }
}

#[test]
fn wrong_usage_exits_2_and_says_nothing_on_stdout() {
    for arguments in [
        &[][..],
        &["nonsense"],
        &["app-server", "--nonsense"],
        &["app-server", "--listen"],
        &["app-server", "--listen", "tcp://0.0.0.0:1"],
        &["app-server", "stray"],
        &["-c"],
        &["features"],
        &["app-server", "generate-ts"],
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
}
