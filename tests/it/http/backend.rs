//! The backend as a process, and its control address.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Stdio;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

use easel_testkit::http::{RecordingProxy, send_request};

const SCRIPT: &str = "EASEL_MOCK_BACKEND";

pub(crate) struct Backend {
    /// What its script says of itself.
    pub(crate) script: String,
    address: SocketAddr,
    proxy: RecordingProxy,
    _child: Child,
}

#[derive(Deserialize)]
struct Control {
    timing: Vec<Timing>,
}

/// One request: its number, method, path, the times when it began, was read and was answered, its length, its status.
type Timing = (u64, String, String, f64, f64, f64, u64, u16);

impl Backend {
    /// `None`, and a line that says why, when there is no backend.
    #[expect(
        clippy::print_stdout,
        clippy::disallowed_methods,
        reason = "who runs the tests names it, and learns of this"
    )]
    pub(crate) async fn start() -> Option<Self> {
        let Some(script) = std::env::var_os(SCRIPT) else {
            println!("skipped: {SCRIPT} does not name a backend");
            return None;
        };
        // Free when it is asked for; should another process take it in between, the backend says nothing and we fail.
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let address = free.local_addr().expect("an address");
        drop(free);
        let mut command = Command::new("python3");
        command.arg(&script).args(["--port", &address.port().to_string()]);
        let mut child = command.stdout(Stdio::piped()).kill_on_drop(true).spawn().expect("Python runs");
        let stdout = child.stdout.take().expect("a pipe");
        let mut ready = String::new();
        BufReader::new(stdout).read_line(&mut ready).await.expect("the backend starts");
        assert!(ready.starts_with("mock on"), "{ready}");
        let script = std::fs::read_to_string(script).expect("a script");
        Some(Self { script, address, proxy: RecordingProxy::start(address), _child: child })
    }

    /// Address and port that Easel speaks to.
    pub(crate) fn host(&self) -> String {
        self.proxy.address().to_string()
    }

    pub(crate) fn base_url(&self) -> String {
        self.proxy.base_url()
    }

    /// Changes how it behaves.
    pub(crate) async fn configure(&self, behaviour: &str) {
        send_request(self.address, "POST", "/_ctl", behaviour);
    }

    /// Path and status of every image request so far.
    pub(crate) async fn posts(&self) -> Vec<String> {
        self.posts_to("/images/").await
    }

    /// Path and status of every request so far whose path has this part.
    pub(crate) async fn posts_to(&self, part: &str) -> Vec<String> {
        let posts = self.timing(part).await;
        posts.iter().map(|post| format!("{} {}", post.2, post.7)).collect()
    }

    /// Most image requests that were there at one moment.
    pub(crate) async fn max_overlap(&self) -> usize {
        let spans: Vec<(f64, f64)> = self.timing("/images/").await.iter().map(|post| (post.3, post.5)).collect();
        let during = |at: f64| spans.iter().filter(move |(begin, end)| *begin <= at && at < *end).count();
        spans.iter().map(|(begin, _)| during(*begin)).max().unwrap_or(0)
    }

    async fn timing(&self, part: &str) -> Vec<Timing> {
        let control = send_request(self.address, "GET", "/_ctl", "");
        let control: Control = serde_json::from_str(&control).expect("what the backend counted");
        // The end of a connection that it let hang is noted too, with a body of no bytes.
        control.timing.into_iter().filter(|post| post.2.contains(part) && post.6 > 0).collect()
    }
}
