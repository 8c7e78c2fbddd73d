//! The programs that are measured.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::Serialize;

use crate::process::Process;

/// What a program is. The order is that of the columns of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Easel,
    /// Not a server: a process that echoes lines, or a client that only sends bytes.
    Floor,
    Baseline,
    Peer,
}

/// An executable.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub(crate) kind: Kind,
    pub(crate) path: PathBuf,
}

/// The image tool of a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tool {
    Standalone,
    Hosted,
}

/// What a server works with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setup<'a> {
    pub(crate) home: &'a Path,
    /// The base URL of the provider. Without one, Easel uses the preview provider.
    pub(crate) provider: Option<&'a str>,
    pub(crate) tool: Tool,
}

impl<'a> Setup<'a> {
    /// Sets up a server without a provider.
    pub(crate) fn offline(home: &'a Path) -> Self {
        Self { home, provider: None, tool: Tool::Standalone }
    }
}

impl Program {
    pub(crate) fn new(kind: Kind, path: &Path) -> Self {
        let path = dunce::canonicalize(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self { kind, path }
    }

    /// Returns the process that echoes lines, which is built beside this program.
    pub(crate) fn echo() -> Self {
        let this = std::env::current_exe().expect("the path of this program");
        Self::new(Kind::Floor, &this.with_file_name("easel-echo"))
    }

    /// Starts the program. A server does not have its handshake yet.
    pub(crate) fn spawn(&self, setup: Setup<'_>) -> Process {
        Process::spawn(self.command(setup).stderr(Stdio::null()))
    }

    /// Starts a server under callgrind, which counts its instructions. See [`Process::close_counted`].
    pub(crate) fn spawn_counted(&self, setup: Setup<'_>) -> Process {
        let plain = self.command(setup);
        let mut command = Command::new("valgrind");
        command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(&self.path).args(plain.get_args());
        command.envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?)))).env_remove("RUST_LOG");
        Process::spawn(command.current_dir(setup.home).stderr(Stdio::piped()))
    }

    fn command(&self, setup: Setup<'_>) -> Command {
        let mut command = Command::new(&self.path);
        command.env_remove("RUST_LOG").current_dir(setup.home);
        match self.kind {
            Kind::Floor => &mut command,
            Kind::Easel | Kind::Baseline => easel_options(&mut command, setup),
            Kind::Peer => peer_options(&mut command, setup),
        };
        command
    }

    /// Starts a server and makes its handshake.
    pub(crate) fn start(&self, setup: Setup<'_>) -> Process {
        let mut server = self.spawn(setup);
        server.initialize();
        server
    }

    /// Starts a server that writes a log with this filter, and makes its handshake.
    pub(crate) fn start_logged(&self, setup: Setup<'_>, filter: &str, log: &Path) -> Process {
        let log = std::fs::File::create(log).expect("a file");
        let mut server = Process::spawn(self.command(setup).env("RUST_LOG", filter).stderr(log));
        server.initialize();
        server
    }
}

/// Turns off the delay that lets clients subscribe to a turn: the benchmark is subscribed.
fn easel_options<'c>(command: &'c mut Command, setup: Setup<'_>) -> &'c mut Command {
    command.args(["app-server", "-c", "wire.turn_event_delay_ms=0"]).env("EASEL_HOME", setup.home);
    if setup.tool == Tool::Standalone {
        command.args(["--enable", "imagegenext"]);
    }
    if let Some(url) = setup.provider {
        let provider =
            format!(r#"model_providers.bench={{preset="openai",base_url="{url}",http_headers={{X-Key="bench"}}}}"#);
        command.args(["-c", "model_provider=bench", "-c", &provider]);
    }
    command
}

/// Sets the options of the Codex app-server, and turns off what has no counterpart here. Its image tool needs the
/// header `x-openai-actor-authorization`.
fn peer_options<'c>(command: &'c mut Command, setup: Setup<'_>) -> &'c mut Command {
    command.arg("app-server").env("CODEX_HOME", setup.home).env("BENCH_KEY", "bench").env_remove("OPENAI_API_KEY");
    let url = setup.provider.unwrap_or("http://127.0.0.1:9/v1");
    let config = format!(
        r#"model = "gpt-5.5"
model_provider = "bench"
approval_policy = "never"
sandbox_mode = "read-only"
features = {{ image_generation = true, plugins = false, apps = false }}
analytics = {{ enabled = false }}
[model_providers.bench]
name = "OpenAI"
base_url = "{url}"
wire_api = "responses"
requires_openai_auth = false
env_key = "BENCH_KEY"
http_headers = {{ "x-openai-actor-authorization" = "bench" }}
"#
    );
    std::fs::write(setup.home.join("config.toml"), config).expect("the home can be written");
    command
}
