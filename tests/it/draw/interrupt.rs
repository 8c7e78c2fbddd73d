//! A user who stops the command.

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};

use easel_testkit::http::{MockServer, Response, Step};
use serde_json::json;

use crate::harness::{SLOW_AND_FREE, Sandbox, mock_provider_config};

/// Starts to draw, waits until `started`, and sends SIGINT. Returns the exit code and the rest of stderr.
async fn interrupt(config: &str, options: &[&str], started: impl AsyncFn()) -> (Option<i32>, String) {
    let sandbox = Sandbox::with_config(config);
    let mut command = sandbox.command(&[&["draw", "a red star"], options].concat());
    let mut program = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let mut lines = BufReader::new(program.stderr.take().expect("a pipe")).lines();
    while lines.next_line().await.expect("text").expect("the image starts") != "easel: drawing" {}
    started().await;
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
    let provider = MockServer::choose(|_, request| match request.path.ends_with("/responses") {
        true => vec![Step::Send(Response::image_calls(&[json!({ "prompt": "a star" })]).to_bytes()), Step::Close],
        false => vec![Step::AwaitDisconnect],
    });
    for options in [&[][..], &["--size", "1024x1024"]] {
        let posts = provider.requests_to("/images/generations").len();
        let sent = async || {
            while provider.requests_to("/images/generations").len() == posts {
                provider.request_arrived().await;
            }
        };
        let (code, stderr) = interrupt(&mock_provider_config(&provider, "generic"), options, sent).await;
        assert_eq!(code, Some(130), "{options:?}: {stderr}");
        let last = stderr.lines().last().unwrap_or_default();
        assert_eq!(last, "easel: interrupted. The provider may have billed it.", "{stderr}");
    }
}

#[tokio::test]
async fn interrupted_preview_bills_nothing() {
    let (code, stderr) = interrupt(SLOW_AND_FREE, &[], async || ()).await;
    assert_eq!(code, Some(130), "{stderr}");
    assert!(stderr.contains("Nothing was billed."), "{stderr}");
}
