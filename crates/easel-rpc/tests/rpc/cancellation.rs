use easel_rpc::Limits;
use serde_json::json;

use crate::client::Client;

const CANCELLED: &str = r#"{"id":1,"error":{"code":-32800,"message":"Request cancelled"}}"#;

fn cancel(client: &mut Client, id: &str) {
    client.send(&format!(r#"{{"method":"$/cancelRequest","params":{{"id":{id}}}}}"#));
}

#[test]
fn cancelling_answers_at_once_and_drops_the_handler() {
    let mut client = Client::ready(Limits::default());
    client.send(r#"{"id":1,"method":"test/hang"}"#);
    cancel(&mut client, "1");
    assert_eq!(client.line(), CANCELLED);
    assert_eq!(client.message()["method"], "handler/dropped");
    client.assert_alive();
}

#[test]
fn cancelling_reaches_work_that_the_handler_gave_away() {
    let mut client = Client::ready(Limits::default());
    client.send(r#"{"id":1,"method":"test/hangWithToken"}"#);
    cancel(&mut client, "1");
    assert_eq!(client.line(), CANCELLED);
    assert_eq!(client.message()["method"], "worker/cancelled");
}

#[test]
fn cancelling_before_after_and_twice_is_harmless() {
    let mut client = Client::ready(Limits::default());
    cancel(&mut client, "1");
    assert_eq!(client.ask(r#"{"id":1,"method":"test/number","params":{"n":1}}"#), r#"{"id":1,"result":{"n":1}}"#);
    cancel(&mut client, "1");
    client.send(r#"{"id":1,"method":"test/gate"}"#);
    cancel(&mut client, "1");
    cancel(&mut client, "1");
    assert_eq!(client.line(), CANCELLED);
    for params in ["", r#","params":null"#, r#","params":{}"#, r#","params":[1]"#, r#","params":{"id":null}"#] {
        client.send(&format!(r#"{{"method":"$/cancelRequest"{params}}}"#));
    }
    client.assert_alive();
}

#[test]
fn cancelled_id_is_reusable_and_late_result_dropped() {
    let mut client = Client::ready(Limits::default());
    for _ in 0..50 {
        client.send(r#"{"id":1,"method":"test/gate","params":{"late":true}}"#);
        cancel(&mut client, "1");
        client.send(r#"{"id":1,"method":"test/gate","params":{"second":true}}"#);
        client.send(r#"{"id":2,"method":"test/open"}"#);
        let mut rest = vec![client.line(), client.line(), client.line()];
        rest.sort();
        assert_eq!(rest, [CANCELLED, r#"{"id":1,"result":{"second":true}}"#, r#"{"id":2,"result":{}}"#]);
        client.cx.gate.forget_permits(1);
    }
}

#[test]
fn cancelling_by_a_request_is_answered_too() {
    let mut client = Client::ready(Limits::default());
    client.send(r#"{"id":"a","method":"test/gate"}"#);
    client.send(r#"{"id":2,"method":"$/cancelRequest","params":{"id":"a"}}"#);
    assert_eq!(client.line(), r#"{"id":"a","error":{"code":-32800,"message":"Request cancelled"}}"#);
    assert_eq!(client.line(), r#"{"id":2,"result":{}}"#);
    assert_eq!(client.ask(r#"{"id":3,"method":"$/cancelRequest","params":{"id":"a"}}"#), r#"{"id":3,"result":{}}"#);
}

#[test]
fn follow_up_learns_of_a_cancelled_request() {
    let mut client = Client::ready(Limits::default());
    client.send(r#"{"id":1,"method":"test/startThenHang"}"#);
    cancel(&mut client, "1");
    assert_eq!(client.line(), CANCELLED);
    assert_eq!(client.message()["params"], json!({ "queued": false }));
}

#[test]
fn duplicate_id_in_flight_is_rejected() {
    let mut client = Client::ready(Limits::default());
    client.send(r#"{"id":1,"method":"test/gate","params":{"first":true}}"#);
    assert_eq!(
        client.ask(r#"{"id":1,"method":"test/echo"}"#),
        r#"{"id":1,"error":{"code":-32600,"message":"Invalid request: a request with this id is in flight"}}"#
    );
    // The same characters as a string are another id.
    assert_eq!(client.ask(r#"{"id":"1","method":"test/echo"}"#), r#"{"id":"1","result":{}}"#);
    client.cx.gate.add_permits(1);
    assert_eq!(client.line(), r#"{"id":1,"result":{"first":true}}"#);
}

#[test]
fn cooperative_handler_responds_to_its_cancellation() {
    let mut client = Client::ready(Limits::default());
    client.send(r#"{"id":1,"method":"test/cooperative"}"#);
    cancel(&mut client, "1");
    cancel(&mut client, "1");
    assert_eq!(client.line(), r#"{"id":1,"result":"cancelled"}"#);
    client.assert_alive();
}

#[test]
fn notifications_reach_their_handlers_in_order() {
    let mut client = Client::ready(Limits::default());
    for n in 0..3 {
        client.send(&format!(r#"{{"method":"test/note","params":{{"n":{n}}}}}"#));
    }
    for n in 0..3 {
        let note = client.message();
        assert_eq!((&note["method"], &note["params"]["n"]), (&json!("test/noted"), &json!(n)));
    }
    // Nobody waits for an error.
    for params in ["", r#","params":{"n":"x"}"#, r#","params":[]"#] {
        client.send(&format!(r#"{{"method":"test/note"{params}}}"#));
    }
    client.send(r#"{"method":"test/panicNote"}"#);
    client.assert_alive();
}
