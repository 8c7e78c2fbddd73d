//! Measures lists and searches of the program on a home with many threads, and the operations on one long thread. The
//! baseline is the SQLite query for the same rows, or a shorter thread, in the same run. Run it with `just bench`.
#![expect(clippy::expect_used, clippy::print_stdout, reason = "a benchmark stops at the first surprise and prints")]

#[path = "threads/fill.rs"]
mod fill;
#[path = "threads/long.rs"]
mod long;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use easel_imagegen::port::Store;
use easel_protocol::event::{Event, ItemCompletedNotification, TurnCompletedNotification, TurnStartedNotification};
use easel_protocol::input::UserInput;
use easel_protocol::item::{ThreadItem, UserMessageItem};
use easel_protocol::thread::{HistoryMode, SessionSource, Thread, ThreadStatus};
use easel_protocol::turn::{Turn, TurnItemsView, TurnStatus};
use easel_store::{EaselStore, ImportLimits};
use rusqlite::{Connection, Params};
use serde_json::{Value, json};

const THREADS: usize = 10_000;
const MESSAGES: usize = 3;
const PROJECTS: usize = 200;
const PAGE: usize = 25;
/// The number of the deep page.
const DEPTH: usize = 200;
const ROUNDS: usize = 100;

const COLUMNS: &str = "SELECT json, name, preview, updated_at FROM threads WHERE archived = 0 AND ephemeral = 0";
const NEWEST: &str = "ORDER BY created_at DESC, id DESC LIMIT 26";

fn main() {
    long::measure();
    let home = tempfile::tempdir().expect("a temporary folder");
    let begun = Instant::now();
    tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime").block_on(fill(home.path()));
    println!("{THREADS} threads of {MESSAGES} messages written in {:.1} s", begun.elapsed().as_secs_f64());
    let database = Connection::open(home.path().join("easel.db")).expect("a database");
    let mut server = Server::start(home.path());
    lists(&mut server, &database);
    searches(&mut server, &database);
}

fn lists(server: &mut Server, database: &Connection) {
    let first = server.median("thread/list", &json!({}));
    compare("first page", first, raw(database, &format!("{COLUMNS} {NEWEST}"), &[]));

    let mut cursor = Value::Null;
    for _ in 0..DEPTH {
        cursor = server.ask("thread/list", &json!({ "cursor": cursor }))["nextCursor"].take();
    }
    let deep = server.median("thread/list", &json!({ "cursor": cursor }));
    let (moment, id) = (at(THREADS - DEPTH * PAGE), id(THREADS - DEPTH * PAGE));
    let sql = format!("{COLUMNS} AND (created_at, id) < (?1, ?2) {NEWEST}");
    compare("deep page", deep, raw(database, &sql, &(moment, id)));

    let folder = server.median("thread/list", &json!({ "cwd": "/projects/7" }));
    compare(
        "first page of a folder",
        folder,
        raw(database, &format!("{COLUMNS} AND cwd = '/projects/7' {NEWEST}"), &[]),
    );
    let nowhere = server.median("thread/list", &json!({ "cwd": "/nowhere" }));
    compare(
        "a folder without threads",
        nowhere,
        raw(database, &format!("{COLUMNS} AND cwd = '/nowhere' {NEWEST}"), &[]),
    );
}

fn searches(server: &mut Server, database: &Connection) {
    for (what, term) in
        [("search, found in one", "number 0 "), ("search, found in all", "HARBOUR"), ("search, found in none", "zebra")]
    {
        let searched = server.median("thread/search", &json!({ "searchTerm": term }));
        let sql = format!("{COLUMNS} AND id IN (SELECT thread_id FROM item_words WHERE text LIKE ?1) {NEWEST}");
        compare(what, searched, raw(database, &sql, &[format!("%{term}%")]));
    }
    let listed = server.median("thread/list", &json!({ "searchTerm": "zebra" }));
    let sql = format!("{COLUMNS} AND (preview LIKE '%zebra%' OR name LIKE '%zebra%') {NEWEST}");
    compare("list by a term, found in none", listed, raw(database, &sql, &[]));
}

fn compare(what: &str, measured: Duration, baseline: Duration) {
    let [measured, baseline] = [measured, baseline].map(|time| time.as_secs_f64() * 1e3);
    println!("{what:<34} {measured:>9.3} ms   {:.2} x SQLite ({baseline:.3} ms)", measured / baseline);
}

/// The time of a page in SQLite.
fn raw(database: &Connection, sql: &str, params: &(impl Params + Clone)) -> Duration {
    let mut statement = database.prepare(sql).expect("a query");
    median(|| {
        let mut rows = statement.query(params.clone()).expect("rows");
        while let Some(row) = rows.next().expect("a row") {
            std::hint::black_box(row.get::<_, String>(0).expect("a thread"));
        }
    })
}

fn median(mut work: impl FnMut()) -> Duration {
    let time = |_| {
        let begun = Instant::now();
        work();
        begun.elapsed()
    };
    let mut times: Vec<Duration> = (0..ROUNDS).map(time).collect();
    times.sort_unstable();
    times[times.len() / 2]
}

