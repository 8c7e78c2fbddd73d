//! The mock backend: another process, with an address that controls its behavior.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Stdio;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

use easel_testkit::http::{RecordingProxy, send_request};

use crate::harness::env_setting;

/// Names the script of the backend, which Python runs.
const SCRIPT: &str = "EASEL_MOCK_BACKEND";

pub(crate) struct Backend {
    /// The source of its script.
    pub(crate) script: String,
    address: SocketAddr,
    proxy: RecordingProxy,
    _child: Child,
}

#[derive(Deserialize)]
struct Control {
    timing: Vec<Timing>,
}

/// One request: number, method, path, the times of its start, its last byte and its response, body length, status.
type Timing = (u64, String, String, f64, f64, f64, u64, u16);

impl Backend {
    /// Starts the backend that `EASEL_MOCK_BACKEND` names, or prints a skip and returns `None`.
    pub(crate) async fn start() -> Option<Self> {
        let Some(script) = env_setting(SCRIPT) else {
            easel_testkit::skip("backend", &format!("{SCRIPT} is not set"));
            return None;
        };
        // If another process takes the free port in between, the backend does not start and the test fails.
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

    /// Host and port that Easel connects to.
    pub(crate) fn host(&self) -> String {
        self.proxy.address().to_string()
    }

    pub(crate) fn base_url(&self) -> String {
        self.proxy.base_url()
    }

    /// Changes the behavior of the backend.
    pub(crate) fn configure(&self, behaviour: &str) {
        send_request(self.address, "POST", "/_ctl", behaviour);
    }

    /// Path and status of every image request so far.
    pub(crate) fn posts(&self) -> Vec<String> {
        self.posts_to("/images/")
    }

    /// Path and status of every request so far whose path has this part.
    pub(crate) fn posts_to(&self, part: &str) -> Vec<String> {
        let posts = self.timing(part);
        posts.iter().map(|post| format!("{} {}", post.2, post.7)).collect()
    }

    /// The most image requests that were open at the same time.
    pub(crate) fn max_overlap(&self) -> usize {
        let spans: Vec<(f64, f64)> = self.timing("/images/").iter().map(|post| (post.3, post.5)).collect();
        let during = |at: f64| spans.iter().filter(move |(begin, end)| *begin <= at && at < *end).count();
        spans.iter().map(|(begin, _)| during(*begin)).max().unwrap_or(0)
    }

    fn timing(&self, part: &str) -> Vec<Timing> {
        let control = send_request(self.address, "GET", "/_ctl", "");
        let control: Control = serde_json::from_str(&control).expect("what the backend counted");
        // The backend also logs the end of a stalled connection, as a request with an empty body.
        control.timing.into_iter().filter(|post| post.2.contains(part) && post.6 > 0).collect()
    }
}
