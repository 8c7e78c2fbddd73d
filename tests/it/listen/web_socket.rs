//! Messages over a WebSocket.

use std::io::Write;

use serde_json::json;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use tungstenite::{Message, WebSocket};

use crate::harness::Sandbox;
use crate::listen::server::{Connection, ListeningServer, Socket, Transport};

const REQUEST: &str = r#"{"id":"ask","method":"account/read"}"#;

fn socket(connection: &mut Connection) -> &mut WebSocket<std::net::TcpStream> {
    let Socket::Messages(socket) = &mut connection.socket else { panic!("it is a WebSocket") };
    socket
}

/// The code with which the server closes the connection, after this many messages.
fn read_close_code(connection: &mut Connection, messages: usize) -> CloseCode {
    let socket = socket(connection);
    for _ in 0..messages {
        assert!(socket.read().expect("a message").is_text());
    }
    let last = socket.read().expect("a close frame");
    let Message::Close(Some(close_frame)) = last else { panic!("not a close frame: {last:?}") };
    close_frame.code
}

#[test]
fn one_message_is_one_request_however_it_is_fragmented() {
    let sandbox = Sandbox::new();
    let server = ListeningServer::start(&sandbox, Transport::WebSocket);
    let mut client = server.connect();
    // Newlines between tokens are white space.
    client.send_text(&serde_json::to_string_pretty(&json!({ "id": "ask", "method": "account/read" })).expect("JSON"));
    assert_eq!(client.read_json()["id"], "ask");
    // Two objects are not one message.
    client.send_text(&format!("{REQUEST}\n{REQUEST}"));
    assert_eq!(client.read_json()["error"]["code"], -32700);
    client.send_text(" \n");
    let (head, tail) = REQUEST.split_at(9);
    let first = Frame::message(head, OpCode::Data(Data::Text), false);
    let last = Frame::message(tail, OpCode::Data(Data::Continue), true);
    socket(&mut client).send(Message::Frame(first)).expect("an open connection");
    socket(&mut client).send(Message::Ping("between".into())).expect("an open connection");
    socket(&mut client).send(Message::Frame(last)).expect("an open connection");
    assert_eq!(socket(&mut client).read().expect("a pong"), Message::Pong("between".into()));
    assert_eq!(client.read_json()["id"], "ask");
    socket(&mut client).send(Message::binary(REQUEST)).expect("an open connection");
    assert_eq!(client.read_json()["id"], "ask");
    server.stop();
}

/// More pings than the outbox holds. Each is answered, and none is queued.
#[test]
fn any_number_of_pings_is_answered() {
    let sandbox = Sandbox::new();
    let server = ListeningServer::start_with(&sandbox, Transport::WebSocket, &["-c", "server.outbox_bytes=1048576"]);
    let mut client = server.connect();
    let payload = "p".repeat(100);
    for _ in 0..2_000 {
        socket(&mut client).send(Message::Ping(payload.clone().into())).expect("an open connection");
    }
    for _ in 0..2_000 {
        assert_eq!(socket(&mut client).read().expect("a pong"), Message::Pong(payload.clone().into()));
    }
    client.assert_alive();
    server.stop();
}

#[test]
fn oversized_message_closes_its_connection_only() {
    let sandbox = Sandbox::new();
    let server = ListeningServer::start_with(&sandbox, Transport::WebSocket, &["-c", "server.max_line_bytes=65536"]);
    let (mut ada, mut bob, mut eve) = (server.connect(), server.connect(), server.connect());
    bob.send_text(&"x".repeat(65_537));
    assert_eq!(bob.read_json()["error"]["code"], -32600);
    assert_eq!(read_close_code(&mut bob, 0), CloseCode::Size);
    // A fragmented message has the same limit.
    for opcode in [Data::Text, Data::Continue] {
        let piece = Frame::message("x".repeat(40_000), OpCode::Data(opcode), false);
        socket(&mut eve).send(Message::Frame(piece)).expect("an open connection");
    }
    assert_eq!(read_close_code(&mut eve, 1), CloseCode::Size);
    ada.send_text(&format!("{REQUEST}{}", " ".repeat(65_536 - REQUEST.len())));
    assert_eq!(ada.read_json()["id"], "ask", "the limit itself is allowed");
    server.stop();
}

/// The header announces more than any limit. The payload is never sent.
#[test]
fn oversized_frame_is_refused_at_its_header() {
    let sandbox = Sandbox::new();
    let server = ListeningServer::start(&sandbox, Transport::WebSocket);
    let (mut ada, mut bob) = (server.connect(), server.connect());
    let length = (64_u64 << 20) + 1;
    let header = [&[0x81, 0xff][..], &length.to_be_bytes(), &[1, 2, 3, 4]].concat();
    socket(&mut bob).get_mut().write_all(&header).expect("an open connection");
    assert_eq!(bob.read_json()["error"]["code"], -32600);
    assert_eq!(read_close_code(&mut bob, 0), CloseCode::Size);
    ada.assert_alive();
    server.stop();
}

#[test]
fn invalid_frames_close_their_connection_only() {
    let sandbox = Sandbox::new();
    let server = ListeningServer::start(&sandbox, Transport::WebSocket);
    let mut ada = server.connect();
    for (frame, code) in [
        // An unmasked frame, an unknown opcode, a continuation without a start, and text that is not UTF-8.
        (&[0x81, 0x02, b'{', b'}'][..], CloseCode::Protocol),
        (&[0x83, 0x80, 0, 0, 0, 0], CloseCode::Protocol),
        (&[0x80, 0x80, 0, 0, 0, 0], CloseCode::Protocol),
        (&[0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28], CloseCode::Invalid),
    ] {
        let mut bob = server.connect();
        socket(&mut bob).get_mut().write_all(frame).expect("an open connection");
        assert_eq!(read_close_code(&mut bob, 0), code, "{frame:?}");
        ada.assert_alive();
    }
    server.stop();
}

#[test]
fn close_frame_is_returned_after_pending_responses() {
    let sandbox = Sandbox::new();
    let server = ListeningServer::start(&sandbox, Transport::WebSocket);
    let mut client = server.connect();
    client.send_text(REQUEST);
    socket(&mut client).close(None).expect("an open connection");
    assert_eq!(read_close_code(&mut client, 1), CloseCode::Normal);
    let mut other = server.connect();
    server.signal("-TERM");
    assert_eq!(read_close_code(&mut other, 0), CloseCode::Away);
    assert_eq!(server.wait().0, Some(0));
}
