//! Invalid params.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::ask;
use super::invalid_params::{InvalidParams, example, invalid_variants, schema_of};
use crate::harness::{STANDALONE, Sandbox, Server};
use crate::session::methods;

#[tokio::test]
async fn every_method_names_missing_and_invalid_fields() {
    let sandbox = Sandbox::new();
    let mut greeted = sandbox.start_server().await;
    let mut silent = Server::spawn(sandbox.server_command(STANDALONE));
    let (mut results, mut unnamed) = (String::new(), Vec::new());
    for method in methods() {
        let server = if method == "initialize" { &mut silent } else { &mut greeted };
        // One line for all fields with the same message.
        let mut lines: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for InvalidParams { field, wrong, params } in invalid_variants(schema_of(method)) {
            let error = ask(server, method, Some(&params)).await.expect_err(&format!("{method} {params}"));
            if (&error["code"], &error["data"]["field"]) != (&json!(-32602), &json!(field)) {
                unnamed.push(format!("{method} {params}: {error}"));
            }
            let message = error["message"].as_str().expect("a message");
            let reason = message.strip_prefix(&format!("Invalid params: `{field}`: "));
            // Clients would take such data for a missing login.
            let reason = reason.or(error["data"]["reason"].as_str()).unwrap_or(message);
            let wrong = wrong.map(|wrong| format!("= {wrong}: ")).unwrap_or_default();
            lines.entry(format!("{wrong}{reason}")).or_default().insert(field);
        }
        for (reason, fields) in lines {
            let _ = writeln!(results, "{method} {} {reason}", Vec::from_iter(fields).join(", "));
        }
    }
    insta::assert_snapshot!("fields", results);
    assert!(unnamed.is_empty(), "{unnamed:#?}");
    // The connection still works.
    ask(&mut silent, "initialize", Some(&example(schema_of("initialize")))).await.expect("a handshake");
    ask(&mut greeted, "account/read", None).await.expect("a response");
    greeted.close().await;
    silent.close().await;
}

#[tokio::test]
async fn params_must_be_an_object_or_absent() {
    let sandbox = Sandbox::new();
    let mut greeted = sandbox.start_server().await;
    let mut silent = Server::spawn(sandbox.server_command(STANDALONE));
    let mut results = String::new();
    for method in methods() {
        let server = if method == "initialize" { &mut silent } else { &mut greeted };
        for wrong in [json!([]), json!(["x"]), json!("x"), json!(7), json!(true)] {
            let error = ask(server, method, Some(&wrong)).await.expect_err(method);
            let expected = json!({ "code": -32602, "message": "Invalid params: `params`: expected an object",
                "data": { "field": "params" } });
            assert_eq!(error, expected, "{method} {wrong}");
        }
        let mut responses = Vec::new();
        for none in [None, Some(Value::Null), Some(json!({}))] {
            let response = ask(server, method, none.as_ref()).await;
            responses.push(
                response.map_or_else(
                    |error| format!("{} {}", error["code"], error["message"]),
                    |_| "a response".to_owned(),
                ),
            );
        }
        responses.dedup();
        assert_eq!(responses.len(), 1, "{method}: {responses:?}");
        let _ = writeln!(results, "{method}: {}", responses[0]);
    }
    insta::assert_snapshot!("none", results);
    greeted.close().await;
    silent.close().await;
}

#[tokio::test]
async fn methods_need_exactly_one_handshake() {
    let sandbox = Sandbox::new();
    let mut server = Server::spawn(sandbox.server_command(STANDALONE));
    let not_yet = json!({ "code": -32600, "message": "Not initialized" });
    for method in methods().into_iter().filter(|method| *method != "initialize") {
        let error = ask(&mut server, method, Some(&example(schema_of(method)))).await.expect_err(method);
        assert_eq!(error, not_yet, "{method}");
    }
    let hello = example(schema_of("initialize"));
    ask(&mut server, "initialize", Some(&hello)).await.expect("a handshake");
    let listed = ask(&mut server, "thread/list", None).await.expect("a response");
    assert_eq!(listed["data"], json!([]), "what was refused has started nothing");
    for params in [Some(&hello), Some(&json!({})), None] {
        let error = ask(&mut server, "initialize", params).await.expect_err("a second one");
        assert_eq!(error, json!({ "code": -32600, "message": "Already initialized" }));
    }
    ask(&mut server, "account/read", None).await.expect("a response");
    server.close().await;
}
