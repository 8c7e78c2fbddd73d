//! Several connections of one server: the one that started the turn is asked.

use serde_json::{Value, json};

use super::{IMAGES, provider, sandbox};
use crate::listen::server::{Connection, ListeningServer, Transport};

fn start_server(sandbox: &crate::harness::Sandbox) -> ListeningServer {
    let arguments = ["-c", "model_provider=mock", "--enable", "imagegenext"];
    ListeningServer::start_with(sandbox, Transport::Lines, &arguments)
}

fn connect(server: &ListeningServer) -> Connection {
    let mut connection = server.connect_uninitialized();
    connection.initialize(&json!({ "requestPermissionsApproval": true }));
    connection
}

/// Reads messages up to the first with this method.
fn read_until(connection: &mut Connection, method: &str) -> Vec<Value> {
    let mut messages = Vec::new();
    while messages.last().is_none_or(|message: &Value| message["method"] != method) {
        messages.push(connection.read_json());
    }
    messages
}

/// Connects two clients to one thread, and starts a turn with the first.
fn start_shared_turn(server: &ListeningServer) -> (Connection, Connection, String) {
    let (mut first, mut second) = (connect(server), connect(server));
    let thread_id = first.start_thread();
    second.request("thread/resume", &json!({ "threadId": thread_id }));
    first.start_turn(&thread_id);
    (first, second, thread_id)
}

#[test]
fn only_the_connection_that_started_the_turn_is_asked() {
    let backend = provider(1);
    let sandbox = sandbox(&backend, "approval = \"always\"");
    let server = start_server(&sandbox);
    let (mut ada, mut bob, thread_id) = start_shared_turn(&server);
    let question = read_until(&mut ada, "item/permissions/requestApproval").pop().expect("the question");
    let result = json!({ "permissions": { "network": { "enabled": true } }, "scope": "day" });
    ada.send(&json!({ "id": question["id"], "result": result }));
    read_until(&mut ada, "turn/completed");
    let seen = read_until(&mut bob, "turn/completed");
    assert!(seen.iter().all(|message| message["id"].is_null() && message["method"] != "serverRequest/resolved"));
    assert_eq!(backend.requests_to(IMAGES).len(), 1);

    // The approval of the day belongs to the connection that gave it.
    bob.start_turn(&thread_id);
    let question = read_until(&mut bob, "item/permissions/requestApproval").pop().expect("the question");
    bob.send(&json!({ "id": question["id"], "result": { "permissions": {} } }));
    read_until(&mut bob, "turn/completed");
    let seen = read_until(&mut ada, "turn/completed");
    assert!(seen.iter().all(|message| message["id"].is_null()), "{seen:#?}");
    ada.start_turn(&thread_id);
    let seen = read_until(&mut ada, "turn/completed");
    assert!(seen.iter().all(|message| message["id"].is_null()), "{seen:#?}");
    assert_eq!(backend.requests_to(IMAGES).len(), 2);
    server.stop();
}

#[test]
fn disconnected_client_denies() {
    let backend = provider(1);
    let sandbox = sandbox(&backend, "approval = \"always\"");
    let server = start_server(&sandbox);
    let (mut ada, mut bob, _) = start_shared_turn(&server);
    read_until(&mut ada, "item/permissions/requestApproval");
    drop(ada);
    let seen = read_until(&mut bob, "turn/completed");
    let item = seen.iter().find(|message| {
        message["params"]["item"]["type"] == "imageGeneration" && message["method"] == "item/completed"
    });
    let error = &item.expect("the image's item")["params"]["item"]["error"];
    assert_eq!((&error["kind"], &error["billed"]), (&json!("approvalDenied"), &json!("no")), "{error}");
    assert!(error["message"].as_str().is_some_and(|message| message.contains("disconnected")), "{error}");
    assert!(backend.requests_to(IMAGES).is_empty());
    server.stop();
}
