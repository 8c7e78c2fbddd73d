//! `--open`, with an opener of the test in the place of the desktop's.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use super::sandbox;
use crate::harness::Sandbox;

/// Draws two images and opens them, with the programs of this folder. Returns the paths and stderr.
async fn draw_and_open(sandbox: &Sandbox, path: &str) -> (Vec<String>, String) {
    let mut command = sandbox.command(&["draw", "a red star", "-n", "2", "--open"]);
    let output = command.env("PATH", path).output().await.expect("the program starts");
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    (stdout.lines().map(str::to_owned).collect(), stderr.into_owned())
}

#[tokio::test]
async fn each_image_is_given_to_the_opener_of_the_system() {
    let sandbox = sandbox();
    let opened = sandbox.root().join("opened");
    let opener = sandbox.root().join("xdg-open");
    let script = format!("#!/bin/sh\necho \"$1\" >> '{}'\n", opened.display());
    std::fs::write(&opener, script).expect("a script");
    std::fs::set_permissions(&opener, std::fs::Permissions::from_mode(0o700)).expect("a program");
    let (paths, _) = draw_and_open(&sandbox, &sandbox.root().display().to_string()).await;
    assert_eq!(paths.len(), 2);
    // The command does not wait for the opener.
    let read = || std::fs::read_to_string(&opened).unwrap_or_default();
    let wait = async {
        while read().lines().count() < paths.len() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait).await.expect("both are opened");
    let mut lines: Vec<String> = read().lines().map(str::to_owned).collect();
    lines.sort();
    let mut sorted = paths.clone();
    sorted.sort();
    assert_eq!(lines, sorted);
}

#[tokio::test]
async fn image_without_opener_is_made_and_named() {
    let sandbox = sandbox();
    let (paths, stderr) = draw_and_open(&sandbox, &sandbox.project().display().to_string()).await;
    for path in paths {
        assert!(std::path::Path::new(&path).is_file());
        assert!(stderr.contains(&format!("easel: {path} cannot be opened: ")), "{stderr}");
    }
}
