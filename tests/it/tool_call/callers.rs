//! A host turn with calls of two connections: each answers for its own.

use std::path::Path;

use easel_testkit::http::MockServer;
use serde_json::{Value, json};

use super::{IMAGES, posts, provider, sandbox_with};
use crate::harness::Sandbox;
use crate::listen::server::{Connection, ListeningServer, Transport};

const QUESTION: &str = "item/permissions/requestApproval";

fn start_server(sandbox: &Sandbox) -> ListeningServer {
    let arguments = ["-c", "model_provider=mock", "--enable", "imagegenext"];
    ListeningServer::start_with(sandbox, Transport::Lines, &arguments)
}

fn connect(server: &ListeningServer, name: &str) -> Connection {
    let mut connection = server.connect_uninitialized();
    let hello = json!({
        "clientInfo": { "name": name, "version": "1.0.0" },
        "capabilities": { "requestPermissionsApproval": true },
    });
    let response = connection.call("initialize", &hello);
    assert!(response["error"].is_null(), "{response}");
    connection
}

fn send_call(connection: &mut Connection, thread_id: &str, number: u64, prompt: &str) {
    let params = json!({
        "threadId": thread_id, "callId": format!("call_{number}"), "tool": "imagegen",
        "arguments": { "prompt": prompt }, "pictures": "none",
    });
    connection.send(&json!({ "id": number, "method": "tool/call", "params": params }));
}

/// Reads messages until one fits, and returns it. None before may be a question.
fn read_until(connection: &mut Connection, fits: impl Fn(&Value) -> bool) -> Value {
    loop {
        let message = connection.read_json();
        if fits(&message) {
            return message;
        }
        assert_ne!(message["method"], QUESTION, "{message}");
    }
}

/// Answers the next question, which must be about this call.
fn answer(connection: &mut Connection, number: u64, result: &Value) {
    let question = read_until(connection, |message| message["method"] == QUESTION);
    assert_eq!(question["params"]["itemId"], format!("call_{number}"), "{question}");
    connection.send(&json!({ "id": question["id"], "result": result }));
}

fn response_to(connection: &mut Connection, number: u64) -> Value {
    read_until(connection, |message| message["id"] == number && message["method"].is_null())
}

fn originators(provider: &MockServer) -> Vec<String> {
    let name = |request: &easel_testkit::http::Request| request.header("originator").unwrap_or_default().to_owned();
    provider.requests_to(IMAGES).iter().map(name).collect()
}

#[test]
fn each_connection_approves_its_own_calls_of_a_turn() {
    let provider = provider();
    let sandbox = sandbox_with(&provider, "approval = \"always\"");
    let server = start_server(&sandbox);
    let (mut ada, mut bob) = (connect(&server, "ada"), connect(&server, "bob"));
    let thread_id = ada.start_thread();
    let approved = json!({ "permissions": { "network": { "enabled": true } }, "scope": "call" });
    send_call(&mut ada, &thread_id, 1, "slow");
    answer(&mut ada, 1, &approved);

    // The call joins the turn that the other connection has opened.
    send_call(&mut bob, &thread_id, 2, "a cat");
    let mut for_turn = approved.clone();
    for_turn["scope"] = json!("turn");
    answer(&mut bob, 2, &for_turn);
    let made = response_to(&mut bob, 2);
    assert_eq!(made["result"]["success"], true, "{made}");
    // The approval of the turn covers the calls of its connection only.
    send_call(&mut bob, &thread_id, 3, "a dog");
    let also_made = response_to(&mut bob, 3);
    assert_eq!(also_made["result"]["success"], true, "{also_made}");
    assert_eq!(also_made["result"]["turnId"], made["result"]["turnId"]);
    send_call(&mut ada, &thread_id, 4, "a fox");
    answer(&mut ada, 4, &json!({ "permissions": {} }));
    let denied = response_to(&mut ada, 4);
    assert_eq!(denied["result"]["error"]["kind"], "approvalDenied", "{denied}");

    assert!(Path::new(made["result"]["images"][0]["path"].as_str().expect("a path")).exists());
    // The request of the first call may be counted after those of the others.
    let mut originators = originators(&provider);
    originators.sort();
    assert_eq!((posts(&provider), originators), (3, vec!["ada".to_owned(), "bob".to_owned(), "bob".to_owned()]));
    ada.send(&json!({ "method": "$/cancelRequest", "params": { "id": 1 } }));
    read_until(&mut ada, |message| message["method"] == "turn/completed");

    // Its approval has ended with the turn.
    send_call(&mut bob, &thread_id, 5, "a bird");
    answer(&mut bob, 5, &json!({ "permissions": {} }));
    assert_eq!(response_to(&mut bob, 5)["result"]["success"], false);
    server.stop();
}

#[test]
fn connection_that_cannot_be_asked_is_denied_alone() {
    let provider = provider();
    let sandbox = sandbox_with(&provider, "approval = \"always\"");
    let server = start_server(&sandbox);
    let (mut ada, mut bob) = (server.connect(), connect(&server, "bob"));
    let thread_id = bob.start_thread();
    send_call(&mut bob, &thread_id, 1, "slow");
    answer(&mut bob, 1, &json!({ "permissions": { "network": { "enabled": true } } }));
    send_call(&mut ada, &thread_id, 2, "a cat");
    let denied = response_to(&mut ada, 2);
    assert_eq!(denied["result"]["error"]["kind"], "approvalDenied", "{denied}");
    bob.send(&json!({ "method": "$/cancelRequest", "params": { "id": 1 } }));
    read_until(&mut bob, |message| message["method"] == "turn/completed");
    // The request of the first call may be cancelled before it is sent.
    assert!(!originators(&provider).contains(&"listener".to_owned()));
    server.stop();
}
