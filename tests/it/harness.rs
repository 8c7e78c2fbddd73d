//! Starts servers in sandboxes, with a client that fails on unclaimed events.

pub(crate) mod conformance;
pub(crate) mod events;
pub(crate) mod normalize;
#[cfg(unix)]
pub(crate) mod terminal;

use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::{Arc, Mutex};

use easel_client::{Client, ClientError, Direction, Tap};
use easel_protocol::event::Event;
use easel_protocol::handshake::{ClientCapabilities, ClientInfo, InitializeParams, InitializeResponse};
use easel_protocol::input::UserInput;
use easel_protocol::method::{Initialize, Method, ThreadStart, TurnInterrupt, TurnStart};
use easel_protocol::thread::{Thread, ThreadStartParams};
use easel_protocol::turn::{Turn, TurnInterruptParams, TurnStartParams};
use easel_testkit::http::MockServer;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use conformance::SchemaChecker;

/// The executable under test.
pub(crate) const EASEL: &str = env!("CARGO_BIN_EXE_easel");

/// The preview provider without delays, and `endless`, whose turns do not end by themselves.
pub(crate) const FAST_AND_ENDLESS: &str = r#"
model_provider = "preview"
[wire]
turn_event_delay_ms = 1
[model_providers.endless]
preset = "preview"
delay_ms = 600000
"#;

/// A provider that responds after ten minutes, and may have billed by then.
pub(crate) const SLOW_AND_BILLING: &str = r#"
model_provider = "slow"
[model_providers.slow]
preset = "preview"
delay_ms = 600000
bills = true
"#;

/// A provider that responds after ten minutes and never bills.
pub(crate) const SLOW_AND_FREE: &str = r#"
model_provider = "slow"
[model_providers.slow]
preset = "preview"
delay_ms = 600000
"#;

/// The arguments that offer the standalone tool, and those that offer the hosted one.
pub(crate) const STANDALONE: &[&str] = &["--enable", "imagegenext"];
pub(crate) const HOSTED: &[&str] = &[];

/// A temporary folder with a home and a project, removed on drop.
pub(crate) struct Sandbox {
    folder: TempDir,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for name in ["project", "temporary"] {
            std::fs::create_dir(folder.path().join(name)).expect("a folder");
        }
        Self { folder }
    }

    /// A copy of all files. Paths that they contain stay those of this sandbox.
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    pub(crate) fn copy(&self) -> Self {
        let copy = Self::empty();
        copy_files(self.root(), copy.root());
        copy
    }

    /// A sandbox without any folder.
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    pub(crate) fn empty() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// The temporary folder that the program uses.
    pub(crate) fn temp_dir(&self) -> PathBuf {
        self.folder.path().join("temporary")
    }

    /// A sandbox whose home has this `config.toml`.
    pub(crate) fn with_config(config: &str) -> Self {
        let sandbox = Self::new();
        std::fs::create_dir(sandbox.home()).expect("a home");
        std::fs::write(sandbox.home().join("config.toml"), config).expect("a configuration file");
        sandbox
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("home")
    }

    pub(crate) fn project(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    /// The command of a server, in a clean environment. It shares the test's stderr.
    pub(crate) fn server_command(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(&["app-server"]);
        command.args(arguments);
        command
    }

    /// Like [`Self::server_command`], for tests that compare memory: glibc returns each freed block of 64 KiB or more
    /// to the system at once, so that only memory in use is measured.
    pub(crate) fn measured_server_command(&self, arguments: &[&str]) -> Command {
        let mut command = self.server_command(arguments);
        command.env("MALLOC_MMAP_THRESHOLD_", "65536");
        command
    }

    /// The command of the program with any arguments, in a clean environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(EASEL);
        command.args(arguments);
        self.isolate(command)
    }

    /// Gives a command the project as its working folder, and a clean environment.
    pub(crate) fn isolate(&self, mut command: Command) -> Command {
        command.current_dir(self.project());
        command.env_clear().env("EASEL_HOME", self.home()).env("HOME", self.folder.path());
        command.env("TMPDIR", self.temp_dir());
        // The names that Windows has for them. Its programs do not start without the folder of the system.
        command.env("USERPROFILE", self.folder.path()).env("TEMP", self.temp_dir()).env("TMP", self.temp_dir());
        if let Some(system) = env_setting("SYSTEMROOT") {
            command.env("SYSTEMROOT", system);
        }
        command
    }

    /// Runs the program until it exits.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().await.expect("the program starts")
    }

    /// The folder that contains home and project.
    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    /// Replaces the folder of the sandbox in a text, or in JSON, by a placeholder. Paths below it have slashes on every
    /// system.
    pub(crate) fn hide_root(&self, text: &str, placeholder: &str) -> String {
        let root = self.root().display().to_string();
        let escaped = serde_json::to_string(&root).expect("a string");
        let text = text.replace(escaped.trim_matches('"'), placeholder).replace(&root, placeholder);
        let show = |word: &str| match word.contains(placeholder) && cfg!(windows) {
            true => word.replace("\\\\", "/").replace('\\', "/"),
            false => word.to_owned(),
        };
        text.split_inclusive(char::is_whitespace).map(show).collect()
    }

    /// Starts a server and opens its connection. The standalone tool is on.
    pub(crate) async fn start_server(&self) -> Server {
        self.start_server_with(STANDALONE).await
    }

    pub(crate) async fn start_server_with(&self, arguments: &[&str]) -> Server {
        let mut server = Server::spawn(self.server_command(arguments));
        server.initialize(None).await;
        server
    }

    /// Writes a file into the project folder.
    pub(crate) fn write_file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.project().join(name);
        std::fs::write(&path, content).expect("a file in the project");
        path
    }
}