fn id(number: usize) -> String {
    format!("00000000-0000-7000-8000-{number:012}")
}

/// Three threads start per second.
fn at(number: usize) -> i64 {
    1_700_000_000 + number as i64 / 3
}

async fn fill(home: &Path) {
    let store = EaselStore::open(home.to_path_buf(), ImportLimits::default());
    for number in 0..THREADS {
        let thread = thread(number);
        let id = thread.id.clone();
        store.save_thread(thread, None).await.expect("a thread");
        store.append(messages(&id, number)).await.expect("messages");
    }
    store.close().await;
}

fn thread(number: usize) -> Thread {
    Thread {
        id: id(number).into(),
        session_id: id(number).into(),
        forked_from_id: None,
        preview: String::new(),
        ephemeral: false,
        model_provider: "preview".into(),
        model: Some("preview".into()),
        reasoning_effort: None,
        reasoning_summary: None,
        created_at: at(number),
        updated_at: at(number),
        status: ThreadStatus::NotLoaded {},
        path: None,
        cwd: format!("/projects/{}", number % PROJECTS),
        cli_version: "0.1.0".into(),
        originator: Some("bench".into()),
        source: SessionSource::AppServer,
        name: number.is_multiple_of(2).then(|| format!("Thread {number}")),
        project_id: None,
        git_info: None,
        history_mode: HistoryMode::Paginated,
        turns: Vec::new(),
    }
}

/// One turn with the message of the user.
fn messages(thread_id: &str, number: usize) -> Vec<Event> {
    let thread_id = thread_id.to_owned();
    let turn = |status| Turn {
        id: "turn".into(),
        root_turn_id: "turn".into(),
        items: Vec::new(),
        items_view: TurnItemsView::NotLoaded,
        status,
        error: None,
        started_at: Some(at(number)),
        completed_at: (status == TurnStatus::Completed).then_some(at(number)),
        duration_ms: None,
    };
    let started = TurnStartedNotification { thread_id: thread_id.clone().into(), turn: turn(TurnStatus::InProgress) };
    let completed =
        TurnCompletedNotification { thread_id: thread_id.clone().into(), turn: turn(TurnStatus::Completed) };
    let mut events = vec![Event::TurnStarted(started)];
    for message in 0..MESSAGES {
        let text = format!("Draw number {number} of the boats in the harbour at dusk, with a light in take {message}");
        let item = ThreadItem::UserMessage(UserMessageItem {
            id: format!("message-{message}").into(),
            client_id: None,
            content: vec![UserInput::Text { text: text.into(), text_elements: Vec::new() }],
            started_at_ms: at(number) * 1000,
            completed_at_ms: Some(at(number) * 1000),
        });
        let (thread_id, completed_at_ms) = (thread_id.clone(), at(number) * 1000);
        let completed =
            ItemCompletedNotification { thread_id: thread_id.into(), turn_id: "turn".into(), item, completed_at_ms };
        events.push(Event::ItemCompleted(completed));
    }
    events.push(Event::TurnCompleted(completed));
    events
}

/// The program and its pipes.
struct Server {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    line: String,
}

impl Server {
    fn start(home: &Path) -> Self {
        Self::start_with(home, &[])
    }

    fn start_with(home: &Path, options: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_easel"));
        command.arg("app-server").args(options).env("EASEL_HOME", home).env_remove("RUST_LOG");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("a process");
        let input = child.stdin.take().expect("a pipe");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut server = Self { child, input, output, line: String::new() };
        server.ask("initialize", &json!({ "clientInfo": { "name": "bench", "version": "1" } }));
        server
    }

    fn median(&mut self, method: &str, params: &Value) -> Duration {
        let request = format!("{}\n", json!({ "id": 1, "method": method, "params": params }));
        median(|| self.round_trip(&request))
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.round_trip(&format!("{}\n", json!({ "id": 1, "method": method, "params": params })));
        let mut answer: Value = serde_json::from_str(&self.line).expect("JSON");
        assert!(answer["result"].is_object(), "{answer}");
        answer["result"].take()
    }

    /// Skips lines until a notification with this method.
    fn wait_for(&mut self, method: &str) {
        let method = format!(r#""method":"{method}""#);
        while !self.line.contains(&method) {
            self.line.clear();
            assert_ne!(self.output.read_line(&mut self.line).expect("a line"), 0, "the process ended");
        }
    }

    /// Returns the resident memory in megabytes; 0 where the system does not say.
    fn resident_megabytes(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
        kilobytes.and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0) / 1000.0
    }

    /// Sends a request and skips notifications.
    fn round_trip(&mut self, request: &str) {
        self.input.write_all(request.as_bytes()).expect("a pipe");
        self.line.clear();
        while !self.line.starts_with(r#"{"id":1,"#) {
            self.line.clear();
            assert_ne!(self.output.read_line(&mut self.line).expect("a line"), 0, "the process ended");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The benchmark does not need a clean exit.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
