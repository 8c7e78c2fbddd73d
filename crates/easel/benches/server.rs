//! Measures what a client notices, each figure as a ratio to a baseline of the same run: an echoing process for starts
//! and round trips, the bare renderer for a turn, and a bare client for a turn over HTTP. Run it with `just bench`.
#![expect(clippy::expect_used, clippy::print_stdout, reason = "a benchmark stops at the first surprise and prints")]

#[path = "server/http.rs"]
mod http;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use easel_preview::{DEFAULT_SIDE, Picture, draw};

const EASEL: &str = env!("CARGO_BIN_EXE_easel");
const STARTS: usize = 30;
const ROUND_TRIPS: usize = 20_000;
const REQUESTS: usize = 400_000;
/// Requests in flight while throughput is measured.
const WINDOW: usize = 64;
const TURNS: usize = 30;
const PROMPT: &str = "draw a red square";

const INITIALIZE: &str = r#"{"id":0,"method":"initialize","params":{"clientInfo":{"name":"bench","version":"1"}}}"#;
const REQUEST: &str = r#"{"id":1,"method":"thread/loaded/list","params":{}}"#;

fn main() {
    let home = tempfile::tempdir().expect("a temporary folder");
    measure_start(home.path());
    measure_requests(home.path());
    measure_turns(home.path());
    http::measure(home.path());
}

fn measure_start(home: &Path) {
    let first_line = |server: fn(&Path) -> Peer| {
        let mut times: Vec<Duration> = Vec::with_capacity(STARTS);
        for _ in 0..STARTS {
            let begun = Instant::now();
            server(home).round_trip(INITIALIZE);
            times.push(begun.elapsed());
        }
        median(times)
    };
    compare("start to initialize answered", first_line(Peer::easel), first_line(Peer::echo));
    let mut server = Peer::easel(home);
    server.round_trip(INITIALIZE);
    println!("{:<34} {:>9.1} MB", "resident memory, idle", server.resident_megabytes());
}

fn measure_requests(home: &Path) {
    let mut peers = [Peer::easel(home), Peer::echo(home)];
    peers[0].initialize();
    let [asked, echoed] = peers.each_mut().map(|peer| {
        let times = (0..ROUND_TRIPS).map(|_| {
            let begun = Instant::now();
            peer.round_trip(REQUEST);
            begun.elapsed()
        });
        median(times.collect())
    });
    compare("round trip", asked, echoed);
    let [asked, echoed] = peers.each_mut().map(Peer::throughput);
    println!("{:<34} {:>9.0} /s   {:.2} x echo ({echoed:.0} /s)", "requests, 64 in flight", asked, asked / echoed);
}

/// Measures a turn against drawing its image. The delay that lets clients subscribe is off.
fn measure_turns(home: &Path) {
    let mut server = Peer::easel(home);
    server.initialize();
    server.send(r#"{"id":2,"method":"thread/start","params":{"config":{"wire.turn_event_delay_ms":0}}}"#);
    let started = server.line_with(r#""id":2"#);
    let thread = started.split(r#""id":""#).nth(1).and_then(|rest| rest.split('"').next()).expect("a thread id");
    let text = format!(r#""threadId":"{thread}","input":[{{"type":"text","text":"{PROMPT}"}}]"#);
    let mut turns = Vec::new();
    let mut drawings = Vec::new();
    for id in 0..TURNS {
        let begun = Instant::now();
        server.send(&format!(r#"{{"id":{},"method":"turn/start","params":{{{text}}}}}"#, 10 + id));
        server.line_with("turn/completed");
        turns.push(begun.elapsed());
        let begun = Instant::now();
        let picture = Picture {
            prompt: PROMPT,
            width: DEFAULT_SIDE,
            height: DEFAULT_SIDE,
            transparent: false,
            variant: 0,
            grain: 1,
            references: &[],
        };
        draw(&picture).expect("a picture");
        drawings.push(begun.elapsed());
    }
    compare("preview turn", median(turns), median(drawings));
    println!("{:<34} {:>9.1} MB", "resident memory, after the turns", server.resident_megabytes());
}

fn compare(what: &str, measured: Duration, baseline: Duration) {
    let ratio = measured.as_secs_f64() / baseline.as_secs_f64();
    println!("{what:<34} {:>9.1} us   {ratio:.2} x baseline ({:.1} us)", micros(measured), micros(baseline));
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// A process that answers each line with one line.
struct Peer {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    line: String,
}

impl Peer {
    fn easel(home: &Path) -> Self {
        Self::easel_with(home, &[])
    }

    fn easel_with(home: &Path, options: &[&str]) -> Self {
        let mut command = Command::new(EASEL);
        command.args(["app-server", "--enable", "imagegenext"]).args(options);
        command.env("EASEL_HOME", home).env_remove("RUST_LOG");
        Self::spawn(command)
    }

    fn echo(_home: &Path) -> Self {
        Self::spawn(Command::new("cat"))
    }

    fn spawn(mut command: Command) -> Self {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("a process");
        let input = child.stdin.take().expect("a pipe");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        Self { child, input, output, line: String::new() }
    }

    /// Opens the connection and reads the warnings about the configuration.
    fn initialize(&mut self) {
        self.round_trip(INITIALIZE);
        self.line_with("configWarning");
    }

    fn send(&mut self, line: &str) {
        self.input.write_all(line.as_bytes()).and_then(|()| self.input.write_all(b"\n")).expect("a pipe");
    }

    fn round_trip(&mut self, line: &str) {
        self.send(line);
        self.read();
    }

    fn read(&mut self) {
        self.line.clear();
        assert_ne!(self.output.read_line(&mut self.line).expect("a line"), 0, "the process ended");
    }

    fn line_with(&mut self, part: &str) -> String {
        loop {
            self.read();
            if self.line.contains(part) {
                return self.line.clone();
            }
        }
    }

    /// Responses per second, with a window of requests in flight.
    fn throughput(&mut self) -> f64 {
        let batch = format!("{REQUEST}\n").repeat(WINDOW / 2);
        let begun = Instant::now();
        self.input.write_all(batch.as_bytes()).expect("a pipe");
        for _ in 0..REQUESTS / (WINDOW / 2) {
            self.input.write_all(batch.as_bytes()).expect("a pipe");
            for _ in 0..WINDOW / 2 {
                self.read();
            }
        }
        let rate = REQUESTS as f64 / begun.elapsed().as_secs_f64();
        for _ in 0..WINDOW / 2 {
            self.read();
        }
        rate
    }

    /// The resident memory of the process on Linux, 0 elsewhere.
    fn resident_megabytes(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let kilobytes =
            status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse().ok());
        kilobytes.unwrap_or(0.0) / 1024.0
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // The benchmark does not need a clean exit.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
