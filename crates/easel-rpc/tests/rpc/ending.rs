use std::io::{Read, pipe};
use std::sync::Arc;
use std::time::Duration;

use easel_rpc::{Closed, End, Limits, LineReader, Outbox};
use serde_json::json;

use crate::client::{Client, PATIENCE, Raw};

#[test]
fn a_request_right_before_the_end_of_input_is_answered() {
    for last in [
        &b"{\"id\":1,\"method\":\"test/later\",\"params\":{\"n\":1}}\n"[..],
        b"{\"id\":1,\"method\":\"test/later\",\"params\":{\"n\":1}}",
    ] {
        let mut client = Client::ready(Limits::default());
        client.send_last(last);
        assert_eq!(client.end(), [r#"{"id":1,"result":{"n":1}}"#]);
    }
}

#[test]
fn what_is_left_after_the_grace_is_cancelled() {
    let mut client = Client::ready(Limits::default());
    client.send(r#"{"id":1,"method":"test/gate"}"#);
    client.assert_alive();
    let session = client.session.take().unwrap();
    assert!(!client.runtime.block_on(session.drain(Duration::from_millis(1))));
    assert_eq!(client.line(), r#"{"id":1,"error":{"code":-32800,"message":"Request cancelled"}}"#);
    assert!(client.runtime.block_on(session.finish(PATIENCE)));
    assert!(client.cx.outbox.is_closed());
    assert_eq!(client.runtime.block_on(client.cx.outbox.notify("late", &json!({}))), Err(Closed));
}

#[test]
fn a_client_that_closes_our_output_ends_the_session() {
    let Raw { runtime, session, cx, to_server, from_server } = Raw::start(Limits::default());
    drop(from_server);
    runtime.block_on(async {
        // The first write may still fit nowhere and fail later; the second call finds it closed or fails too.
        while cx.outbox.notify("event", &json!({})).await.is_ok() {
            tokio::task::yield_now().await;
        }
        assert_eq!(session.ended().await, End::OutputClosed);
        assert!(session.drain(PATIENCE).await);
        assert!(!session.finish(PATIENCE).await);
    });
    drop(to_server);
}

#[test]
fn a_client_that_stopped_reading_cannot_hold_up_the_end() {
    let Raw { runtime, session, cx, to_server, from_server } = Raw::start(Limits::default());
    drop(to_server);
    runtime.block_on(async {
        cx.outbox.notify("event", &json!({ "x": "x".repeat(1_000_000) })).await.unwrap();
        assert_eq!(session.ended().await, End::InputClosed);
        assert!(!session.finish(Duration::from_millis(1)).await);
    });
    drop(from_server);
}

#[test]
fn finish_can_be_called_again_to_wait_longer() {
    let Raw { runtime, session, cx, to_server, mut from_server } = Raw::start(Limits::default());
    drop(to_server);
    runtime.block_on(async {
        cx.outbox.notify("event", &json!({ "x": "x".repeat(1_000_000) })).await.unwrap();
        assert!(!session.finish(Duration::from_millis(1)).await);
    });
    let reader = std::thread::spawn(move || from_server.read_to_end(&mut Vec::new()).unwrap());
    assert!(runtime.block_on(session.finish(PATIENCE)));
    assert!(reader.join().unwrap() > 1_000_000);
}

#[test]
fn two_connections_share_nothing_but_the_table() {
    let mut one = Client::ready(Limits::default());
    let mut two = Client::new(Limits::default());
    one.send(r#"{"id":1,"method":"test/gate"}"#);
    assert_eq!(
        two.ask(r#"{"id":1,"method":"test/echo"}"#),
        r#"{"id":1,"error":{"code":-32600,"message":"Not initialized"}}"#
    );
    one.cx.gate.add_permits(1);
    assert_eq!(one.line(), r#"{"id":1,"result":{}}"#);
    assert!(one.end().is_empty());
    two.send(r#"{"id":2,"method":"initialize"}"#);
    assert!(two.line().contains("result"));
}

#[test]
fn dropped_outbox_writes_its_queue_and_closes() {
    let (mut from, output) = pipe().unwrap();
    let outbox = Outbox::start(output, 1000).unwrap();
    drop(outbox.notify("event", &json!({})));
    drop(outbox);
    let mut all = String::new();
    from.read_to_string(&mut all).unwrap();
    assert!(all.starts_with(r#"{"method":"event","params":{}"#));
}

#[test]
fn a_reader_that_fails_ends_the_input() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("broken"))
        }
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let outbox = Outbox::start(std::io::sink(), 1000).unwrap();
        let table = Arc::new(easel_rpc::Table::<()>::builder().build().unwrap());
        let session = easel_rpc::serve(table, (), LineReader::new(Broken, 1000), outbox, Limits::default()).unwrap();
        assert_eq!(session.ended().await, End::InputClosed);
        assert!(session.finish(PATIENCE).await);
    });
}

#[test]
fn a_method_that_is_registered_twice_is_an_error() {
    let twice = easel_rpc::Table::<()>::builder()
        .method("a/b", async |(), _, _: serde_json::Value| Ok(easel_rpc::Reply::new(&1)))
        .method("a/b", async |(), _, _: serde_json::Value| Ok(easel_rpc::Reply::new(&2)));
    assert_eq!(twice.build().err().unwrap().to_string(), "the method a/b is registered twice");
}
