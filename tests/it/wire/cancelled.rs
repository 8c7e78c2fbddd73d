//! A cancelled write is completed and announced, and leaves nothing behind.

use easel_testkit::image::{RED, data_url, solid_png};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::harness::Sandbox;
use crate::wire::in_flight::DatabaseLock;
use crate::wire::raw::RawServer;

const STANDALONE: &[&str] = &["--enable", "imagegenext"];

/// Sends a request and its cancellation at once.
fn send_and_cancel(server: &mut RawServer, method: &str, params: &Value) {
    server.send(&json!({ "id": "given up", "method": method, "params": params }).to_string());
    let response = server.round_trip(r#"{"method":"$/cancelRequest","params":{"id":"given up"}}"#);
    assert_eq!(response, r#"{"id":"given up","error":{"code":-32800,"message":"Request cancelled"}}"#);
}

fn run_turn(server: &mut RawServer, thread_id: &str, text: &str) -> Vec<Value> {
    let input = json!([{ "type": "text", "text": text }]);
    server.request("turn/start", &json!({ "threadId": thread_id, "input": input }));
    server.read_until("turn/completed")
}

fn turns_of(server: &mut RawServer, thread_id: &str) -> Vec<Value> {
    let mut read = server.request("thread/read", &json!({ "threadId": thread_id, "includeTurns": true }));
    let Value::Array(turns) = read["thread"]["turns"].take() else { panic!("{read}") };
    turns
}

#[test]
fn cancelled_rollback_is_completed_and_announced() {
    let sandbox = Sandbox::new();
    let mut server = RawServer::start(&sandbox, STANDALONE);
    let thread_id = server.start_thread();
    run_turn(&mut server, &thread_id, "draw a red square, 64x64");
    let lock = DatabaseLock::new(&sandbox);
    send_and_cancel(&mut server, "thread/rollback", &json!({ "threadId": thread_id, "numTurns": 1 }));
    lock.release();
    assert_eq!(server.read_json()["method"], "thread/reverted");
    assert_eq!(turns_of(&mut server, &thread_id), [] as [Value; 0]);
    let events = run_turn(&mut server, &thread_id, "make it blue");
    let images = events.iter().filter_map(|event| event["params"]["item"]["images"].as_array()).flatten();
    let inputs: Vec<&Value> = images.filter_map(|image| image["inputs"].as_array()).flatten().collect();
    assert!(inputs.is_empty(), "the model still knows the image that was taken back: {inputs:?}");
    server.close();
}

#[test]
fn cancelled_delete_is_completed_and_announced() {
    let sandbox = Sandbox::new();
    let mut server = RawServer::start(&sandbox, &[]);
    let thread_id = server.start_thread();
    let lock = DatabaseLock::new(&sandbox);
    send_and_cancel(&mut server, "thread/delete", &json!({ "threadId": thread_id }));
    lock.release();
    assert_eq!(server.read_json()["method"], "thread/deleted");
    let read = server
        .round_trip(&json!({ "id": 1, "method": "thread/read", "params": { "threadId": thread_id } }).to_string());
    assert!(read.contains("not found"), "{read}");
    server.close();
}

#[test]
fn a_cancelled_write_leaves_the_thread_free_for_another_process() {
    let sandbox = Sandbox::new();
    let (mut server, mut other) = (RawServer::start(&sandbox, &[]), RawServer::start(&sandbox, &[]));
    let thread_id = server.start_thread();
    run_turn(&mut server, &thread_id, "hello");
    server.request("thread/unsubscribe", &json!({ "threadId": thread_id }));
    assert_eq!(server.read_json()["method"], "thread/closed");
    for (method, params) in [
        ("thread/name/set", json!({ "name": "n" })),
        ("thread/metadata/update", json!({ "gitInfo": { "branch": "main" } })),
        ("thread/settings/update", json!({ "model": "another" })),
        ("thread/archive", json!({})),
        ("thread/unarchive", json!({})),
        ("thread/rollback", json!({ "numTurns": 1 })),
    ] {
        let mut params = params;
        params["threadId"] = json!(thread_id);
        let lock = DatabaseLock::new(&sandbox);
        send_and_cancel(&mut server, method, &params);
        lock.release();
        // This response comes after all earlier requests of the thread.
        server.request("thread/read", &json!({ "threadId": thread_id }));
        other.request("thread/name/set", &json!({ "threadId": thread_id, "name": method }));
    }
    assert_eq!(turns_of(&mut other, &thread_id), [] as [Value; 0]);
    drop((server, other));
}

#[test]
fn cancelled_turn_start_starts_no_turn() {
    let sandbox = Sandbox::new();
    let mut server = RawServer::start(&sandbox, STANDALONE);
    let thread_id = server.start_thread();
    let lock = DatabaseLock::new(&sandbox);
    let input =
        json!([{ "type": "text", "text": "edit" }, { "type": "image", "url": data_url(&solid_png(64, 64, RED)) }]);
    send_and_cancel(&mut server, "turn/start", &json!({ "threadId": thread_id, "input": input }));
    lock.release();
    assert_eq!(turns_of(&mut server, &thread_id), [] as [Value; 0]);
    let events = run_turn(&mut server, &thread_id, "hello");
    let started = events.iter().filter(|event| event["method"] == "turn/started");
    assert_eq!(started.count(), 1, "{events:#?}");
    server.close();
}

#[test]
fn thread_recovers_from_an_unreadable_history() {
    let sandbox = Sandbox::new();
    let mut server = RawServer::start(&sandbox, STANDALONE);
    let thread_id = server.start_thread();
    for _ in 0..2 {
        run_turn(&mut server, &thread_id, "hello");
    }
    server.request("thread/rollback", &json!({ "threadId": thread_id, "numTurns": 1 }));
    assert_eq!(server.read_json()["method"], "thread/reverted");
    let database = Connection::open(sandbox.home().join("easel.db")).expect("the database of the home");
    let change_rows = |sql: &str| assert!(database.execute(sql, [&thread_id]).expect("a row is changed") > 0);
    change_rows("UPDATE model_items SET json = 'x' || json WHERE thread_id = ?1");
    let input = json!([{ "type": "text", "text": "hello" }]);
    let start = json!({ "id": 1, "method": "turn/start", "params": { "threadId": thread_id, "input": input } });
    let refused = server.round_trip(&start.to_string());
    assert!(refused.contains("-32603"), "{refused}");
    let status = server.request("thread/read", &json!({ "threadId": thread_id }));
    assert_eq!(status["thread"]["status"]["type"], "idle");
    change_rows("UPDATE model_items SET json = substr(json, 2) WHERE thread_id = ?1");
    run_turn(&mut server, &thread_id, "hello");
    assert_eq!(turns_of(&mut server, &thread_id).len(), 2);
    server.close();
}
