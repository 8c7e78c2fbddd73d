//! A process that answers lines with lines.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

const INITIALIZE: &str = r#"{"id":0,"method":"initialize","params":{"clientInfo":{"name":"bench","version":"1"}}}"#;

/// A running process and its pipes. Dropping it kills the process: most measurements need no clean exit.
#[derive(Debug)]
pub(crate) struct Process {
    child: KillOnDrop,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    line: String,
    requests: u64,
}

impl Process {
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let input = child.stdin.take().expect("a pipe");
        let output = BufReader::with_capacity(256 << 10, child.stdout.take().expect("a pipe"));
        Self { child: KillOnDrop(child), input, output, line: String::new(), requests: 0 }
    }

    /// Makes the handshake.
    pub(crate) fn initialize(&mut self) {
        self.round_trip(INITIALIZE, r#""id":0"#);
        self.send(r#"{"method":"initialized"}"#);
    }

    pub(crate) fn send(&mut self, line: &str) {
        self.send_bytes(line.as_bytes());
        self.send_bytes(b"\n");
    }

    pub(crate) fn send_bytes(&mut self, bytes: &[u8]) {
        self.input.write_all(bytes).expect("the process reads");
    }

    /// Reads one line.
    pub(crate) fn read(&mut self) -> &str {
        self.line.clear();
        assert_ne!(self.output.read_line(&mut self.line).expect("a line"), 0, "the process ended");
        &self.line
    }

    /// Reads lines up to one that contains `part`.
    pub(crate) fn read_until(&mut self, part: &str) -> &str {
        while !self.read().contains(part) {}
        &self.line
    }

    /// Sends a line and reads up to the answer.
    pub(crate) fn round_trip(&mut self, line: &str, answer: &str) {
        self.send(line);
        self.read_until(answer);
    }

    /// Sends a request and reads up to its response, which becomes the current line.
    pub(crate) fn request(&mut self, method: &str, params: &Value) {
        self.requests += 1;
        let id = self.requests;
        self.send(&json!({ "id": id, "method": method, "params": params }).to_string());
        // Servers differ in the position of the id. It is not searched for in the whole line, which may be large.
        let (start, end) = (format!(r#"{{"id":{id},"#), format!(r#""id":{id}}}"#));
        while !self.read().starts_with(&start) && !self.line.trim_end().ends_with(&end) {}
        let head = &self.line[..self.line.len().min(20)];
        assert!(!head.contains("error") && !self.line.starts_with(r#"{"error"#), "{method}: {}", self.line);
    }

    /// Returns the result of the current response.
    pub(crate) fn result(&self) -> Value {
        let mut response: Value = serde_json::from_str(&self.line).expect("a response");
        response["result"].take()
    }

    /// Returns the number of bytes of the current line.
    pub(crate) fn line_length(&self) -> usize {
        self.line.len()
    }

    /// Starts a thread and returns its id.
    pub(crate) fn start_thread(&mut self) -> String {
        self.request("thread/start", &json!({}));
        self.result()["thread"]["id"].as_str().expect("the id of a thread").to_owned()
    }

    /// Runs a turn up to its last event.
    pub(crate) fn run_turn(&mut self, thread_id: &str, text: &str) {
        self.start_turn(thread_id, text);
        let completed = self.read_until(r#""turn/completed""#);
        assert!(completed.contains(r#""status":"completed""#), "{completed}");
    }

    /// Starts a turn and returns its id.
    pub(crate) fn start_turn(&mut self, thread_id: &str, text: &str) -> String {
        let input = json!([{ "type": "text", "text": text }]);
        self.request("turn/start", &json!({ "threadId": thread_id, "input": input }));
        self.result()["turn"]["id"].as_str().expect("the id of a turn").to_owned()
    }

    /// Returns the resident memory in MB (10^6 bytes). Linux only; 0 elsewhere.
    pub(crate) fn resident_mb(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.0.id())).unwrap_or_default();
        let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse().ok());
        kib.unwrap_or(0.0) * 1024.0 / 1e6
    }

    /// Closes the input, and waits for the end of the process.
    pub(crate) fn close(self) {
        self.close_and_read_errors();
    }

    /// Closes a process that runs under callgrind, and returns the number of its instructions.
    pub(crate) fn close_counted(self) -> u64 {
        let errors = self.close_and_read_errors();
        let count = errors.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
        count.unwrap_or_else(|| panic!("callgrind counts instructions: {errors}"))
    }

    /// Returns what the process wrote to stderr, if that is a pipe.
    fn close_and_read_errors(self) -> String {
        let Self { mut child, input, mut output, .. } = self;
        drop(input);
        std::io::copy(&mut output, &mut std::io::sink()).expect("the end of the output");
        let mut errors = String::new();
        if let Some(mut stderr) = child.0.stderr.take() {
            stderr.read_to_string(&mut errors).expect("a text");
        }
        child.0.wait().expect("the process ends");
        errors
    }
}

#[derive(Debug)]
struct KillOnDrop(Child);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        // Both fail if the process has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