/// A running server and its client. A test ends with [`Server::close`], which fails on events that the test did not
/// read.
pub(crate) struct Server {
    pub(crate) client: Client,
    transcript: Transcript,
}

type Transcript = Arc<Mutex<Vec<(Direction, String)>>>;

impl Server {
    pub(crate) fn spawn(command: Command) -> Self {
        let transcript = Transcript::default();
        let lines = Arc::clone(&transcript);
        let mut checker = SchemaChecker::default();
        let tap: Tap = Box::new(move |direction, line| {
            match direction {
                Direction::Sent => checker.record_sent(line),
                Direction::Received => checker.check_received(line),
            }
            lines.lock().expect("no test panics while it holds this").push((direction, line.to_owned()));
        });
        Self { client: Client::spawn(command, tap).expect("the server starts"), transcript }
    }

    pub(crate) async fn initialize(&mut self, capabilities: Option<ClientCapabilities>) -> InitializeResponse {
        let client_info = ClientInfo { name: "easel_tests".to_owned(), title: None, version: "1.0.0".to_owned() };
        self.request::<Initialize>(&InitializeParams { client_info, capabilities }).await
    }

    /// Sends a request that must succeed.
    pub(crate) async fn request<M: Method>(&mut self, params: &M::Params) -> M::Response {
        self.client.request::<M>(params).await.unwrap_or_else(|error| panic!("{}: {error}", M::NAME))
    }

    /// Sends a request that must fail. Returns `code message`.
    pub(crate) async fn request_error<M: Method>(&mut self, params: &M::Params) -> String {
        match self.client.request::<M>(params).await {
            Ok(_) => panic!("{} was not refused", M::NAME),
            Err(ClientError::Refused { code, message }) => format!("{code} {message}"),
            Err(error) => panic!("{}: {error}", M::NAME),
        }
    }

    /// Sends a request with any params, while no other request is open. Returns the result, or `code message` of the
    /// error.
    pub(crate) async fn call(&mut self, method: &str, params: &Value) -> Result<Value, String> {
        let request = json!({ "id": 1_000_000, "method": method, "params": params });
        self.client.send_line(&request.to_string()).await.expect("the server reads its input");
        loop {
            let line = self.client.read_line().await.expect("a whole line").expect("a response");
            let mut line: Value = serde_json::from_str(&line).expect("JSON");
            if line["method"] == "configWarning" {
                continue;
            }
            assert_eq!(line["id"], 1_000_000, "{method}: {line}");
            let error = &line["error"];
            return match error["message"].as_str() {
                Some(message) => Err(format!("{} {message}", error["code"])),
                None => Ok(line["result"].take()),
            };
        }
    }

    /// Starts a thread in the project folder and reads its `thread/started`.
    pub(crate) async fn start_thread(&mut self) -> Thread {
        self.start_thread_with(ThreadStartParams::default()).await
    }

    pub(crate) async fn start_thread_with(&mut self, params: ThreadStartParams) -> Thread {
        let thread = self.request::<ThreadStart>(&params).await.thread;
        self.expect_event("thread/started", |event| matches!(event, Event::ThreadStarted(_))).await;
        thread
    }

