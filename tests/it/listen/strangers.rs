//! Who is not let in at the WebSocket, and what nobody may listen on.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::harness::Place;
use crate::harness::pictures::sha256;
use crate::listen::server::{Listening, Transport};

const TOKEN: &str = "a token of the user's own";

#[test]
fn only_who_has_the_token_is_let_in() {
    let place = Place::new();
    let server = Listening::start(&place, Transport::WebSocket);
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
        assert_eq!(server.upgrade_with(headers).err(), Some(401), "{headers:?}");
    }
    server.client().assert_alive();
    server.stop();
}

#[test]
fn a_web_page_is_not_let_in_though_it_had_the_token() {
    let place = Place::new();
    let server = Listening::start(&place, Transport::WebSocket);
    for origin in ["https://evil.example", "null", "http://127.0.0.1"] {
        assert_eq!(server.upgrade(&[("Origin", origin)]).err(), Some(403), "{origin}");
    }
    // The page's own name leads here when its owner lets it: the browser then says that name.
    for host in ["evil.example", "evil.example:80", "127.0.0.1.evil.example"] {
        assert_eq!(server.upgrade(&[("Host", host)]).err(), Some(403), "{host}");
    }
    server.client().assert_alive();
    server.stop();
}

#[test]
fn the_token_stands_in_a_private_file_and_stays_the_same() {
    let place = Place::new();
    let first = Listening::start(&place, Transport::WebSocket);
    let path = first.token_file.clone().expect("its path is told");
    assert_eq!(path, place.home().join("ws-token"));
    assert_eq!(std::fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
    let second = Listening::start(&place, Transport::WebSocket);
    assert_eq!(first.token(), second.token());
    assert_ne!(first.url, second.url);
    second.client().assert_alive();
    first.stop();
    second.stop();
}

#[test]
fn a_token_of_the_users_own_is_taken_by_file_or_by_hash() {
    let place = Place::new();
    let file = place.write("token", format!("{TOKEN}\n").as_bytes()).display().to_string();
    let hash = sha256(TOKEN.as_bytes());
    for option in [["--ws-token-file", &file], ["--ws-token-sha256", &hash]] {
        let arguments = [&["--ws-auth", "capability-token"][..], &option].concat();
        let server = Listening::start_with(&place, Transport::WebSocket, &arguments);
        assert!(server.token_file.is_none());
        assert!(!place.home().join("ws-token").exists());
        assert_eq!(server.upgrade_with(&[("Authorization", "Bearer another")]).err(), Some(401));
        let bearer = format!("Bearer {TOKEN}");
        let mut client = server.upgrade_with(&[("Authorization", &bearer)]).expect("a token that fits");
        client.greet(&json!({}));
        server.stop();
    }
}

#[tokio::test]
async fn wrong_ways_to_listen_are_wrong_usage_and_say_why() {
    let place = Place::new();
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
        let output = place.run(&[&["app-server"], arguments].concat()).await;
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(reason) && output.stdout.is_empty(), "{arguments:?}: {said}");
    }
    let empty = place.write("empty", b"\n").display().to_string();
    for file in [empty.as_str(), "/nowhere/token", "/dev/zero"] {
        let output = place.run(&["app-server", "--listen", "ws://127.0.0.1:0", "--ws-token-file", file]).await;
        assert_eq!(output.status.code(), Some(1), "{file}");
    }
}

/// What arrives at an open port: other protocols, half requests, nothing at all.
#[test]
fn what_is_not_a_websocket_is_turned_away_and_the_others_live() {
    let place = Place::new();
    let server = Listening::start(&place, Transport::WebSocket);
    let mut ada = server.client();
    let _silent = server.tcp();
    let long = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(200_000));
    for words in [
        "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\ncontent-type: text/plain\r\n\r\n{}",
        "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        "{\"id\":1,\"method\":\"initialize\"}\n\n",
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0\u{1}\u{fc}\r\n\r\n",
        &long,
    ] {
        let mut stream = server.tcp();
        // It may hang up before it has heard all of it.
        let _ = stream.write_all(words.as_bytes());
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said);
        let said = String::from_utf8_lossy(&said);
        assert!(!said.contains("101") && !said.contains("result"), "{said}");
    }
    ada.assert_alive();
    server.stop();
}
