use std::collections::BTreeSet;

use easel_rpc::Limits;
use serde_json::json;

use crate::client::Client;

#[test]
fn response_precedes_its_follow_up() {
    let mut client = Client::ready(Limits::default());
    for id in 0..200 {
        client.send(&format!(r#"{{"id":{id},"method":"test/start"}}"#));
    }
    let mut answered = 0;
    let mut follow_ups = 0;
    for _ in 0..400 {
        let message = client.message();
        match message.get("method") {
            None => answered += 1,
            Some(method) => {
                assert_eq!(method, "followUp");
                assert_eq!(message["params"], json!({ "queued": true }));
                follow_ups += 1;
            }
        }
        assert!(follow_ups <= answered);
    }
}

#[test]
fn handlers_start_in_request_order() {
    let mut client = Client::ready(Limits::default());
    for n in 0..500 {
        client.send(&format!(r#"{{"id":{n},"method":"test/log","params":{{"n":{n}}}}}"#));
    }
    let mut ids = BTreeSet::new();
    for _ in 0..500 {
        ids.insert(client.message()["id"].as_i64().unwrap());
    }
    assert_eq!(ids.len(), 500);
    client.send(r#"{"id":"log","method":"test/readLog"}"#);
    assert_eq!(client.message()["result"], json!((0..500).collect::<Vec<_>>()));
}

#[test]
fn a_request_that_waits_does_not_hold_up_the_next() {
    let mut client = Client::ready(Limits::default());
    client.send(r#"{"id":1,"method":"test/gate"}"#);
    client.assert_alive();
    client.send(r#"{"id":2,"method":"test/open"}"#);
    let ids: BTreeSet<_> = [client.message(), client.message()].iter().map(|m| m["id"].as_i64()).collect();
    assert_eq!(ids, BTreeSet::from([Some(1), Some(2)]));
}

#[test]
fn notifications_keep_their_order_and_have_timestamps() {
    let mut client = Client::ready(Limits { outbox_bytes: 2000, ..Limits::default() });
    let outbox = client.cx.outbox.clone();
    client.cx.tasks.spawn_on(
        async move {
            for n in 0..500 {
                outbox.notify("counted", &json!({ "n": n })).await.unwrap();
            }
        },
        client.runtime.handle(),
    );
    let mut last = 0;
    for n in 0..500 {
        let message = client.message();
        assert_eq!(message["params"]["n"], n);
        let at = message["emittedAtMs"].as_u64().unwrap();
        assert!(at > 1_600_000_000_000);
        last = last.max(at);
    }
    client.assert_alive();
}