    /// Runs a turn and returns all its events.
    pub(crate) async fn run_turn(&mut self, thread_id: &str, input: Vec<UserInput>) -> Vec<Event> {
        self.start_turn(thread_id, input).await;
        self.events_until_turn_end().await
    }

    pub(crate) async fn start_turn(&mut self, thread_id: &str, input: Vec<UserInput>) -> Turn {
        self.request::<TurnStart>(&turn_start_params(thread_id, input)).await.turn
    }

    pub(crate) async fn interrupt(&mut self, thread_id: &str, turn_id: &str) {
        let params = TurnInterruptParams { thread_id: thread_id.into(), turn_id: turn_id.into() };
        self.request::<TurnInterrupt>(&params).await;
    }

    /// Reads events up to `turn/completed`.
    pub(crate) async fn events_until_turn_end(&mut self) -> Vec<Event> {
        self.events_until(|event| matches!(event, Event::TurnCompleted(_))).await
    }

    /// Reads events up to and including the first that matches.
    pub(crate) async fn events_until(&mut self, fits: impl Fn(&Event) -> bool) -> Vec<Event> {
        let mut events = Vec::new();
        loop {
            let event = self.client.next_event().await.expect("a whole line");
            events.push(event.unwrap_or_else(|| panic!("the output ended after {events:#?}")));
            if events.last().is_some_and(&fits) {
                return events;
            }
        }
    }

    /// Reads the next event, which must match. Configuration warnings are skipped.
    pub(crate) async fn expect_event(&mut self, what: &str, fits: impl Fn(&Event) -> bool) -> Event {
        loop {
            let event = self.client.next_event().await.expect("a whole line").expect("an event");
            if matches!(event, Event::ConfigWarning(_)) {
                continue;
            }
            assert!(fits(&event), "{what} was awaited, not {event:#?}");
            return event;
        }
    }

    /// All messages so far, in both directions.
    pub(crate) fn transcript(&self) -> Vec<(Direction, String)> {
        self.transcript.lock().expect("no test panics while it holds this").clone()
    }

    /// The length of the longest line that the server has sent, in bytes.
    pub(crate) fn longest_line_len(&self) -> usize {
        let lines = self.transcript().into_iter().filter(|(direction, _)| *direction == Direction::Received);
        lines.map(|(_, line)| line.len()).max().unwrap_or(0)
    }

    /// Closes the connection. The test must have read all events, except configuration warnings.
    pub(crate) async fn close(self) {
        let (status, events) = self.client.close().await.expect("the server ends");
        let unclaimed: Vec<&Event> = events.iter().filter(|event| !matches!(event, Event::ConfigWarning(_))).collect();
        assert!(unclaimed.is_empty(), "unclaimed: {unclaimed:#?}");
        assert_eq!(status.code(), Some(0));
    }
}

pub(crate) fn turn_start_params(thread_id: &str, input: Vec<UserInput>) -> TurnStartParams {
    TurnStartParams { thread_id: thread_id.into(), input, ..TurnStartParams::default() }
}

pub(crate) fn text(text: &str) -> UserInput {
    UserInput::Text { text: text.into(), text_elements: Vec::new() }
}

pub(crate) fn local_image(path: &Path) -> UserInput {
    UserInput::LocalImage { path: path.display().to_string(), detail: None }
}

/// An environment variable that is a setting of the tests.
#[expect(clippy::disallowed_methods, reason = "a setting of the tests, not of the program")]
pub(crate) fn env_setting(variable: &str) -> Option<std::ffi::OsString> {
    std::env::var_os(variable)
}

/// The configuration of a provider at the address of the mock server.
pub(crate) fn mock_provider_config(server: &MockServer, preset: &str) -> String {
    let url = server.base_url();
    format!(
        "model_provider = \"mock\"\n[model_providers.mock]\npreset = \"{preset}\"\nbase_url = \"{url}\"\n\
         http_headers = {{ X-Key = \"k\" }}\n"
    )
}

/// Copies the files of a folder, at any depth, into a folder that exists.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn copy_files(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            std::fs::create_dir(&target).expect("a folder");
            copy_files(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).expect("a copy");
        }
    }
}

/// The bytes of a file.
pub(crate) fn read_file(path: impl AsRef<Path>) -> Vec<u8> {
    let path = path.as_ref();
    std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
