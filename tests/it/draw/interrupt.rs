//! A user who stops the command.

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::harness::{SLOW_AND_BILLING, SLOW_AND_FREE, Sandbox};

/// Starts to draw and sends SIGINT during it. Returns the exit code and the rest of stderr.
async fn interrupt(config: &str, options: &[&str]) -> (Option<i32>, String) {
    let sandbox = Sandbox::with_config(config);
    let mut command = sandbox.command(&[&["draw", "a red star"], options].concat());
    let mut program = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let mut lines = BufReader::new(program.stderr.take().expect("a pipe")).lines();
    while lines.next_line().await.expect("text").expect("the image starts") != "easel: drawing" {}
    let pid = i32::try_from(program.id().expect("it runs")).expect("a process id");
    kill_process(Pid::from_raw(pid).expect("a process id"), Signal::INT).expect("a signal");
    let mut rest = String::new();
    while let Some(line) = lines.next_line().await.expect("text") {
        rest += &line;
        rest += "\n";
    }
    (program.wait().await.expect("it ends").code(), rest)
}

#[tokio::test]
async fn interrupted_drawing_says_what_may_be_billed() {
    for options in [&[][..], &["--size", "1024x1024"]] {
        let (code, stderr) = interrupt(SLOW_AND_BILLING, options).await;
        assert_eq!(code, Some(130), "{options:?}: {stderr}");
        assert!(stderr.contains("easel: interrupted. ") && stderr.contains("may have billed it."), "{stderr}");
    }
}

#[tokio::test]
async fn interrupted_preview_bills_nothing() {
    let (code, stderr) = interrupt(SLOW_AND_FREE, &[]).await;
    assert_eq!(code, Some(130), "{stderr}");
    assert!(stderr.contains("Nothing was billed."), "{stderr}");
}
