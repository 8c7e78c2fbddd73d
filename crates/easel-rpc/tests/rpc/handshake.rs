use easel_rpc::Limits;
use serde_json::json;

use crate::client::Client;

#[test]
fn requests_need_exactly_one_initialize() {
    let mut client = Client::new(Limits::default());
    assert_eq!(
        client.ask(r#"{"id":1,"method":"test/echo"}"#),
        r#"{"id":1,"error":{"code":-32600,"message":"Not initialized"}}"#
    );
    assert_eq!(
        client.ask(r#"{"id":2,"method":"$/cancelRequest","params":{"id":1}}"#),
        r#"{"id":2,"error":{"code":-32600,"message":"Not initialized"}}"#
    );
    client.send(r#"{"method":"test/note","params":{"n":1}}"#);
    client.send(r#"{"id":3,"method":"initialize"}"#);
    assert_eq!(client.line(), r#"{"id":3,"result":{"codexHome":"/"}}"#);
    assert_eq!(
        client.ask(r#"{"id":4,"method":"initialize"}"#),
        r#"{"id":4,"error":{"code":-32600,"message":"Already initialized"}}"#
    );
    client.assert_alive();
}

#[test]
fn requests_right_behind_initialize_are_served() {
    let mut client = Client::new(Limits::default());
    client.send(
        "{\"id\":1,\"method\":\"initialize\"}\n{\"method\":\"initialized\"}\n{\"id\":2,\"method\":\"test/echo\"}",
    );
    assert_eq!(client.line(), r#"{"id":1,"result":{"codexHome":"/"}}"#);
    assert_eq!(client.line(), r#"{"id":2,"result":{}}"#);
}

#[test]
fn a_failed_initialize_may_be_repeated() {
    let mut client = Client::new(Limits::default());
    assert_eq!(
        client.ask(r#"{"id":1,"method":"initialize","params":{"fail":true}}"#),
        r#"{"id":1,"error":{"code":-32600,"message":"No"}}"#
    );
    assert_eq!(
        client.ask(r#"{"id":2,"method":"test/echo"}"#),
        r#"{"id":2,"error":{"code":-32600,"message":"Not initialized"}}"#
    );
    assert_eq!(
        client.ask(r#"{"id":3,"method":"initialize","params":{"panic":true}}"#),
        r#"{"id":3,"error":{"code":-32603,"message":"Internal error"}}"#
    );
    assert_eq!(client.ask(r#"{"id":3,"method":"initialize"}"#), r#"{"id":3,"result":{"codexHome":"/"}}"#);
}

#[test]
fn output_carries_the_version_exactly_when_initialize_did() {
    let mut client = Client::new(Limits::default());
    assert_eq!(
        client.ask(r#"{"jsonrpc":"2.0","id":1,"method":"initialize"}"#),
        r#"{"jsonrpc":"2.0","id":1,"result":{"codexHome":"/"}}"#
    );
    assert_eq!(client.ask(r#"{"id":2,"method":"test/echo"}"#), r#"{"jsonrpc":"2.0","id":2,"result":{}}"#);
    client.send(r#"{"id":3,"method":"test/notify","params":{"n":1}}"#);
    assert_eq!((client.message()["jsonrpc"].clone(), client.message()["id"].clone()), (json!("2.0"), json!(3)));
    assert!(client.ask("x").starts_with(r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700"#));

    let mut client = Client::new(Limits::default());
    client.send(r#"{"id":1,"method":"initialize"}"#);
    assert_eq!(client.line(), r#"{"id":1,"result":{"codexHome":"/"}}"#);
    assert_eq!(client.ask(r#"{"jsonrpc":"2.0","id":2,"method":"test/echo"}"#), r#"{"id":2,"result":{}}"#);
    client.send(r#"{"id":3,"method":"test/notify","params":{"n":1}}"#);
    assert_eq!((client.message().get("jsonrpc"), client.message().get("jsonrpc")), (None, None));
}
