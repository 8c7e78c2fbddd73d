//! The end of a listening server: a signal ends it, and closed connections do not.

use std::net::Shutdown;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{SLOW_AND_FREE, Sandbox};
use crate::listen::server::{Connection, ListeningServer, Socket, TRANSPORTS, Transport};

/// Reads messages up to the end of the connection.
fn read_remaining(connection: &mut Connection) -> Vec<Value> {
    std::iter::from_fn(|| connection.receive()).collect()
}

#[test]
fn sigterm_closes_all_connections_and_exits_with_0() {
    for transport in TRANSPORTS {
        let sandbox = Sandbox::with_config(SLOW_AND_FREE);
        let url = format!("unix://{}", sandbox.root().join("easel.sock").display());
        let url = if transport == Transport::Lines { url.as_str() } else { "ws://127.0.0.1:0" };
        let server = ListeningServer::spawn(&sandbox, &["--listen", url]);
        let (mut ada, mut bob, mut mute) = (server.connect(), server.connect(), server.connect_uninitialized());
        let thread_id = ada.start_thread();
        ada.start_turn(&thread_id);
        ada.events_until(&thread_id, "turn/started");
        server.signal("-TERM");
        let last = read_remaining(&mut ada).pop().expect("an event that ends the turn");
        assert_eq!(last["method"], "turn/completed", "{transport:?}: {last}");
        assert_eq!(last["params"]["turn"]["status"], "interrupted");
        assert_eq!(read_remaining(&mut bob), [] as [Value; 0]);
        assert_eq!(read_remaining(&mut mute), [] as [Value; 0]);
        assert_eq!(server.wait().0, Some(0), "{transport:?}");
        assert!(!sandbox.root().join("easel.sock").exists(), "the socket file is removed");
    }
}

#[test]
fn closing_connection_does_not_delay_the_events_of_others() {
    let sandbox = Sandbox::with_config(SLOW_AND_FREE);
    let url = format!("unix://{}", sandbox.root().join("easel.sock").display());
    let mut command = sandbox.server_command(&["--listen", &url]).into_std();
    command.env("RUST_LOG", "easel=info").stdin(Stdio::null());
    let mut server = ListeningServer::spawn_command(command);
    let (mut ada, mut bob, mut eve) = (server.connect(), server.connect(), server.connect());
    let thread_id = ada.start_thread();
    ada.start_turn(&thread_id);
    ada.events_until(&thread_id, "turn/started");
    // Bob sends nothing more, and reads none of the responses, which repeat the long ids and fill the socket.
    for number in 0..1_000 {
        let id = format!("{number:01000}");
        bob.send(&json!({ "id": id, "method": "account/read", "params": {} }));
    }
    let Socket::Lines(stream) = &bob.socket else { unreachable!("it speaks lines") };
    stream.get_ref().shutdown(Shutdown::Write).expect("an open socket");
    server.wait_for_log("a connection ended");
    eve.assert_alive();
    server.signal("-TERM");
    let last = std::iter::from_fn(|| ada.receive()).find(|event| event["method"] == "turn/completed");
    assert_eq!(last.expect("the end of the turn")["params"]["turn"]["status"], "interrupted");
    // The server would wait for Bob up to the end of the grace period.
    drop(bob);
    assert_eq!(read_remaining(&mut ada), [] as [Value; 0]);
    assert_eq!(read_remaining(&mut eve), [] as [Value; 0]);
    assert_eq!(server.wait().0, Some(0));
}

#[test]
fn process_outlives_its_connections() {
    for transport in TRANSPORTS {
        let sandbox = Sandbox::new();
        let server = ListeningServer::start(&sandbox, transport);
        let thread_id = server.connect().start_thread();
        for _ in 0..3 {
            let mut next = server.connect();
            let read = next.request("thread/read", &json!({ "threadId": thread_id }));
            assert_eq!(read["thread"]["id"], thread_id.as_str());
        }
        server.stop();
    }
}

/// As many connections as allowed are opened and closed, and as many can be opened again.
#[test]
fn connections_over_the_limit_are_closed() {
    let sandbox = Sandbox::new();
    let server = ListeningServer::start(&sandbox, Transport::Lines);
    let mut all: Vec<Connection> = (0..64).map(|_| server.connect()).collect();
    let beyond = server.connect_uninitialized();
    assert!(!is_served(beyond), "it is closed unheard");
    all.iter_mut().for_each(Connection::assert_alive);
    drop(all);
    loop {
        // The server closes this connection too until it has noticed that the others are closed.
        if is_served(server.connect_uninitialized()) {
            break;
        }
    }
    server.stop();
}

/// Whether a connection gets a response. The server may reset a connection that it closes.
fn is_served(mut connection: Connection) -> bool {
    let hello = json!({ "clientInfo": { "name": "again", "version": "1" } });
    let line = json!({ "id": "ask", "method": "initialize", "params": hello });
    let Socket::Lines(stream) = &mut connection.socket else { unreachable!("it speaks lines") };
    if std::io::Write::write_all(stream.get_mut(), format!("{line}\n").as_bytes()).is_err() {
        return false;
    }
    let mut response = String::new();
    std::io::BufRead::read_line(stream, &mut response).is_ok_and(|read| read > 0)
}

#[test]
fn thread_is_released_when_its_client_leaves_during_load() {
    let sandbox = Sandbox::new();
    let server = ListeningServer::start(&sandbox, Transport::Lines);
    let mut hasty = server.connect();
    for id in 0..100 {
        hasty.send(&json!({ "id": id, "method": "thread/start", "params": {} }));
    }
    // The first response cannot be sent, and most threads are not loaded at that time.
    drop(hasty);
    let mut patient = server.connect();
    let start = Instant::now();
    loop {
        let started = patient.request("thread/list", &json!({}))["data"] != json!([]);
        if started && patient.request("thread/loaded/list", &json!({}))["data"] == json!([]) {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(30), "a thread stays in memory");
    }
    server.stop();
}
