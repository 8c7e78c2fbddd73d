//! Silent connections, and clients that do not read.

use std::net::TcpStream;
use std::os::unix::net::UnixStream;

use serde_json::json;

use crate::harness::Sandbox;
use crate::listen::server::{ListeningServer, Transport};

#[test]
fn silent_connections_do_not_block_authorized_clients() {
    let sandbox = Sandbox::new();
    let server = ListeningServer::start_with(&sandbox, Transport::WebSocket, &[]);
    let mut before = server.connect();
    let _silent: Vec<TcpStream> = (0..64).map(|_| server.connect_tcp()).collect();
    let mut clients: Vec<_> = (0..8).map(|_| server.connect()).collect();
    let _more: Vec<TcpStream> = (0..64).map(|_| server.connect_tcp()).collect();
    clients.iter_mut().for_each(|client| client.assert_alive());
    before.assert_alive();
    server.stop();
}

#[test]
fn silent_socket_connections_do_not_block_clients() {
    let sandbox = Sandbox::new();
    let server = ListeningServer::start_with(&sandbox, Transport::Lines, &[]);
    let path = sandbox.root().join("easel.sock");
    let _silent: Vec<UnixStream> = (0..128).map(|_| UnixStream::connect(&path).expect("the server listens")).collect();
    server.connect().assert_alive();
    server.stop();
}

/// Its responses fill its outbox. Other clients can still use the thread.
#[test]
fn stalled_client_does_not_block_others_on_its_thread() {
    let sandbox = Sandbox::new();
    let server = ListeningServer::start_with(&sandbox, Transport::Lines, &["-c", "server.outbox_bytes=1048576"]);
    let (mut deaf, mut bob) = (server.connect(), server.connect());
    let thread_id = deaf.start_thread();
    let input = json!([{ "type": "text", "text": "x ".repeat(1_000_000) }]);
    deaf.request("turn/start", &json!({ "threadId": thread_id, "input": input }));
    deaf.events_until(&thread_id, "turn/completed");
    deaf.request("thread/unsubscribe", &json!({ "threadId": thread_id }));
    for id in 0..20 {
        let params = json!({ "threadId": thread_id, "includeTurns": true });
        deaf.send(&json!({ "id": id, "method": "thread/read", "params": params }));
    }
    for name in ["one", "two", "three"] {
        bob.request("thread/name/set", &json!({ "threadId": thread_id, "name": name }));
        assert_eq!(bob.read_json()["method"], "thread/name/updated");
    }
    let mut answered = 0;
    while answered < 20 {
        let message = deaf.read_json();
        assert!(message["error"].is_null(), "{message}");
        answered += usize::from(message["result"]["thread"].is_object());
    }
    server.stop();
}
