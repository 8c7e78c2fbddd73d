use std::io::{BufRead, BufReader, Write};
use std::task::{Context, Waker};

use easel_rpc::Limits;
use serde_json::{Value, json};

use crate::client::{Client, PATIENCE, Raw};

/// What two pipes, the writer's batch and the reader's buffer may hold besides the outbox, in bytes.
const ELSEWHERE: usize = 4 * 64 * 1024;

#[test]
fn burst_is_answered_although_the_client_reads_late() {
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
fn response_written_in_place_never_blocks() {
    let Raw { mut to_server, from_server, cx, runtime: _runtime, session: _session } =
        Raw::start_direct(Limits::default());
    writeln!(to_server, r#"{{"id":"init","method":"initialize"}}"#).unwrap();
    // One at a time, so that each answer is short enough to be written in place, until the pipe is long full.
    for n in 0..200 {
        writeln!(to_server, r#"{{"id":{n},"method":"test/bigLog","params":{{"bytes":1000}}}}"#).unwrap();
        while cx.log.lock().unwrap().len() <= n {
            std::thread::yield_now();
        }
    }
    assert_eq!(BufReader::new(from_server).lines().skip(1).take(200).count(), 200);
}

#[test]
fn client_that_does_not_read_stops_the_reader() {
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
fn notify_waits_and_progress_is_dropped_when_full() {
    let limits = Limits { outbox_bytes: 100_000, ..Limits::default() };
    let Raw { from_server, cx, runtime, session, to_server } = Raw::start(limits);
    let mut sent = 0;
    let waiting = loop {
        let mut sending = Box::pin(cx.outbox.notify("event", &json!({ "n": sent, "x": "x".repeat(10_000) })));
        sent += 1;
        if sending.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
            break sending;
        }
        assert!(sent <= (limits.outbox_bytes + ELSEWHERE) / 10_000 + 2, "{sent} sent, none read");
    };
    while cx.outbox.try_notify("progress", &json!({})) {
        std::thread::yield_now();
    }
    let reading = std::thread::spawn(|| {
        let lines =
            BufReader::new(from_server).lines().map(|line| serde_json::from_str::<Value>(&line.unwrap()).unwrap());
        lines.filter(|message| message["method"] == "event").map(|message| message["params"]["n"].clone()).collect()
    });
    runtime.block_on(waiting).unwrap();
    assert!(runtime.block_on(session.finish(PATIENCE)));
    let received: Vec<Value> = reading.join().unwrap();
    assert_eq!(received, (0..sent).map(Value::from).collect::<Vec<_>>(), "nothing is lost");
    drop(to_server);
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
