//! Two processes and eight connections compete for the last image of a day, while one process is killed now and then.

use std::io::{BufRead, Write};
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use easel_testkit::http::MockServer;
use easel_testkit::rng::Rng;
use serde_json::{Value, json};

use super::{call_tool_once, database, draw_square, sandbox};
use crate::harness::{Sandbox, env_setting};
use crate::listen::server::{Connection, ListeningServer, Socket};

const CONNECTIONS: usize = 4;

/// Requests to the model in a round. Each turn sends at least two.
const MODEL_REQUESTS: usize = 2 * 2 * CONNECTIONS;

/// The requests that the provider has received.
#[derive(Default)]
struct Received {
    models: AtomicUsize,
    images: AtomicUsize,
}

/// What a round has used, as the ledger says.
#[derive(Debug, PartialEq, Eq)]
struct Counts {
    open: u32,
    /// Images that were made.
    made: u32,
    /// Images that may have been billed.
    uncertain: u32,
}

/// A process with its connections.
struct Process {
    server: ListeningServer,
    connections: Vec<Connection>,
}

impl Process {
    fn start(sandbox: &Sandbox, name: &str) -> Self {
        let socket = format!("unix://{}", sandbox.root().join(name).display());
        let mut command = sandbox.server_command(&["--enable", "imagegenext", "--listen", &socket]);
        command.env("MOCK_KEY", "sk-mock").stdin(Stdio::null());
        let server = ListeningServer::spawn_command(command.into_std());
        let connections = (0..CONNECTIONS).map(|_| server.connect()).collect();
        Self { server, connections }
    }

    fn kill(&mut self) {
        self.server.signal("-KILL");
        self.server.child.wait().expect("the process can be waited for");
    }
}

/// Runs a turn. Returns false if the process died meanwhile.
fn draw(connection: &mut Connection, barrier: &Barrier) -> bool {
    let thread_id = connection.start_thread();
    let Socket::Lines(stream) = &mut connection.socket else { panic!("a socket file") };
    let input = json!([{ "type": "text", "text": "draw a cat" }]);
    let request = json!({"id": 1, "method": "turn/start", "params": {"threadId": thread_id, "input": input}});
    barrier.wait();
    if writeln!(stream.get_mut(), "{request}").is_err() {
        return false;
    }
    let mut line = String::new();
    while stream.read_line(&mut line).is_ok_and(|length| length > 0) && line.ends_with('\n') {
        let message: Value = serde_json::from_str(&line).expect("JSON");
        if message["method"] == "turn/completed" {
            return true;
        }
        line.clear();
    }
    false
}

/// Runs a turn on each connection of both processes at once. Kills the first process when the provider has received
/// `kill_at` requests to the model.
fn run_round(first: &mut Process, second: &mut Process, received: &Received, kill_at: Option<usize>) {
    let barrier = Barrier::new(2 * CONNECTIONS + 1);
    let Process { server, connections } = first;
    std::thread::scope(|scope| {
        let all = connections.iter_mut().map(|connection| (kill_at.is_some(), connection));
        let all = all.chain(second.connections.iter_mut().map(|connection| (false, connection)));
        let barrier = &barrier;
        let turns: Vec<_> =
            all.map(|(may_die, connection)| (may_die, scope.spawn(move || draw(connection, barrier)))).collect();
        let before = received.models.load(Ordering::SeqCst);
        barrier.wait();
        if let Some(count) = kill_at {
            while received.models.load(Ordering::SeqCst) < before + count {
                std::thread::yield_now();
            }
            server.signal("-KILL");
        }
        for (may_die, turn) in turns {
            assert!(turn.join().expect("no panic") || may_die, "a turn did not end");
        }
    });
}

/// Waits until no call is open.
fn read_counts(sandbox: &Sandbox, process: &mut Process) -> Counts {
    let sql = "SELECT coalesce(sum(outcome IS NULL), 0), coalesce(sum((outcome = 'made') * images), 0), \
               coalesce(sum(lost_images), 0) FROM ledger WHERE started_at_ms > 0";
    let counts = |row: &rusqlite::Row<'_>| Ok(Counts { open: row.get(0)?, made: row.get(1)?, uncertain: row.get(2)? });
    for _ in 0..100_000 {
        let counts = database(sandbox).query_row(sql, (), counts).expect("counts");
        if counts.open == 0 {
            return counts;
        }
        // Another process may be recovering. Each thread is a write, which recovers what is due.
        process.connections[0].start_thread();
    }
    panic!("a call stays open");
}

#[test]
fn last_image_of_a_day_is_made_once_by_racers() {
    let rounds: usize =
        env_setting("EASEL_RACE_ROUNDS").map_or(30, |rounds| rounds.to_string_lossy().parse().expect("a number"));
    let received = Arc::new(Received::default());
    let log = Arc::clone(&received);
    let provider = MockServer::start(move |exchange| match exchange.endpoint() {
        "responses" => {
            log.models.fetch_add(1, Ordering::SeqCst);
            call_tool_once(exchange, &json!({"prompt": "a cat"}));
        }
        _ => {
            log.images.fetch_add(1, Ordering::SeqCst);
            draw_square(exchange);
        }
    });
    let sandbox = sandbox("limits.images_per_day = 1\nwire.turn_event_delay_ms = 0\n", &provider);
    let mut first = Process::start(&sandbox, "first.sock");
    let mut second = Process::start(&sandbox, "second.sock");
    first.connections[0].start_thread();
    database(&sandbox).execute_batch("DROP TRIGGER ledger_rows_stay_as_settled").expect("a trigger");
    let mut random = Rng::new(7);
    let (mut kills, mut made, mut uncertain) = (0, 0, 0);
    for round in 0..rounds {
        let kill_at = random.one_in(5).then(|| random.below(MODEL_REQUESTS));
        let before = received.images.load(Ordering::SeqCst);
        run_round(&mut first, &mut second, &received, kill_at);
        if kill_at.is_some() {
            kills += 1;
            first.kill();
            first = Process::start(&sandbox, "first.sock");
        }
        let counts = read_counts(&sandbox, &mut first);
        let sent = received.images.load(Ordering::SeqCst) - before;
        let counted = usize::try_from(counts.made + counts.uncertain).expect("a small number");
        assert!(sent <= counted && counted <= 1, "round {round}: {sent} sent, {counts:?}");
        if kill_at.is_none() {
            assert_eq!((sent, counts.made), (1, 1), "round {round}: {counts:?}");
        }
        made += counts.made;
        uncertain += counts.uncertain;
        // The day ends.
        database(&sandbox).execute("UPDATE ledger SET started_at_ms = 0", ()).expect("older rows");
    }
    let sent = received.images.load(Ordering::SeqCst);
    println!("{rounds} rounds, {kills} kills: {sent} requests for an image, {made} made, {uncertain} uncertain");
}
