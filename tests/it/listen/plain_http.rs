//! HTTP requests that do not ask for a WebSocket.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;

use crate::harness::Sandbox;
use crate::listen::server::{ListeningServer, Transport};

/// Sends a request and returns the whole response.
fn response(mut stream: impl Read + Write, request: &str) -> String {
    stream.write_all(request.as_bytes()).expect("the server reads the request");
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("a response, and the end of the connection");
    response
}

fn request(line: &str, headers: &str) -> String {
    format!("{line} HTTP/1.1\r\nHost: 127.0.0.1\r\n{headers}\r\n")
}

/// Asserts that each request is answered with this status, and that the response has this text.
fn assert_answers(respond: impl Fn(&str) -> String) {
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
    for (line, headers, status, text) in [
        ("GET /healthz", "", "200 OK", "content-length: 0\r\n"),
        ("GET /readyz?verbose", "", "200 OK", "content-length: 0\r\n"),
        ("HEAD /healthz", "", "200 OK", "content-length: 0\r\n"),
        ("HEAD /readyz", upgrade, "200 OK", "content-length: 0\r\n"),
        ("HEAD /healthz", "Origin: null\r\n", "403 Forbidden", "content-length: 26\r\n"),
        ("HEAD /", "", "426 Upgrade Required", "upgrade: websocket\r\n"),
        ("GET /", "", "426 Upgrade Required", "upgrade: websocket\r\n"),
        ("GET /", "", "426 Upgrade Required", "Connect to it with a WebSocket client"),
        ("POST /healthz", "", "426 Upgrade Required", "Connect to it with a WebSocket client"),
        ("GET /healthz", "Origin: https://evil.example\r\n", "403 Forbidden", "web pages are not allowed"),
        ("GET /", "Origin: null\r\n", "403 Forbidden", "web pages are not allowed"),
    ] {
        let response = respond(&request(line, headers));
        let expected = format!("HTTP/1.1 {status}\r\n");
        assert!(response.starts_with(&expected) && response.contains(text), "{line} {headers}: {response}");
        let has_body = !response.ends_with("\r\n\r\n");
        assert_eq!(has_body, !line.starts_with("HEAD") && status != "200 OK", "{line} {headers}: {response}");
    }
    let incomplete = respond(&request("GET /healthz", upgrade));
    assert!(!incomplete.starts_with("HTTP/1.1 200") && !incomplete.starts_with("HTTP/1.1 101"), "{incomplete}");
}

#[test]
fn plain_http_requests_are_answered_without_token() {
    let sandbox = Sandbox::new();
    let server = ListeningServer::start(&sandbox, Transport::WebSocket);
    assert_answers(|request| response(server.connect_tcp(), request));
    let token = format!("Authorization: Bearer {}\r\n", server.token());
    let no_key = request("GET /", &format!("{token}Connection: Upgrade\r\nUpgrade: websocket\r\n"));
    let refused = response(server.connect_tcp(), &no_key);
    assert!(refused.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{refused}");
    server.connect().assert_alive();
    server.stop();
}

#[test]
fn socket_file_answers_plain_http_requests() {
    let sandbox = Sandbox::new();
    let server = ListeningServer::start(&sandbox, Transport::Lines);
    let path = server.url.strip_prefix("unix://").expect("a socket file").to_owned();
    assert_answers(|request| response(UnixStream::connect(&path).expect("the server listens"), request));
    server.connect().assert_alive();
    server.stop();
}
