//! The environment and the end of credential programs.

use std::process::Stdio;
use std::time::Duration;

use easel_protocol::method::TurnInterrupt;
use easel_protocol::turn::TurnInterruptParams;
use easel_testkit::http::{MockServer, Request, Response};
use tokio::io::AsyncReadExt;
use tokio::process::{Child, Command};

use crate::harness::{HOSTED, Sandbox, Server, mock_provider_config, text};

/// Long enough for any machine. The events that tests wait for happen at once.
const TIMEOUT: Duration = Duration::from_secs(60);

fn hello(_: &Request) -> Response {
    Response::message("Hello.")
}

/// A sandbox whose provider gets its credential from this script, which runs in the home.
fn sandbox(backend: &MockServer, script: &str) -> Sandbox {
    let config = mock_provider_config(backend, "generic");
    let sandbox = Sandbox::with_config(&format!(
        "{config}[model_providers.mock.auth]\ncommand = \"sh\"\nargs = [\"-c\", '{script}']\n\
         timeout_ms = 120000\nenv_vars = [\"STUDIO_PROFILE\"]\n"
    ));
    let status = std::process::Command::new("mkfifo").arg(sandbox.home().join("pipe")).status().expect("mkfifo runs");
    assert!(status.success());
    sandbox
}

/// A program that exits once no process has the home's pipe open for writing.
fn reader(sandbox: &Sandbox) -> Child {
    let mut command = Command::new("cat");
    command.arg(sandbox.home().join("pipe")).stdout(Stdio::piped()).kill_on_drop(true);
    command.spawn().expect("cat runs")
}

async fn assert_ends(mut reader: Child) {
    let ended = tokio::time::timeout(TIMEOUT, reader.wait()).await;
    ended.expect("what the program started has ended").expect("cat ends");
}

async fn server(sandbox: &Sandbox, arguments: &[&str]) -> Server {
    let mut command = sandbox.server_command(arguments);
    command.env("OPENAI_API_KEY", "sk-canary-1").env("AWS_SECRET_ACCESS_KEY", "canary-2");
    command.env("NO_PROXY", "*").env("HTTPS_PROXY", "http://u:canary-3@127.0.0.1:1");
    command.env("PATH", "/usr/bin:/bin").env("STUDIO_PROFILE", "named").env("LC_ALL", "C");
    let mut server = Server::spawn(command);
    server.initialize(None).await;
    server
}

#[tokio::test]
async fn credential_program_sees_no_secret_and_leaves_no_process() {
    let backend = MockServer::respond(hello);
    // A process that is left also holds the pipe from which the credential is read.
    let sandbox = sandbox(&backend, "exec 9> pipe; sleep 600 & env > env.txt; echo tok");
    let reader = reader(&sandbox);
    let mut server = server(&sandbox, HOSTED).await;
    let thread = server.start_thread().await;
    server.run_turn(&thread.id, vec![text("hello")]).await;
    assert_eq!(backend.bearer_tokens("/responses"), ["tok"]);
    assert_ends(reader).await;
    let seen = std::fs::read_to_string(sandbox.home().join("env.txt")).expect("what it saw");
    assert!(!seen.contains("canary"), "{seen}");
    for passed in ["PATH=/usr/bin:/bin", "HOME=", "LC_ALL=C", "STUDIO_PROFILE=named"] {
        assert!(seen.contains(passed), "{passed} in {seen}");
    }
    server.close().await;
}

/// Starts a turn and returns once the program and its child run.
async fn start_hanging_turn(server: &mut Server, reader: &mut Child) -> TurnInterruptParams {
    let thread = server.start_thread().await;
    let turn = server.start_turn(&thread.id, vec![text("hello")]).await;
    let mut word = [0; 3];
    reader.stdout.as_mut().expect("a pipe").read_exact(&mut word).await.expect("the program runs");
    assert_eq!(&word, b"up\n");
    TurnInterruptParams { thread_id: thread.id, turn_id: turn.id }
}

const HANGS: &str = "exec 9> pipe; sleep 600 & echo up >&9; wait";

#[tokio::test]
async fn interrupt_ends_the_program_and_its_children() {
    let backend = MockServer::respond(hello);
    let sandbox = sandbox(&backend, HANGS);
    let mut reader = reader(&sandbox);
    let mut server = server(&sandbox, HOSTED).await;
    let turn = start_hanging_turn(&mut server, &mut reader).await;
    server.request::<TurnInterrupt>(&turn).await;
    assert_ends(reader).await;
    server.events_until_turn_end().await;
    server.close().await;
    assert!(backend.requests().is_empty());
}

#[tokio::test]
async fn end_of_the_server_ends_the_program_and_its_children() {
    for arguments in [HOSTED, &["-c", "server.shutdown_grace_ms=0"]] {
        let backend = MockServer::respond(hello);
        let sandbox = sandbox(&backend, HANGS);
        let mut reader = reader(&sandbox);
        let mut server = server(&sandbox, arguments).await;
        start_hanging_turn(&mut server, &mut reader).await;
        let (status, _) = server.client.close().await.expect("the server ends");
        assert_eq!(status.code(), Some(0));
        assert_ends(reader).await;
        assert!(backend.requests().is_empty());
    }
}
