//! Connections that the WebSocket rejects, and invalid listen addresses.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;

use easel_testkit::image::sha256;
use serde_json::json;

use crate::harness::Sandbox;
use crate::listen::server::{ListeningServer, Transport};

const TOKEN: &str = "a token of the user's own";

#[test]
fn connections_need_the_token() {
    let sandbox = Sandbox::new();
    let server = ListeningServer::start(&sandbox, Transport::WebSocket);
    let token = server.token();
    assert_eq!(token.len(), 64);
    for headers in [
        &[][..],
        &[("Authorization", "Bearer")],
        &[("Authorization", "Bearer wrong")],
        &[("Authorization", &format!("Bearer {}", &token[1..]))],
        &[("Authorization", &format!("Basic {token}"))],
        &[("Sec-WebSocket-Protocol", &token)],
    ] {
        assert_eq!(server.open_web_socket_with(headers).err(), Some(401), "{headers:?}");
    }
    server.connect().assert_alive();
    server.stop();
}

#[test]
fn web_page_is_rejected_even_with_the_token() {
    let sandbox = Sandbox::new();
    let server = ListeningServer::start(&sandbox, Transport::WebSocket);
    for origin in ["https://evil.example", "null", "http://127.0.0.1"] {
        assert_eq!(server.open_web_socket(&[("Origin", origin)]).err(), Some(403), "{origin}");
    }
    // With DNS rebinding, a web page's own name resolves to this address. The browser then sends that name.
    for host in ["evil.example", "evil.example:80", "127.0.0.1.evil.example"] {
        assert_eq!(server.open_web_socket(&[("Host", host)]).err(), Some(403), "{host}");
    }
    server.connect().assert_alive();
    server.stop();
}

#[test]
fn token_is_in_a_private_file_and_stays_the_same() {
    let sandbox = Sandbox::new();
    let first = ListeningServer::start(&sandbox, Transport::WebSocket);
    let path = first.token_file.clone().expect("its path is announced");
    assert_eq!(path, sandbox.home().join("ws-token"));
    assert_eq!(std::fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
    let second = ListeningServer::start(&sandbox, Transport::WebSocket);
    assert_eq!(first.token(), second.token());
    assert_ne!(first.url, second.url);
    second.connect().assert_alive();
    first.stop();
    second.stop();
}

#[test]
fn custom_token_is_accepted_by_file_or_hash() {
    let sandbox = Sandbox::new();
    let file = sandbox.write_file("token", format!("{TOKEN}\n").as_bytes()).display().to_string();
    let hash = sha256(TOKEN.as_bytes());
    for option in [["--ws-token-file", &file], ["--ws-token-sha256", &hash]] {
        let arguments = [&["--ws-auth", "capability-token"][..], &option].concat();
        let server = ListeningServer::start_with(&sandbox, Transport::WebSocket, &arguments);
        assert!(server.token_file.is_none());
        assert!(!sandbox.home().join("ws-token").exists());
        assert_eq!(server.open_web_socket_with(&[("Authorization", "Bearer another")]).err(), Some(401));
        let bearer = format!("Bearer {TOKEN}");
        let mut client = server.open_web_socket_with(&[("Authorization", &bearer)]).expect("a valid token");
        client.initialize(&json!({}));
        server.stop();
    }
}

#[tokio::test]
async fn invalid_listen_addresses_are_usage_errors() {
    let sandbox = Sandbox::new();
    for (arguments, reason) in [
        (&["--listen", "ws://0.0.0.0:0"][..], "not a loopback address"),
        (&["--listen", "ws://[::]:0"], "not a loopback address"),
        (&["--listen", "ws://192.168.0.1:4500"], "not a loopback address"),
        (&["--listen", "ws://example.org:4500"], "ws://127.0.0.1:0"),
        (&["--listen", "wss://127.0.0.1:0"], "ws://IP:PORT"),
        (&["--listen", "off"], "ws://IP:PORT"),
        (&["--listen", "ws://127.0.0.1:0", "--ws-auth", "signed-bearer-token"], "capability-token"),
        (&["--listen", "ws://127.0.0.1:0", "--ws-token-sha256", "12"], "64 hexadecimal digits"),
    ] {
        let output = sandbox.run(&[&["app-server"], arguments].concat()).await;
        let response = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {response}");
        assert!(response.contains(reason) && output.stdout.is_empty(), "{arguments:?}: {response}");
    }
    let empty = sandbox.write_file("empty", b"\n").display().to_string();
    for file in [empty.as_str(), "/nowhere/token", "/dev/zero"] {
        let output = sandbox.run(&["app-server", "--listen", "ws://127.0.0.1:0", "--ws-token-file", file]).await;
        assert_eq!(output.status.code(), Some(1), "{file}");
    }
}

/// Traffic at an open port: other protocols, incomplete requests, and nothing.
#[test]
fn non_websocket_requests_are_rejected() {
    let sandbox = Sandbox::new();
    let server = ListeningServer::start(&sandbox, Transport::WebSocket);
    let mut ada = server.connect();
    let _silent = server.connect_tcp();
    let long = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(200_000));
    for request in [
        "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\ncontent-type: text/plain\r\n\r\n{}",
        "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        "{\"id\":1,\"method\":\"initialize\"}\n\n",
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{fc}\r\n\r\n",
        &long,
    ] {
        let mut stream = server.connect_tcp();
        // The server may close the connection before it has read everything.
        let _ = stream.write_all(request.as_bytes());
        let mut response = Vec::new();
        let _ = stream.read_to_end(&mut response);
        let response = String::from_utf8_lossy(&response);
        assert!(!response.contains("101") && !response.contains("result"), "{response}");
    }
    ada.assert_alive();
    server.stop();
}
