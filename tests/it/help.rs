//! The help of every command, completions, manual pages and the version.

use crate::harness::Sandbox;

async fn stdout(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let output = sandbox.run(arguments).await;
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()), "{arguments:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// The names below `Commands:`.
fn subcommands(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help").map(str::to_owned).collect()
}

#[tokio::test]
async fn help_of_every_command_is_reviewed() {
    let sandbox = Sandbox::new();
    let mut all = String::new();
    let mut left = vec![Vec::<String>::new()];
    while let Some(path) = left.pop() {
        let mut arguments: Vec<&str> = path.iter().map(String::as_str).collect();
        arguments.push("--help");
        let help = stdout(&sandbox, &arguments).await;
        all.push_str(&format!("$ easel {}\n{help}\n", arguments.join(" ")));
        left.extend(subcommands(&help).into_iter().rev().map(|name| [path.clone(), vec![name]].concat()));
    }
    // clap leaves spaces in the empty line before the values of an option.
    let lines: Vec<&str> = all.lines().map(str::trim_end).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[tokio::test]
async fn version_has_the_protocol() {
    let version = stdout(&Sandbox::new(), &["--version"]).await;
    assert!(version.starts_with("easel 0.1.0 (app-server protocol 0.169.0"), "{version}");
}

#[tokio::test]
async fn completions_are_printed_for_every_shell() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = stdout(&sandbox, &["completions", shell]).await;
        assert!(script.contains("app-server") && script.len() > 1_000, "{shell}");
    }
}

#[tokio::test]
async fn every_command_has_a_manual_page() {
    let sandbox = Sandbox::new();
    let folder = sandbox.root().join("man");
    stdout(&sandbox, &["man", "--out", &folder.display().to_string()]).await;
    for page in ["easel.1", "easel-app-server.1", "easel-config-check.1"] {
        let text = std::fs::read_to_string(folder.join(page)).expect("a page");
        assert!(text.contains(".TH") && text.contains("easel"), "{page}");
    }
}
