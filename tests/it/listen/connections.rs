//! Several clients of one process.

use std::io::Read;

use serde_json::json;

use crate::harness::{Sandbox, env_setting};
use crate::listen::server::{ListeningServer, Socket, TRANSPORTS, Transport};

#[test]
fn events_go_to_subscribers_only() {
    for transport in TRANSPORTS {
        let sandbox = Sandbox::new();
        let server = ListeningServer::start(&sandbox, transport);
        let (mut ada, mut bob) = (server.connect(), server.connect());
        let thread_id = ada.start_thread();
        ada.start_turn(&thread_id);
        let alone = ada.events_until(&thread_id, "turn/completed");
        // The next message is the response, so no event arrived before it.
        bob.assert_alive();
        bob.request("thread/resume", &json!({ "threadId": thread_id }));
        bob.start_turn(&thread_id);
        assert_eq!(bob.events_until(&thread_id, "turn/completed"), alone, "{transport:?}");
        assert_eq!(ada.events_until(&thread_id, "turn/completed"), alone, "{transport:?}");
        let left = ada.request("thread/unsubscribe", &json!({ "threadId": thread_id }));
        assert_eq!(left["status"], "unsubscribed");
        bob.start_turn(&thread_id);
        bob.events_until(&thread_id, "turn/completed");
        ada.assert_alive();
        server.stop();
    }
}

#[test]
fn archiving_ends_the_subscriptions_of_a_thread() {
    for transport in TRANSPORTS {
        let sandbox = Sandbox::new();
        let server = ListeningServer::start(&sandbox, transport);
        let (mut ada, mut bob) = (server.connect(), server.connect());
        let thread_id = ada.start_thread();
        bob.request("thread/archive", &json!({ "threadId": thread_id }));
        for connection in [&mut ada, &mut bob] {
            assert_eq!(connection.read_json()["method"], "thread/archived", "{transport:?}");
        }
        bob.request("thread/resume", &json!({ "threadId": thread_id }));
        bob.start_turn(&thread_id);
        bob.events_until(&thread_id, "turn/completed");
        ada.assert_alive();
        server.stop();
    }
}

#[test]
fn connections_have_separate_handshakes_ids_and_opt_outs() {
    for transport in TRANSPORTS {
        let sandbox = Sandbox::new();
        let server = ListeningServer::start(&sandbox, transport);
        let (mut ada, mut bob, mut eve) =
            (server.connect(), server.connect_uninitialized(), server.connect_uninitialized());
        let refused = bob.call("account/read", &json!({}));
        assert_eq!(refused["error"]["message"], "Not initialized");
        bob.initialize(&json!({ "optOutNotificationMethods": ["thread/started"] }));
        // Only this client asked for the `jsonrpc` member.
        let hello = json!({ "clientInfo": { "name": "eve", "version": "1" } });
        eve.send(&json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": hello }));
        assert_eq!(eve.read_json()["jsonrpc"], "2.0");
        ada.assert_alive();
        bob.request("thread/start", &json!({}));
        bob.assert_alive();
        ada.send(&json!({ "id": 7, "method": "thread/list" }));
        bob.send(&json!({ "id": 7, "method": "thread/list" }));
        for connection in [&mut ada, &mut bob] {
            let response = connection.read_json();
            assert_eq!((&response["id"], response["result"]["data"].is_array()), (&json!(7), true), "{response}");
        }
        server.stop();
    }
}

#[test]
fn garbage_on_one_connection_does_not_affect_others() {
    for transport in TRANSPORTS {
        let sandbox = Sandbox::new();
        let server = ListeningServer::start(&sandbox, transport);
        let (mut ada, mut bob) = (server.connect(), server.connect());
        for garbage in ["{", "[]", "null", "\u{0}", r#"{"id":1,"method":"x","#] {
            bob.send_text(garbage);
            let code = bob.read_json()["error"]["code"].clone();
            assert!(code == -32700 || code == -32600, "{garbage}: {code}");
        }
        bob.assert_alive();
        drop(bob);
        ada.assert_alive();
        server.stop();
    }
}

#[test]
fn turn_continues_after_its_client_leaves() {
    for transport in TRANSPORTS {
        let sandbox = Sandbox::new();
        let server = ListeningServer::start(&sandbox, transport);
        let (mut ada, mut bob) = (server.connect(), server.connect());
        let thread_id = ada.start_thread();
        ada.start_turn(&thread_id);
        drop(ada);
        while bob.request("thread/loaded/list", &json!({}))["data"] != json!([]) {}
        let turns = bob.request("thread/turns/list", &json!({ "threadId": thread_id }));
        assert_eq!(turns["data"][0]["status"], "completed", "{turns}");
        // Another process can load the thread.
        let second = ListeningServer::start(&sandbox, Transport::WebSocket);
        second.connect().request("thread/resume", &json!({ "threadId": thread_id }));
        second.stop();
        server.stop();
    }
}

#[test]
fn thread_stays_loaded_while_it_has_subscribers() {
    for transport in TRANSPORTS {
        let sandbox = Sandbox::new();
        let server = ListeningServer::start(&sandbox, transport);
        let (mut ada, mut bob) = (server.connect(), server.connect());
        let thread_id = ada.start_thread();
        bob.request("thread/resume", &json!({ "threadId": thread_id }));
        drop(ada);
        for _ in 0..3 {
            bob.start_turn(&thread_id);
            bob.events_until(&thread_id, "turn/completed");
            assert_eq!(bob.request("thread/loaded/list", &json!({}))["data"], json!([thread_id]));
        }
        server.stop();
    }
}

/// The turns exceed the outbox of the client that never reads, so it is dropped in the end. This uses a socket file
/// only, because the system buffers more for an unread TCP connection than a test should generate.
#[test]
fn client_that_never_reads_does_not_block_others() {
    const TURNS: usize = 12;
    if env_setting("RUN_SLOW_TESTS").is_none() {
        return easel_testkit::skip("slow", "it waits until the server drops a client; set RUN_SLOW_TESTS");
    }
    let sandbox = Sandbox::new();
    let server = ListeningServer::start_with(&sandbox, Transport::Lines, &["-c", "server.outbox_bytes=1048576"]);
    let (mut ada, mut stalled) = (server.connect(), server.connect_uninitialized());
    stalled.initialize(&json!({ "imageResult": "inline" }));
    let thread_id = ada.start_thread();
    stalled.request("thread/resume", &json!({ "threadId": thread_id }));
    for _ in 0..TURNS {
        ada.start_turn(&thread_id);
        ada.events_until(&thread_id, "turn/completed");
    }
    let Socket::Lines(stream) = &mut stalled.socket else { panic!("it speaks lines") };
    let mut output = Vec::new();
    // The connection may end with a reset, because it was never read.
    let _ = stream.read_to_end(&mut output);
    let output = String::from_utf8(output).expect("UTF-8");
    let count = |method: &str| output.matches(&format!(r#"{{"method":"{method}""#)).count();
    assert!(count("turn/started") > 0 && count("turn/completed") < TURNS, "it was cut off in the middle");
    ada.assert_alive();
    server.stop();
}
