//! A server as a plain child process. The test reads and writes its pipes directly.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use serde_json::Value;

use crate::harness::Sandbox;
use crate::harness::conformance::SchemaChecker;

/// The time after which the watchdog kills the server, so that a hanging server fails its test.
const TIMEOUT: Duration = Duration::from_secs(120);

/// A configuration without warnings.
pub(crate) const NO_WARNINGS: &str = "model_provider=preview";

/// The shortest handshake.
pub(crate) const INITIALIZE: &str =
    r#"{"id":"hello","method":"initialize","params":{"clientInfo":{"name":"raw","version":"1.0.0"}}}"#;

/// A child process and its pipes, killed on drop.
pub(crate) struct RawServer {
    pub(crate) child: Child,
    input: Option<ChildStdin>,
    output: Option<BufReader<ChildStdout>>,
    checker: SchemaChecker,
    _watchdog: SyncSender<()>,
}

/// A signal that ends processes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Signal {
    Term,
    Int,
    Kill,
    HangUp,
}

impl RawServer {
    /// A server after its handshake that sends nothing by itself.
    pub(crate) fn start(sandbox: &Sandbox, arguments: &[&str]) -> Self {
        let arguments = [&["-c", NO_WARNINGS], arguments].concat();
        let mut server = Self::spawn(sandbox.server_command(&arguments).into_std());
        server.initialize();
        server
    }

    /// Like [`Self::start`], for tests that compare memory.
    pub(crate) fn start_measured(sandbox: &Sandbox, arguments: &[&str]) -> Self {
        let arguments = [&["-c", NO_WARNINGS], arguments].concat();
        let mut server = Self::spawn(sandbox.measured_server_command(&arguments).into_std());
        server.initialize();
        server
    }

    /// Starts any command with pipes for stdin and stdout. It shares the test's stderr.
    pub(crate) fn spawn(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let (input, output) = (child.stdin.take(), child.stdout.take().map(BufReader::new));
        let watchdog = watch(child.id());
        Self { child, input, output, checker: SchemaChecker::default(), _watchdog: watchdog }
    }

    /// Sends `initialize` and reads the response.
    pub(crate) fn initialize(&mut self) {
        let response = self.round_trip(INITIALIZE);
        assert!(response.starts_with(r#"{"id":"hello","result":{"#), "{response}");
    }

    pub(crate) fn send(&mut self, line: &str) {
        self.send_bytes(line.as_bytes());
        self.send_bytes(b"\n");
    }

    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) {
        self.checker.record_sent_bytes(bytes);
        self.input.as_mut().expect("an open input").write_all(bytes).expect("the server reads its input");
    }

    /// Reads the next line, without its newline.
    pub(crate) fn read_line(&mut self) -> String {
        let mut line = String::new();
        let output = self.output.as_mut().expect("an open output");
        let read = output.read_line(&mut line).expect("lines are UTF-8");
        assert!(read > 0, "the output ended");
        assert_eq!(line.pop(), Some('\n'), "a whole line");
        self.checker.check_received(&line);
        line
    }

    pub(crate) fn read_json(&mut self) -> Value {
        let line = self.read_line();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// Sends one line. The next line must be its response.
    pub(crate) fn round_trip(&mut self, line: &str) -> String {
        self.send(line);
        self.read_line()
    }

    /// Sends a request that must succeed. Events before the response are dropped.
    pub(crate) fn request(&mut self, method: &str, params: &Value) -> Value {
        self.send(&serde_json::json!({ "id": "result", "method": method, "params": params }).to_string());
        loop {
            let mut message = self.read_json();
            if message["id"] == "result" {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].take();
            }
        }
    }

    /// Starts a thread and returns its id.
    pub(crate) fn start_thread(&mut self) -> String {
        let started = self.request("thread/start", &serde_json::json!({}));
        assert_eq!(self.read_json()["method"], "thread/started");
        let id = started["thread"]["id"].as_str().expect("a thread id").to_owned();
        // The event is sent while `thread/start` is still in the thread's queue. A read waits until it has left.
        self.request("thread/read", &serde_json::json!({ "threadId": id }));
        id
    }

    /// Reads messages up to and including the first notification of this method.
    pub(crate) fn read_until(&mut self, method: &str) -> Vec<Value> {
        let mut messages = Vec::new();
        loop {
            messages.push(self.read_json());
            if messages.last().is_some_and(|message| message["method"] == method) {
                return messages;
            }
        }
    }

    /// Checks that the connection still works.
    pub(crate) fn assert_alive(&mut self) {
        let response = self.round_trip(r#"{"id":"alive","method":"account/read"}"#);
        assert!(response.starts_with(r#"{"id":"alive","result":{"#), "{response}");
    }

    pub(crate) fn close_input(&mut self) {
        self.input = None;
    }

    pub(crate) fn close_output(&mut self) {
        self.output = None;
    }

    /// Reads the remaining lines, up to the end of the output.
    pub(crate) fn read_to_end(&mut self) -> Vec<String> {
        let mut rest = String::new();
        self.output.as_mut().expect("an open output").read_to_string(&mut rest).expect("lines are UTF-8");
        assert!(rest.is_empty() || rest.ends_with('\n'), "a whole last line");
        rest.lines().for_each(|line| self.checker.check_received(line));
        rest.lines().map(str::to_owned).collect()
    }

    /// Waits for the exit. `None` means that a signal killed the process.
    pub(crate) fn wait_for_exit_code(&mut self) -> Option<i32> {
        self.child.wait().expect("the process can be waited for").code()
    }

    /// Closes the input. The server must send nothing more and exit with 0.
    pub(crate) fn close(mut self) {
        self.close_input();
        assert_eq!(self.read_to_end(), [""; 0]);
        assert_eq!(self.wait_for_exit_code(), Some(0));
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(self.child.id(), signal);
    }

    /// A value of `/proc/PID/status` in bytes, such as `VmHWM`, the peak of resident memory.
    #[cfg(target_os = "linux")]
    pub(crate) fn memory_bytes(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("a running process");
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let kib: u64 = line.and_then(|text| text.trim().strip_suffix(" kB")?.parse().ok()).expect("a number of kB");
        kib * 1024
    }
}

impl Drop for RawServer {
    fn drop(&mut self) {
        // The process may have exited already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn kill(pid: u32, signal: Signal) {
    let name = match signal {
        Signal::Term => "-TERM",
        Signal::Int => "-INT",
        Signal::Kill => "-KILL",
        Signal::HangUp => "-HUP",
    };
    let mut command = if cfg!(windows) {
        assert!(matches!(signal, Signal::Kill), "Windows has no signals");
        let mut command = Command::new("taskkill.exe");
        command.args(["/F", "/PID"]).stdout(Stdio::null());
        command
    } else {
        let mut command = Command::new("kill");
        command.arg(name);
        command
    };
    let status = command.arg(pid.to_string()).status().expect("a program that kills");
    assert!(status.success(), "{pid} takes {signal:?}");
}

/// Kills the process after a timeout, unless the returned sender is dropped before.
fn watch(pid: u32) -> SyncSender<()> {
    let (alive, ended) = sync_channel(0);
    std::thread::spawn(move || {
        if ended.recv_timeout(TIMEOUT) == Err(RecvTimeoutError::Timeout) {
            kill(pid, Signal::Kill);
        }
    });
    alive
}
