//! `easel mcp-server`: the executable as a host of tools runs it, over pipes, in both eras of the protocol.
//!
//! | likely mistake | caught by |
//! |---|---|
//! | a dot in the name of a tool | `tools_have_short_names_without_dots` |
//! | `structuredContent` beside the picture | `result_is_text_preview_and_link_without_structured_content` |
//! | the file itself as the picture | `preview_is_never_the_file_and_results_are_short` |
//! | a transport that runs a repeated id twice | `repeated_id_in_flight_is_refused_before_any_work` |
//! | a line that is no message gets no answer | `wrong_lines_are_refused_and_end_nothing` |
//! | log or stray output on stdout | `output_of_a_face_is_messages_of_its_protocol_only` |
//! | progress without a token, or after the end | `progress_needs_a_token_and_ends_with_the_result` |
//! | progress that does not rise | `progress_of_a_slow_image_rises` |
//! | a cancelled request is answered | `stop_closes_the_request_and_is_not_answered` |
//! | a failure of the tool is a JSON-RPC error | `failures_of_the_tool_are_results` |
//! | a handle is lost with its process | `handle_of_an_earlier_process_can_be_edited` |
//! | the text says that the user has seen the image | `result_is_text_preview_and_link_without_structured_content` |
//! | roots, sampling or logging | `server_uses_nothing_that_is_deprecated` |
//! | a failure that the host has not got is paid again | `failure_after_an_early_answer_is_the_next_result` |
//! | a question for a host that cannot ask | `host_that_cannot_ask_is_told_why` |

mod approval;
mod calls;
mod failures;
mod hosts;
mod processes;
mod results;
mod waits;
mod wire;

use std::collections::VecDeque;
use std::process::{ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::time::Duration;

use easel_testkit::http::{MockServer, Response};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout};

use crate::credentials::responses;
use crate::harness::{Sandbox, mock_provider_config};

/// The endpoint that makes images.
const IMAGES: &str = "/images/generations";
/// The protocol with a handshake, and the one without.
const LEGACY: &str = "2025-11-25";
const MODERN: &str = "2026-07-28";
/// How long a test waits for a line before it fails.
const LINE_LIMIT: Duration = Duration::from_secs(30);

/// A host: the process, and what it has sent that the test has not read.
pub(crate) struct Host {
    child: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
    /// Notifications and requests of the server, in order.
    waiting: VecDeque<Value>,
    last_id: i64,
    /// What each request of the protocol without a handshake says about the host.
    meta: Option<Value>,
}

impl Host {
    /// Starts the server without opening the connection.
    fn spawn(sandbox: &Sandbox, arguments: &[&str]) -> Self {
        let mut command = sandbox.command(&["mcp-server"]);
        let command = command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("the program starts");
        let output = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        let input = child.stdin.take();
        Self { child, input, output, waiting: VecDeque::new(), last_id: 0, meta: None }
    }

    /// Starts the server and opens the connection with a handshake. Returns its response, too.
    pub(crate) async fn legacy(sandbox: &Sandbox, capabilities: &Value) -> (Self, Value) {
        Self::named(sandbox, "test-host", capabilities).await
    }

    async fn named(sandbox: &Sandbox, name: &str, capabilities: &Value) -> (Self, Value) {
        let mut host = Self::spawn(sandbox, &[]);
        let client = json!({"name": name, "version": "1"});
        let params = json!({"protocolVersion": LEGACY, "capabilities": capabilities, "clientInfo": client});
        let response = host.request("initialize", params).await;
        assert_eq!(response["protocolVersion"], LEGACY, "{response}");
        host.notify("notifications/initialized", &json!({})).await;
        (host, response)
    }

    /// Starts the server for the protocol without a handshake.
    fn modern(sandbox: &Sandbox, capabilities: &Value) -> Self {
        let mut host = Self::spawn(sandbox, &[]);
        host.meta = Some(json!({
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientInfo": {"name": "test-host", "version": "1"},
            "io.modelcontextprotocol/clientCapabilities": capabilities,
        }));
        host
    }

    async fn send_line(&mut self, line: &str) {
        let input = self.input.as_mut().expect("an open input");
        input.write_all(format!("{line}\n").as_bytes()).await.expect("the server reads");
    }

    async fn notify(&mut self, method: &str, params: &Value) {
        self.send_line(&json!({"jsonrpc": "2.0", "method": method, "params": params}).to_string()).await;
    }

