//! A server in a process of its own: this test binary, started again.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Read, Write, pipe};
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::Duration;

use easel_rpc::{ClientWatch, Limits, LineReader, Outbox, Signals, serve, take_stdio};
use rustix::fs::{OFlags, fcntl_setfl};
use rustix::process::{Pid, Signal, kill_process};
use tokio_util::task::TaskTracker;

use crate::client::PATIENCE;
use crate::server::{Cx, table};

const ROLE: &str = "EASEL_RPC_TEST_ROLE";

/// Does nothing unless a test below starts it as a server.
#[test]
fn the_server_of_the_process_tests() {
    #[expect(clippy::disallowed_methods, reason = "the only way to tell the started process from the starting one")]
    let role = std::env::var_os(ROLE);
    if role != Some(OsString::from("server")) {
        return;
    }
    // Kept until the exit: dropping it first would answer what is in flight.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let code = runtime.block_on(run());
    #[expect(clippy::exit, reason = "the reader thread still waits for input, as in the real server")]
    std::process::exit(code);
}

#[expect(clippy::print_stdout, reason = "the stray output that the test is about")]
async fn run() -> i32 {
    let (stdin, stdout) = take_stdio().unwrap();
    assert!(take_stdio().is_err(), "there is one standard output");
    // What a library prints, and what a child process prints and reads.
    println!("stray text");
    Command::new("sh").args(["-c", "echo stray child; cat"]).spawn().unwrap().wait().unwrap();

    let mut signals = Signals::install().unwrap();
    let limits = Limits::default();
    let watch = ClientWatch::new(&stdout).unwrap();
    let outbox = Outbox::start_with_sink(stdout, limits.outbox_bytes).unwrap();
    let cx = Cx {
        outbox: outbox.clone(),
        tasks: TaskTracker::new(),
        gate: Arc::new(tokio::sync::Semaphore::new(0)),
        log: Arc::default(),
    };
    let watched = outbox.clone();
    watch.start(move |_| watched.close()).unwrap();
    let session =
        serve(Arc::new(table(limits)), cx, LineReader::new(stdin, limits.max_line_bytes), outbox, limits).unwrap();
    tokio::select! {
        _ = session.ended() => {}
        () = signals.next() => {}
    }
    tokio::select! {
        _ = session.drain(PATIENCE) => {}
        () = signals.next() => return 3,
    }
    i32::from(!session.finish(Duration::from_secs(5)).await)
}

/// A started server, initialized.
struct Server {
    child: Child,
    to: PipeWriter,
    from: BufReader<PipeReader>,
}

fn start(command: Command) -> Server {
    start_over(command, pipe().unwrap(), pipe().unwrap())
}

fn start_over(mut command: Command, input: (PipeReader, PipeWriter), output: (PipeReader, PipeWriter)) -> Server {
    let (stdin, mut to) = input;
    let (from, stdout) = output;
    let child = command.env(ROLE, "server").stdin(stdin).stdout(stdout).spawn().unwrap();
    // The command keeps the server's ends open otherwise.
    drop(command);
    let mut from = BufReader::new(from);
    writeln!(to, r#"{{"id":1,"method":"initialize"}}"#).unwrap();
    // The test harness says a few words before the server takes standard output over.
    let mut line = String::new();
    while !line.starts_with('{') {
        line.clear();
        assert_ne!(from.read_line(&mut line).unwrap(), 0, "the server started");
    }
    assert_eq!(line, "{\"id\":1,\"result\":{\"codexHome\":\"/\"}}\n");
    Server { child, to, from }
}

/// The arguments that make this test binary a server.
const AS_SERVER: [&str; 3] = ["--exact", "process::the_server_of_the_process_tests", "--nocapture"];

fn server() -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(AS_SERVER);
    command
}

impl Server {
    fn rest(&mut self) -> String {
        let mut rest = String::new();
        self.from.read_to_string(&mut rest).unwrap();
        rest
    }

    fn kill(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }
}

#[test]
fn stray_output_goes_to_stderr_and_children_read_nothing() {
    let (mut stderr, write) = pipe().unwrap();
    let mut command = server();
    command.stderr(write);
    let Server { mut child, mut to, mut from } = start(command);
    writeln!(to, r#"{{"id":2,"method":"test/echo"}}"#).unwrap();
    drop(to);
    let mut rest = String::new();
    from.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "{\"id\":2,\"result\":{}}\n");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut strays = String::new();
    stderr.read_to_string(&mut strays).unwrap();
    assert!(strays.contains("stray text\n") && strays.contains("stray child\n"), "{strays}");
}

#[test]
fn pipes_that_somebody_made_non_blocking_are_waited_for() {
    let (input, output) = (pipe().unwrap(), pipe().unwrap());
    fcntl_setfl(&input.0, OFlags::NONBLOCK).unwrap();
    fcntl_setfl(&output.1, OFlags::NONBLOCK).unwrap();
    let mut server = start_over(server(), input, output);
    for id in 0..10 {
        writeln!(server.to, r#"{{"id":{id},"method":"test/big","params":{{"bytes":100000}}}}"#).unwrap();
    }
    drop(server.to);
    let mut rest = String::new();
    server.from.read_to_string(&mut rest).unwrap();
    assert_eq!(rest.lines().count(), 10);
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

#[test]
fn the_first_signal_drains_and_the_second_exits_at_once() {
    let mut server = start(server());
    writeln!(server.to, r#"{{"id":2,"method":"test/gate"}}"#).unwrap();
    writeln!(server.to, r#"{{"id":3,"method":"test/echo"}}"#).unwrap();
    let mut line = String::new();
    server.from.read_line(&mut line).unwrap();
    assert!(line.contains("\"id\":3"));
    server.kill(Signal::TERM);
    // Signals of one kind merge while one is pending, so the second is another.
    server.kill(Signal::INT);
    assert_eq!(server.rest(), "");
    assert_eq!(server.child.wait().unwrap().code(), Some(3));

    let mut server = start(self::server());
    server.kill(Signal::TERM);
    assert_eq!(server.rest(), "");
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_client_that_closes_the_output_ends_a_silent_server() {
    let Server { mut child, to, from } = start(server());
    drop(from);
    assert_eq!(child.wait().unwrap().code(), Some(1));
    drop(to);
}

#[test]
fn a_server_does_not_outlive_its_parent() {
    let mut command = Command::new("sh");
    // The shell gives its input on, waits, and is killed; the input stays open, held by this test.
    command.args(["-c", r#"exec 3<&0; "$0" "$@" <&3 & wait"#]).arg(std::env::current_exe().unwrap()).args(AS_SERVER);
    let mut server = start(command);
    server.child.kill().unwrap();
    server.child.wait().unwrap();
    assert_eq!(server.rest(), "", "the output ends although the input does not");
    drop(server.to);
}
