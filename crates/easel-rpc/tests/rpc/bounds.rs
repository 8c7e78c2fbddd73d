use std::io::{BufRead, BufReader, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use easel_rpc::Limits;
use serde_json::{Value, json};

use crate::client::{Client, Raw};

/// What two pipes, the writer's batch and the reader's buffer may hold besides the outbox, in bytes.
const ELSEWHERE: usize = 4 * 64 * 1024;

#[test]
fn a_burst_is_answered_in_full_by_a_server_whose_client_reads_late() {
    for raw in [Raw::start(Limits::default()), Raw::start_direct(Limits::default())] {
        let Raw { mut to_server, from_server, runtime: _runtime, session: _session, .. } = raw;
        writeln!(to_server, r#"{{"id":"init","method":"initialize"}}"#).unwrap();
        // Far more than the pipes hold: the server must go on reading although nobody takes its answers.
        let filler = "x".repeat(300);
        for id in 0..2000 {
            let method = if id % 2 == 0 { "test/echo" } else { "test/later" };
            writeln!(to_server, r#"{{"id":{id},"method":"{method}","params":{{"n":{id},"x":"{filler}"}}}}"#).unwrap();
        }
        let mut seen = vec![0; 2000];
        for line in BufReader::new(from_server).lines().skip(1).take(2000) {
            let answer: Value = serde_json::from_str(&line.unwrap()).unwrap();
            assert_eq!(answer["id"], answer["result"]["n"]);
            seen[usize::try_from(answer["id"].as_u64().unwrap()).unwrap()] += 1;
        }
        assert_eq!(seen, vec![1; 2000]);
    }
}

#[test]
fn a_client_that_does_not_read_stops_the_reader_at_the_bound() {
    const ANSWER: usize = 10_000;
    let limits = Limits { outbox_bytes: 100_000, ..Limits::default() };
    let Raw { mut to_server, from_server, cx, runtime: _runtime, session: _session } = Raw::start_direct(limits);
    writeln!(to_server, r#"{{"id":"init","method":"initialize"}}"#).unwrap();
    for n in 0..1000 {
        writeln!(to_server, r#"{{"id":{n},"method":"test/bigLog","params":{{"bytes":{ANSWER}}}}}"#).unwrap();
    }
    let allowed = (limits.outbox_bytes + ELSEWHERE) / ANSWER + 2;
    for (read, line) in BufReader::new(from_server).lines().skip(1).take(1000).enumerate() {
        assert!(line.unwrap().len() > ANSWER);
        let served = cx.log.lock().unwrap().len();
        assert!(served <= read + 1 + allowed, "{served} served, {read} read");
    }
}

#[test]
fn who_notifies_waits_for_a_client_that_does_not_read_and_progress_is_dropped() {
    let limits = Limits { outbox_bytes: 100_000, ..Limits::default() };
    let Raw { from_server, cx, runtime, session: _session, to_server: _to_server } = Raw::start(limits);
    let sent = Arc::new(AtomicUsize::new(0));
    let (outbox, count) = (cx.outbox.clone(), Arc::clone(&sent));
    let sender = runtime.spawn(async move {
        for n in 0..500 {
            outbox.notify("event", &json!({ "n": n, "x": "x".repeat(10_000) })).await.unwrap();
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    while cx.outbox.try_notify("progress", &json!({})) {
        std::thread::yield_now();
    }
    let allowed = (limits.outbox_bytes + ELSEWHERE) / 10_000 + 2;
    let mut events = 0;
    for line in BufReader::new(from_server).lines() {
        let message: Value = serde_json::from_str(&line.unwrap()).unwrap();
        if message["method"] == "event" {
            assert_eq!(message["params"]["n"], events, "nothing is lost");
            events += 1;
        }
        assert!(sent.load(Ordering::SeqCst) <= events + allowed);
        if events == 500 {
            break;
        }
    }
    runtime.block_on(sender).unwrap();
}

#[test]
fn a_full_table_of_requests_refuses_and_recovers() {
    let mut client = Client::ready(Limits { max_in_flight: 2, ..Limits::default() });
    client.send(r#"{"id":1,"method":"test/gate"}"#);
    client.send(r#"{"id":2,"method":"test/gate"}"#);
    assert_eq!(
        client.ask(r#"{"id":3,"method":"test/echo"}"#),
        r#"{"id":3,"error":{"code":-32001,"message":"Server overloaded; retry later."}}"#
    );
    client.cx.gate.add_permits(2);
    let mut answers = [client.line(), client.line()];
    answers.sort();
    assert_eq!(answers, [r#"{"id":1,"result":{}}"#, r#"{"id":2,"result":{}}"#]);
    client.assert_alive();
}

#[test]
fn an_answer_over_the_limit_is_replaced_by_an_error() {
    let mut client = Client::ready(Limits { max_response_bytes: 1000, ..Limits::default() });
    assert_eq!(
        client.ask(r#"{"id":1,"method":"test/big","params":{"bytes":2000}}"#),
        r#"{"id":1,"error":{"code":-32008,"message":"Response is too big","data":"Exceeded max limit of 1000"}}"#
    );
}

#[test]
fn one_message_larger_than_the_outbox_still_passes() {
    let mut client = Client::ready(Limits { outbox_bytes: 100, ..Limits::default() });
    client.send(r#"{"id":1,"method":"test/big","params":{"bytes":1000000}}"#);
    assert!(client.line().len() > 1_000_000);
    client.assert_alive();
}
