//! A server of others as a process behind a recording proxy.

use std::net::SocketAddr;
use std::process::Stdio;

use easel_testkit::http::{RecordingProxy, send_request};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};

use crate::harness::{STANDALONE, Sandbox, Server};

pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    pub(crate) proxy: RecordingProxy,
    _child: Child,
}

impl Service {
    /// Starts the process and waits for the output line that contains its address.
    pub(crate) async fn start(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().expect("the service starts");
        let (stdout, stderr) = (child.stdout.take().expect("a pipe"), child.stderr.take().expect("a pipe"));
        let address = tokio::select! {
            address = read_address(stdout) => address,
            address = read_address(stderr) => address,
        };
        Self { address, proxy: RecordingProxy::start(address), _child: child }
    }

    pub(crate) fn send_request(&self, method: &str, path: &str, body: &str) -> String {
        send_request(self.address, method, path, body)
    }

    /// Starts an Easel server whose provider is this service, with the preset of the public API.
    pub(crate) async fn easel(&self) -> (Sandbox, Server) {
        let base_url = self.proxy.base_url();
        let sandbox = Sandbox::with_config(&format!(
            "model_provider = \"theirs\"\n[model_providers.theirs]\npreset = \"openai\"\nbase_url = \"{base_url}\"\n\
             env_key = \"THEIR_KEY\"\nstream_idle_timeout_ms = 6000\n"
        ));
        let mut command = sandbox.server_command(STANDALONE);
        command.env("THEIR_KEY", "sk-theirs");
        let mut server = Server::spawn(command);
        server.initialize(None).await;
        (sandbox, server)
    }
}

/// The address in a line such as `… http://127.0.0.1:4010 …`.
async fn read_address(output: impl AsyncRead + Unpin) -> SocketAddr {
    let mut lines = BufReader::new(output).lines();
    let mut earlier_lines = String::new();
    while let Some(line) = lines.next_line().await.expect("text") {
        let word = line.split("http://").nth(1).and_then(|rest| rest.split(|c: char| c.is_whitespace()).next());
        if let Some(address) =
            word.and_then(|word| word.parse::<SocketAddr>().ok()).filter(|address| address.port() > 0)
        {
            return address;
        }
        earlier_lines.push_str(&line);
    }
    // The other output may still have the address.
    if earlier_lines.is_empty() { std::future::pending().await } else { panic!("the service ended: {earlier_lines}") }
}
