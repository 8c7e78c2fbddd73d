//! Requests that stay in flight because the test has locked the database.

use rusqlite::Connection;

use crate::harness::Sandbox;
use crate::wire::raw::{RawServer, Signal};

/// Locks the database until it is released. The server waits a few seconds for it.
pub(super) struct DatabaseLock(Connection);

impl DatabaseLock {
    pub(super) fn new(sandbox: &Sandbox) -> Self {
        let connection = Connection::open(sandbox.home().join("easel.db")).expect("the database of the home");
        connection.execute_batch("BEGIN IMMEDIATE").expect("nobody writes");
        Self(connection)
    }

    pub(super) fn release(self) {
        drop(self.0);
    }
}

/// A request that writes.
pub(super) fn rename(id: &str, thread_id: &str) -> String {
    format!(r#"{{"id":{id},"method":"thread/name/set","params":{{"threadId":"{thread_id}","name":"n"}}}}"#)
}

#[test]
fn id_in_flight_cannot_be_reused() {
    let sandbox = Sandbox::new();
    let mut server = RawServer::start(&sandbox, &[]);
    let thread_id = server.start_thread();
    let lock = DatabaseLock::new(&sandbox);
    server.send(&rename("7", &thread_id));
    assert_eq!(
        server.round_trip(r#"{"id":7,"method":"account/read"}"#),
        r#"{"id":7,"error":{"code":-32600,"message":"Invalid request: a request with this id is in flight"}}"#
    );
    assert_eq!(server.round_trip(r#"{"id":"7","method":"model/list"}"#).find("result"), Some(r#"{"id":"7",""#.len()));
    lock.release();
    assert_eq!(server.read_line(), r#"{"id":7,"result":{}}"#);
    assert_eq!(server.read_json()["method"], "thread/name/updated");
    let again = server.round_trip(r#"{"id":7,"method":"account/read"}"#);
    assert!(again.starts_with(r#"{"id":7,"result":"#), "{again}");
    server.close();
}

#[test]
fn a_cancelled_request_is_answered_at_once_and_only_once() {
    let sandbox = Sandbox::new();
    let mut server = RawServer::start(&sandbox, &[]);
    let thread_id = server.start_thread();
    let lock = DatabaseLock::new(&sandbox);
    let cancelled = |id| format!(r#"{{"id":{id},"error":{{"code":-32800,"message":"Request cancelled"}}}}"#);
    for id in ["7", r#""seven""#] {
        server.send(&rename(id, &thread_id));
        assert_eq!(
            server.round_trip(&format!(r#"{{"method":"$/cancelRequest","params":{{"id":{id}}}}}"#)),
            cancelled(id)
        );
    }
    // Some clients send the cancellation as a request.
    server.send(&rename("8", &thread_id));
    assert_eq!(server.round_trip(r#"{"id":9,"method":"$/cancelRequest","params":{"id":8}}"#), cancelled("8"));
    assert_eq!(server.read_line(), r#"{"id":9,"result":{}}"#);
    lock.release();
    // The first request was running, and the others were queued behind it.
    assert_eq!(server.read_json()["method"], "thread/name/updated");
    server.assert_alive();
    server.close();
}

#[test]
fn cancelled_writes_are_bounded() {
    let sandbox = Sandbox::new();
    let mut server = RawServer::start(&sandbox, &["-c", "server.max_in_flight=2"]);
    let threads: Vec<String> = (0..5).map(|_| server.start_thread()).collect();
    let lock = DatabaseLock::new(&sandbox);
    for thread_id in &threads[..4] {
        server.send(&rename("1", thread_id));
        let cancelled = server.round_trip(r#"{"method":"$/cancelRequest","params":{"id":1}}"#);
        assert!(cancelled.contains("-32800"), "{cancelled}");
    }
    let overloaded = r#"{"id":2,"error":{"code":-32001,"message":"Server overloaded; retry later."}}"#;
    assert_eq!(server.round_trip(&rename("2", &threads[4])), overloaded);
    server.assert_alive();
    lock.release();
    let names_received: Vec<_> = (0..4).map(|_| server.read_json()).collect();
    assert!(names_received.iter().all(|event| event["method"] == "thread/name/updated"), "{names_received:?}");
    server.close();
}

#[test]
fn cancelling_finished_or_unknown_requests_is_ignored() {
    let sandbox = Sandbox::new();
    let mut server = RawServer::start(&sandbox, &[]);
    server.round_trip(r#"{"id":1,"method":"account/read"}"#);
    for params in [
        r#"{"id":1}"#,
        r#"{"id":1}"#,
        r#"{"id":"never"}"#,
        r#"{"id":null}"#,
        r#"{"id":[1]}"#,
        r#"{"requestId":1}"#,
        "null",
        "[1]",
        "7",
    ] {
        server.send(&format!(r#"{{"method":"$/cancelRequest","params":{params}}}"#));
    }
    server.send(r#"{"method":"$/cancelRequest"}"#);
    server.assert_alive();
    assert_eq!(
        server.round_trip(r#"{"id":2,"method":"$/cancelRequest","params":{"id":1}}"#),
        r#"{"id":2,"result":{}}"#
    );
    server.close();
}

#[test]
fn full_request_table_refuses_retryably_and_recovers() {
    let sandbox = Sandbox::new();
    let mut server = RawServer::start(&sandbox, &["-c", "server.max_in_flight=2"]);
    let (one, two) = (server.start_thread(), server.start_thread());
    let lock = DatabaseLock::new(&sandbox);
    server.send(&rename("1", &one));
    server.send(&rename("2", &two));
    assert_eq!(
        server.round_trip(r#"{"id":3,"method":"account/read"}"#),
        r#"{"id":3,"error":{"code":-32001,"message":"Server overloaded; retry later."}}"#
    );
    lock.release();
    // Each response precedes its event. The two threads run in parallel.
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.extend(server.read_json()["id"].as_i64());
    }
    ids.sort_unstable();
    assert_eq!(ids, [1, 2]);
    server.assert_alive();
    server.close();
}

#[test]
fn requests_are_ordered_per_thread_only() {
    let sandbox = Sandbox::new();
    let mut server = RawServer::start(&sandbox, &[]);
    let thread_id = server.start_thread();
    let lock = DatabaseLock::new(&sandbox);
    let names: Vec<String> = (0..20).map(|n| format!("name {n}")).collect();
    for (id, name) in names.iter().enumerate() {
        let params = format!(r#"{{"threadId":"{thread_id}","name":"{name}"}}"#);
        server.send(&format!(r#"{{"id":{id},"method":"thread/name/set","params":{params}}}"#));
    }
    server.assert_alive();
    lock.release();
    let mut answered = Vec::new();
    let mut names_received = Vec::new();
    while names_received.len() < names.len() {
        let message = server.read_json();
        match message["id"].as_u64() {
            Some(id) => answered.push(id),
            None => names_received.push(message["params"]["threadName"].as_str().expect("a name").to_owned()),
        }
        assert!(answered.len() >= names_received.len(), "an response comes before its event");
    }
    assert_eq!(answered, (0..20).collect::<Vec<u64>>());
    assert_eq!(names_received, names);
    server.close();
}

#[test]
fn request_in_flight_is_answered_at_shutdown() {
    for end in [None, Some(Signal::Term), Some(Signal::Int)] {
        let sandbox = Sandbox::new();
        let mut server = RawServer::start(&sandbox, &[]);
        let thread_id = server.start_thread();
        let lock = DatabaseLock::new(&sandbox);
        server.send(&rename("7", &thread_id));
        // This response shows that the server has read the earlier request.
        server.assert_alive();
        match end {
            None => server.close_input(),
            Some(signal) => server.signal(signal),
        }
        lock.release();
        assert_eq!(server.read_line(), r#"{"id":7,"result":{}}"#, "{end:?}");
        assert_eq!(server.read_json()["method"], "thread/name/updated");
        assert_eq!(server.read_to_end(), [""; 0]);
        assert_eq!(server.wait_for_exit_code(), Some(0));
    }
}
