//! Bytes are bounded, not only requests.

use std::io::{BufRead, BufReader, Write};
use std::sync::Arc;
use std::time::Duration;

use easel_rpc::{Limits, Outbox};
use serde_json::Value;

use crate::client::{Client, PATIENCE, Raw};
use crate::server::table;

const ANSWER: usize = 100_000;

fn built(raw: &Raw) -> usize {
    raw.cx.log.lock().unwrap().len()
}

#[test]
fn no_more_long_answers_are_built_than_the_outbox_takes() {
    let limits = Limits { outbox_bytes: 2 * ANSWER + 4096, ..Limits::default() };
    let mut raw = Raw::start_direct(limits);
    writeln!(raw.to_server, r#"{{"id":"init","method":"initialize"}}"#).unwrap();
    for n in 0..200 {
        writeln!(raw.to_server, r#"{{"id":{n},"method":"test/reserved","params":{{"bytes":{ANSWER}}}}}"#).unwrap();
    }
    // More than the pipe holds, so that all requests before it were taken.
    let filler = "x".repeat(1_000);
    for _ in 0..200 {
        writeln!(raw.to_server, r#"{{"method":"no/such","params":{{"x":"{filler}"}}}}"#).unwrap();
    }
    let mut output = BufReader::new(&raw.from_server);
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    for read in 0..200 {
        // Two that are reserved, and one whose last piece is still in the pipe.
        assert!(built(&raw) <= read + 3, "{} built, {read} read", built(&raw));
        line.clear();
        output.read_line(&mut line).unwrap();
        assert!(line.len() > ANSWER, "{line:.200}");
    }
    assert_eq!(built(&raw), 200);
}

#[test]
fn short_answers_pass_while_long_ones_wait_for_the_client() {
    let limits = Limits { outbox_bytes: ANSWER, ..Limits::default() };
    let mut client = Client::ready(limits);
    let held = client.runtime.block_on(client.cx.outbox.reserve(ANSWER));
    client.send(r#"{"id":1,"method":"test/reserved","params":{"bytes":10}}"#);
    client.assert_alive();
    client.send(r#"{"id":2,"method":"$/cancelRequest","params":{"id":1}}"#);
    assert_eq!(client.line(), r#"{"id":1,"error":{"code":-32800,"message":"Request cancelled"}}"#);
    assert_eq!(client.line(), r#"{"id":2,"result":{}}"#);
    drop(held);
    assert_eq!(client.ask(r#"{"id":3,"method":"test/reserved","params":{"bytes":3}}"#), r#"{"id":3,"result":"xxx"}"#);
}

#[test]
fn params_beyond_their_bytes_are_refused_and_short_ones_pass() {
    let limits = Limits { params_bytes: 100_000, ..Limits::default() };
    let mut client = Client::ready(limits);
    let long = |id: u32| format!(r#"{{"id":{id},"method":"test/gate","params":{{"x":"{}"}}}}"#, "x".repeat(70_000));
    client.send(&long(1));
    assert_eq!(client.ask(&long(2)), r#"{"id":2,"error":{"code":-32001,"message":"Server overloaded; retry later."}}"#);
    client.assert_alive();
    client.cx.gate.add_permits(1);
    assert!(client.line().starts_with(r#"{"id":1,"result":{"x":"xxx"#));
    client.send(&long(3));
    client.cx.gate.add_permits(1);
    assert!(client.line().starts_with(r#"{"id":3,"result":{"x":"xxx"#), "its bytes were given back");
}

#[test]
fn params_larger_than_the_bound_pass_alone() {
    let mut client = Client::ready(Limits { params_bytes: 1_000, ..Limits::default() });
    let answer =
        client.ask(&format!(r#"{{"id":1,"method":"test/echo","params":{{"x":"{}"}}}}"#, "x".repeat(1_000_000)));
    assert!(answer.len() > 1_000_000);
}

#[test]
fn params_of_very_many_values_are_refused() {
    let mut client = Client::ready(Limits::default());
    let answer =
        client.ask(&format!(r#"{{"id":1,"method":"test/echo","params":{{"x":[{}0]}}}}"#, "0,".repeat(4_000_001)));
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["error"]["code"], -32602, "{answer}");
}

#[test]
fn short_request_overtakes_parsing_of_long_params() {
    let mut client = Client::ready(Limits::default());
    // Far more work than a short request.
    let long = format!(r#"{{"id":1,"method":"test/number","params":{{"n":1,"x":[{}0]}}}}"#, "[],".repeat(1_000_000));
    client.send(&format!("{long}\n{}", r#"{"id":2,"method":"test/echo","params":{}}"#));
    assert_eq!(client.line(), r#"{"id":2,"result":{}}"#);
    assert_eq!(client.line(), r#"{"id":1,"result":{"n":1}}"#);
}

#[test]
fn clients_that_never_read_do_not_keep_memory_from_another() {
    let limits = Limits { outbox_bytes: 2 * ANSWER, stall_timeout: Duration::from_millis(50), ..Limits::default() };
    let table = Arc::new(table(limits));
    let connect = || Raw::with_table(Arc::clone(&table), limits, Outbox::start);
    let mut deaf: Vec<Raw> = (0..4).map(|_| connect()).collect();
    for raw in &mut deaf {
        writeln!(raw.to_server, r#"{{"id":0,"method":"initialize"}}"#).unwrap();
        for id in 1..=2 {
            writeln!(raw.to_server, r#"{{"id":{id},"method":"test/reserved","params":{{"bytes":{ANSWER}}}}}"#).unwrap();
        }
    }
    while deaf.iter().any(|raw| built(raw) < 2) {
        std::thread::yield_now();
    }
    let mut raw = connect();
    writeln!(raw.to_server, r#"{{"id":0,"method":"initialize"}}"#).unwrap();
    writeln!(raw.to_server, r#"{{"id":1,"method":"test/reserved","params":{{"bytes":{}}}}}"#, 2 * ANSWER).unwrap();
    let lengths: Vec<usize> =
        BufReader::new(&raw.from_server).lines().take(2).map(|line| line.unwrap().len()).collect();
    assert!(lengths[1] > 2 * ANSWER, "{lengths:?}");
    assert!(deaf.iter().any(|raw| raw.cx.outbox.is_closed()), "who does not read is closed");
}

#[test]
fn stalled_long_messages_release_their_permits() {
    let limits = Limits { stall_timeout: Duration::from_millis(50), ..Limits::default() };
    let table = Arc::new(table(limits));
    let connect = || Raw::with_table(Arc::clone(&table), limits, Outbox::start);
    let half = format!(r#"{{"id":1,"method":"test/echo","params":{{"x":"{}"#, "x".repeat(3_000_000));
    let mut mute: Vec<Raw> = (0..4).map(|_| connect()).collect();
    mute.iter_mut().for_each(|raw| raw.to_server.write_all(half.as_bytes()).unwrap());
    let mut raw = connect();
    writeln!(raw.to_server, r#"{{"id":0,"method":"initialize"}}"#).unwrap();
    writeln!(raw.to_server, "{half}\"}}}}").unwrap();
    let lengths: Vec<usize> =
        BufReader::new(&raw.from_server).lines().take(2).map(|line| line.unwrap().len()).collect();
    assert!(lengths[1] > 3_000_000, "{lengths:?}");
    assert!(mute.iter().any(|raw| raw.cx.outbox.is_closed()), "who does not go on is closed");
}

#[cfg(unix)]
#[test]
fn end_of_input_is_noticed_while_output_is_blocked() {
    let limits = Limits { outbox_bytes: 10_000, stall_timeout: Duration::from_millis(50), ..Limits::default() };
    let Raw { mut to_server, from_server, runtime, session, .. } = Raw::start_direct(limits);
    writeln!(to_server, r#"{{"id":"init","method":"initialize"}}"#).unwrap();
    for id in 0..20 {
        writeln!(to_server, r#"{{"id":{id},"method":"test/big","params":{{"bytes":{ANSWER}}}}}"#).unwrap();
    }
    drop(to_server);
    runtime.block_on(async {
        assert_eq!(tokio::time::timeout(PATIENCE, session.ended()).await, Ok(easel_rpc::End::InputClosed));
    });
    drop(from_server);
}
