use std::collections::HashMap;

use easel_rpc::Limits;
use proptest::prelude::*;
use serde_json::Value;

use crate::client::Client;

#[test]
fn each_kind_of_garbage_has_its_answer() {
    let mut client = Client::ready(Limits::default());
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let answers = [
        client.ask("nonsense"),
        client.ask(r#"{"id":1,"method":"#),
        client.ask("\u{feff}{\"id\":1,\"method\":\"test/echo\"}"),
        client.ask("{\"id\":1,\"method\":\"test/echo\u{0}\"}"),
        client.ask(r#"{"id":1,"method":"\ud800"}"#),
        client.ask(&"[".repeat(10_000)),
        client.ask(&nested(10_000)),
        client.ask(r#"[{"id":1,"method":"test/echo"}]"#),
        client.ask("[]"),
        client.ask("17"),
        client.ask("{}"),
        client.ask(r#"{"id":null,"method":"test/echo"}"#),
        client.ask(r#"{"id":1.5,"method":"test/echo"}"#),
        client.ask(r#"{"id":{},"method":"test/echo"}"#),
        client.ask(r#"{"id":123456789012345678901234567890,"method":"test/echo"}"#),
        client.ask(r#"{"id":2,"id":3,"method":"test/echo"}"#),
        client.ask(r#"{"id":4,"method":7}"#),
        client.ask(r#"{"id":5,"method":"test/none"}"#),
        client.ask(r#"{"id":6,"method":"account/login/none"}"#),
        client.ask(r#"{"id":7,"method":"test/number","params":{"n":"x"}}"#),
        client.ask(r#"{"id":8,"method":"test/number","params":{"n":1,"n":2}}"#),
        client.ask(&format!(r#"{{"id":9,"method":"test/echo","params":{}}}"#, nested(10_000))),
        client.ask(r#"{"id":10,"method":"test/echo","params":{"a":"\ud800"}}"#),
        client.ask(r#"{"id":11,"method":"test/note","params":{"n":1}}"#),
    ];
    insta::assert_snapshot!(answers.join("\n"), @r#"
    {"id":null,"error":{"code":-32700,"message":"Parse error: expected ident at line 1 column 2"}}
    {"id":null,"error":{"code":-32700,"message":"Parse error: EOF while parsing a value at line 1 column 17"}}
    {"id":null,"error":{"code":-32700,"message":"Parse error: expected value at line 1 column 1"}}
    {"id":null,"error":{"code":-32700,"message":"Parse error: control character (\\u0000-\\u001F) found while parsing a string at line 1 column 28"}}
    {"id":null,"error":{"code":-32700,"message":"Parse error: unexpected end of hex escape at line 1 column 25"}}
    {"id":null,"error":{"code":-32700,"message":"Parse error: EOF while parsing a list at line 1 column 10000"}}
    {"id":null,"error":{"code":-32600,"message":"Invalid request: batches are not supported"}}
    {"id":null,"error":{"code":-32600,"message":"Invalid request: batches are not supported"}}
    {"id":null,"error":{"code":-32600,"message":"Invalid request: batches are not supported"}}
    {"id":null,"error":{"code":-32600,"message":"Invalid request: not a JSON-RPC message"}}
    {"id":null,"error":{"code":-32600,"message":"Invalid request: no method"}}
    {"id":null,"error":{"code":-32600,"message":"Invalid request: id must be a string or a 64-bit integer"}}
    {"id":null,"error":{"code":-32600,"message":"Invalid request: id must be a string or a 64-bit integer"}}
    {"id":null,"error":{"code":-32600,"message":"Invalid request: id must be a string or a 64-bit integer"}}
    {"id":null,"error":{"code":-32600,"message":"Invalid request: id must be a string or a 64-bit integer"}}
    {"id":null,"error":{"code":-32600,"message":"Invalid request: not a JSON-RPC message"}}
    {"id":4,"error":{"code":-32600,"message":"Invalid request: not a JSON-RPC message"}}
    {"id":5,"error":{"code":-32601,"message":"Method not found: test/none"}}
    {"id":6,"error":{"code":-32601,"message":"Method not found"}}
    {"id":7,"error":{"code":-32602,"message":"Invalid params: `n`: invalid type: string, expected an integer","data":{"field":"n"}}}
    {"id":8,"error":{"code":-32602,"message":"Invalid params: `n`: duplicate field","data":{"field":"n"}}}
    {"id":9,"error":{"code":-32602,"message":"Invalid params: `params`: expected an object","data":{"field":"params"}}}
    {"id":10,"error":{"code":-32602,"message":"Invalid params: `a`: unexpected end of hex escape","data":{"field":"a"}}}
    {"id":11,"error":{"code":-32601,"message":"Method not found: test/note"}}
    "#);
    client.assert_alive();
}

#[test]
fn notifications_and_answers_nobody_waits_for_are_ignored() {
    let mut client = Client::ready(Limits::default());
    client.send(r#"{"method":"unknown/notification","params":{}}"#);
    client.send(r#"{"method":"test/note","params":{"n":"wrong"}}"#);
    client.send(r#"{"method":"test/echo"}"#);
    client.send(r#"{"id":77,"result":{}}"#);
    client.send(r#"{"id":"x","error":{"code":1,"message":"m"}}"#);
    client.send(r#"{"id":null,"error":{"code":-32700,"message":"Parse error"}}"#);
    client.assert_alive();
}

#[derive(Debug, Clone)]
enum Piece {
    Bytes(Vec<u8>),
    Request { method: &'static str, n: i64 },
}

fn pieces() -> impl Strategy<Value = Vec<Piece>> {
    let method = prop::sample::select(&["test/number", "test/later", "test/panicLater", "test/none"][..]);
    let piece = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..200).prop_map(Piece::Bytes),
        r#"[\[\]{}:,"\\a-z0-9. \n-]{0,80}"#.prop_map(|text| Piece::Bytes(text.into_bytes())),
        r#"\{"(id|method|params|result)":("[a-z]{0,3}"|[0-9]{1,3}|null|\[\]|\{\}),"(id|method)":("[a-z]{0,3}"|null|-1)\}"#
            .prop_map(|text| Piece::Bytes(text.into_bytes())),
        (method, any::<i64>()).prop_map(|(method, n)| Piece::Request { method, n }),
    ];
    prop::collection::vec(piece, 1..20)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_input_never_ends_the_session(pieces in pieces()) {
        let mut client = Client::ready(Limits { max_line_bytes: 300, ..Limits::default() });
        let mut expected = HashMap::new();
        for (index, piece) in pieces.iter().enumerate() {
            match piece {
                Piece::Bytes(bytes) => client.send_bytes(bytes),
                Piece::Request { method, n } => {
                    let id = format!("request {index}");
                    client.send(&format!(r#"{{"id":"{id}","method":"{method}","params":{{"n":{n}}}}}"#));
                    expected.insert(id, (*method, *n));
                }
            }
        }
        for line in client.end() {
            let answer: Value = serde_json::from_str(&line).unwrap();
            let Some(id) = answer["id"].as_str().filter(|id| id.starts_with("request ")) else {
                prop_assert!(answer["error"]["code"].is_i64(), "{}", line);
                continue;
            };
            match expected.remove(id) {
                Some(("test/number" | "test/later", n)) => prop_assert_eq!(&answer["result"]["n"], &Value::from(n)),
                Some(("test/panicLater", _)) => prop_assert_eq!(&answer["error"]["code"], &Value::from(-32603)),
                Some(_) => prop_assert_eq!(&answer["error"]["code"], &Value::from(-32601)),
                None => prop_assert!(false, "a second answer: {}", line),
            }
        }
        prop_assert!(expected.is_empty(), "unanswered: {:?}", expected);
    }
}
