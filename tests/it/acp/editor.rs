//! The editor: a client that sends and reads raw lines.

use std::collections::VecDeque;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};

use super::schema::Checker;
use crate::harness::Sandbox;

/// How long a test waits for a message before it fails.
const MESSAGE_TIMEOUT: Duration = Duration::from_secs(60);

pub(crate) struct Editor {
    child: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
    next_id: i64,
    checker: Checker,
    /// The messages that were read while a response was awaited.
    unread: VecDeque<Value>,
    /// The length of the longest line.
    pub(super) longest_line: usize,
}

impl Editor {
    /// Starts an agent that has not been initialized.
    pub(super) fn start(sandbox: &Sandbox, arguments: &[&str]) -> Self {
        let mut command = sandbox.command(&["acp"]);
        // The key of a provider with `provider_config`.
        command.env("MOCK_KEY", "sk-mock");
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("the program starts");
        let output = child.stdout.take().expect("a pipe");
        Self {
            input: child.stdin.take(),
            child,
            output: BufReader::new(output).lines(),
            next_id: 0,
            checker: Checker::default(),
            unread: VecDeque::new(),
            longest_line: 0,
        }
    }

    /// Starts an agent and initializes it.
    pub(crate) async fn open(sandbox: &Sandbox, arguments: &[&str]) -> Self {
        let mut editor = Self::start(sandbox, arguments);
        let params = json!({ "protocolVersion": 1, "clientInfo": { "name": "editor", "version": "1" } });
        editor.request("initialize", params).await;
        editor
    }

    /// Writes lines in one write.
    pub(super) async fn write(&mut self, messages: &[Value]) {
        let mut text = String::new();
        for message in messages {
            self.checker.sent(message);
            text.push_str(&format!("{message}\n"));
        }
        self.write_text(&text).await;
    }

    async fn write_text(&mut self, text: &str) {
        let input = self.input.as_mut().expect("an open input");
        input.write_all(text.as_bytes()).await.expect("a reader");
    }

    /// A request that is not sent yet.
    pub(super) fn new_request(&mut self, method: &str, params: &Value) -> (i64, Value) {
        let id = self.next_id;
        self.next_id += 1;
        (id, json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))
    }

    /// Sends a request and returns its id.
    pub(super) async fn send(&mut self, method: &str, params: Value) -> i64 {
        let (id, request) = self.new_request(method, &params);
        self.write(&[request]).await;
        id
    }

    /// Sends a notification.
    pub(super) async fn notify(&mut self, method: &str, params: Value) {
        self.write(&[json!({ "jsonrpc": "2.0", "method": method, "params": params })]).await;
    }

    /// The next message; `None` at the end of the output.
    pub(super) async fn next(&mut self) -> Option<Value> {
        if let Some(message) = self.unread.pop_front() {
            return Some(message);
        }
        let line = tokio::time::timeout(MESSAGE_TIMEOUT, self.output.next_line()).await.expect("a message in time");
        let line = line.expect("a readable pipe")?;
        self.longest_line = self.longest_line.max(line.len());
        let message: Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(message["jsonrpc"], "2.0", "{line:.200}");
        assert_eq!(message.get("emittedAtMs"), None, "{line:.200}");
        self.checker.received(&message);
        Some(message)
    }

    /// Reads up to the response to a request. Returns the updates before it, and the response.
    pub(super) async fn response(&mut self, id: i64) -> (Vec<Value>, Value) {
        let mut updates = Vec::new();
        loop {
            let message = self.next().await.expect("a response");
            if message["method"] == "session/update" {
                updates.push(message["params"]["update"].clone());
            } else if message.get("method").is_some() {
                panic!("an unexpected request: {message}");
            } else {
                assert_eq!(message["id"], id, "{message}");
                return (updates, message);
            }
        }
    }

    /// Sends a request and returns its result. No update may arrive before it.
    pub(super) async fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.send(method, params).await;
        let (updates, response) = self.response(id).await;
        assert_eq!(updates, Vec::<Value>::new(), "updates before the response to {method}");
        let result = response.get("result").cloned();
        result.unwrap_or_else(|| panic!("{method} failed: {response}"))
    }

    /// Sends a request that must fail. Returns the code and the message.
    pub(super) async fn refused(&mut self, method: &str, params: Value) -> (i64, String) {
        // Not checked against the schema, because it may be invalid.
        let (id, request) = self.new_request(method, &params);
        self.write_text(&format!("{request}\n")).await;
        let (_, response) = self.response(id).await;
        let error = &response["error"];
        (error["code"].as_i64().expect("a code"), error["message"].as_str().expect("a message").to_owned())
    }

    /// Opens a session in the sandbox's project.
    pub(crate) async fn new_session(&mut self, sandbox: &Sandbox) -> Value {
        let params = json!({ "cwd": sandbox.project(), "mcpServers": [] });
        self.request("session/new", params).await["sessionId"].clone()
    }

    /// Sends a prompt of one text and reads to its end. Returns the updates and the response.
    pub(crate) async fn prompt(&mut self, session: &Value, text: &str) -> (Vec<Value>, Value) {
        let id = self.send("session/prompt", super::text_prompt(session, text)).await;
        self.response(id).await
    }

    /// Reads updates up to the first one that matches.
    pub(super) async fn update_with(&mut self, matches: impl Fn(&Value) -> bool) -> Value {
        loop {
            let message = self.next().await.expect("an update");
            let update = &message["params"]["update"];
            if matches(update) {
                return update.clone();
            }
        }
    }

    /// Closes the input and reads to the end. Returns the messages and the exit status.
    pub(crate) async fn close(mut self) -> (Vec<Value>, ExitStatus) {
        self.input = None;
        let mut messages = Vec::new();
        while let Some(message) = self.next().await {
            messages.push(message);
        }
        (messages, self.child.wait().await.expect("an exit"))
    }
}