    /// Sends a request and returns its id.
    async fn start(&mut self, method: &str, mut params: Value) -> i64 {
        self.last_id += 1;
        if let (Some(meta), Some(params)) = (&self.meta, params.as_object_mut()) {
            let own = params.entry("_meta").or_insert_with(|| json!({})).as_object_mut().expect("an object");
            own.extend(meta.as_object().expect("an object").clone());
        }
        let request = json!({"jsonrpc": "2.0", "id": self.last_id, "method": method, "params": params});
        self.send_line(&request.to_string()).await;
        self.last_id
    }

    /// Begins a call of the image tool.
    async fn start_call(&mut self, arguments: Value) -> i64 {
        self.start("tools/call", json!({"name": "imagegen", "arguments": arguments})).await
    }

    /// Reads the next message.
    async fn next_line(&mut self) -> Value {
        let line = tokio::time::timeout(LINE_LIMIT, self.output.next_line()).await.expect("a line in time");
        let line = line.expect("a line").expect("the server still writes");
        assert!(line.len() < 1_000_000, "a line of {} bytes", line.len());
        let message: Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(message["jsonrpc"], "2.0", "{message}");
        message
    }

    /// Reads the response to a request, and keeps what comes before it.
    async fn response(&mut self, id: i64) -> Value {
        loop {
            let message = self.next_line().await;
            if message["method"].is_null() && message["id"] == id {
                return message;
            }
            self.waiting.push_back(message);
        }
    }

    /// Reads the next message that is not a response.
    async fn next_message(&mut self) -> Value {
        match self.waiting.pop_front() {
            Some(message) => message,
            None => self.next_line().await,
        }
    }

    async fn request(&mut self, method: &str, params: Value) -> Value {
        let id = self.start(method, params).await;
        let response = self.response(id).await;
        assert!(response["error"].is_null(), "{method}: {response}");
        response["result"].clone()
    }

    /// Returns the error of a request, as `code message`.
    async fn refusal(&mut self, method: &str, params: Value) -> String {
        let id = self.start(method, params).await;
        let response = self.response(id).await;
        format!("{} {}", response["error"]["code"], response["error"]["message"].as_str().unwrap_or_default())
    }

    /// Calls the image tool.
    pub(crate) async fn call(&mut self, arguments: Value) -> Value {
        self.request("tools/call", json!({"name": "imagegen", "arguments": arguments})).await
    }

    /// Ends the input. Returns what the server still sends, and how it exits.
    pub(crate) async fn close(mut self) -> (Vec<Value>, ExitStatus) {
        drop(self.input.take());
        let mut rest = Vec::from(std::mem::take(&mut self.waiting));
        let mut text = String::new();
        let mut output = self.output.into_inner();
        tokio::time::timeout(LINE_LIMIT, output.read_to_string(&mut text)).await.expect("the end").expect("text");
        rest.extend(text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")));
        let status = tokio::time::timeout(LINE_LIMIT, self.child.wait()).await.expect("an exit").expect("a status");
        (rest, status)
    }
}

/// A provider that responds to each request for images when the test lets it, and to nothing else.
pub(crate) fn held_provider() -> (MockServer, SyncSender<()>) {
    held_provider_of(responses::image)
}

/// The same with another response.
fn held_provider_of(response: fn() -> Response) -> (MockServer, SyncSender<()>) {
    let (release, held) = sync_channel::<()>(16);
    let held = Mutex::new(held);
    let provider = MockServer::respond(move |_| {
        // After the end of the test, nobody releases.
        let _ = held.lock().expect("one request at a time").recv();
        response()
    });
    (provider, release)
}

/// A sandbox with this provider and these settings, which come first.
fn sandbox(provider: &MockServer, settings: &str) -> Sandbox {
    Sandbox::with_config(&format!("{settings}\n{}", mock_provider_config(provider, "openai")))
}

/// The kinds of a result's blocks.
fn kinds(result: &Value) -> Vec<String> {
    let blocks = result["content"].as_array().expect("content");
    blocks.iter().map(|block| block["type"].as_str().expect("a type").to_owned()).collect()
}

/// The text of a result.
fn text_of(result: &Value) -> &str {
    result["content"][0]["text"].as_str().expect("a text")
}

/// The record in the last line of a result's text.
fn record_of(result: &Value) -> Value {
    serde_json::from_str(text_of(result).lines().last().expect("a line")).expect("a record")
}

/// The handle of a result's first image.
fn handle_of(result: &Value) -> String {
    record_of(result)["images"][0]["id"].as_str().expect("a handle").to_owned()
}
