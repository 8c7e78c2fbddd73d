//! Searches of one client and requests of another.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use serde_json::json;

use crate::harness::Sandbox;
use crate::listen::server::{ListeningServer, Transport};

const SEARCHES: usize = 64;

/// Adds 20 MB of text to a thread, in texts that are too long for the index. Every search has to read them.
fn fill(sandbox: &Sandbox, thread_id: &str) {
    let database = Connection::open(sandbox.home().join("easel.db")).expect("the database");
    let folded = |context: &rusqlite::functions::Context<'_>| context.get::<String>(0);
    database.create_scalar_function("folded", 1, FunctionFlags::default(), folded).expect("a function");
    let sql = "WITH RECURSIVE row (number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM row LIMIT 200) \
               INSERT INTO item_words (thread_id, item_id, text) \
               SELECT ?1, 'w' || number, hex(zeroblob(50000)) FROM row";
    database.execute(sql, [thread_id]).expect("a view for writes");
    let sql = "SELECT count(*) FROM item_words WHERE thread_id = ?1 AND length(text) = 100000";
    let count: u32 = database.query_row(sql, [thread_id], |row| row.get(0)).expect("a count");
    assert_eq!(count, 200);
}

#[test]
fn thread_start_does_not_wait_for_searches() {
    let sandbox = Sandbox::new();
    let server = ListeningServer::start_with(&sandbox, Transport::Lines, &[]);
    let (mut ada, mut bob) = (server.connect(), server.connect());
    ada.send(&json!({ "id": "start", "method": "thread/start", "params": {} }));
    let started = ada.read_json();
    fill(&sandbox, started["result"]["thread"]["id"].as_str().expect("a thread id"));
    assert_eq!(ada.read_json()["method"], "thread/started");
    for number in 0..SEARCHES {
        ada.send(&json!({ "id": number, "method": "thread/search", "params": { "searchTerm": "zzz" } }));
    }
    let answered = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&answered);
    // The search ends with the server.
    std::thread::spawn(move || {
        while count.load(Ordering::SeqCst) < SEARCHES {
            assert!(ada.read_json()["result"]["data"].as_array().is_some_and(Vec::is_empty));
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    bob.send(&json!({ "id": "start", "method": "thread/start", "params": {} }));
    assert_eq!(bob.read_json()["id"], "start");
    let before = answered.load(Ordering::SeqCst);
    assert!(before < SEARCHES, "{before} searches were answered before a thread started");
}
