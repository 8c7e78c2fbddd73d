//! The socket file: its owner, and files of earlier servers.

use std::io::{Read, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::Command;

use serde_json::json;

use crate::harness::Sandbox;
use crate::listen::server::{ListeningServer, Transport};

fn mode(path: &Path) -> u32 {
    std::fs::symlink_metadata(path).expect("a file").permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("our file");
}

/// The error of a server that does not start.
async fn start_error(sandbox: &Sandbox, url: &str) -> String {
    let output = sandbox.run(&["app-server", "--listen", url]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    String::from_utf8(output.stderr).expect("UTF-8")
}

#[test]
fn socket_and_its_folder_are_private() {
    let sandbox = Sandbox::new();
    let folder = sandbox.root().join("run/easel");
    let url = format!("unix://{}", folder.join("a.sock").display());
    let server = ListeningServer::spawn(&sandbox, &["--listen", &url]);
    assert_eq!(server.url, url);
    assert_eq!((mode(&folder), mode(&folder.join("a.sock"))), (0o700, 0o600));
    server.connect();
    server.stop();
    let left: Vec<_> = std::fs::read_dir(&folder).expect("the folder").collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn without_a_path_the_socket_is_in_the_home() {
    let sandbox = Sandbox::new();
    let server = ListeningServer::spawn(&sandbox, &["--listen", "unix://"]);
    assert!(sandbox.home().join("app-server.sock").exists());
    server.connect();
    server.stop();
}

#[tokio::test]
async fn second_server_on_the_same_socket_is_refused() {
    let sandbox = Sandbox::new();
    let server = ListeningServer::start(&sandbox, Transport::Lines);
    let message = start_error(&sandbox, &server.url).await;
    assert!(message.ends_with("easel.sock: another server uses it\n"), "{message}");
    server.connect().assert_alive();
    server.stop();
}

#[test]
fn the_socket_of_a_dead_server_is_taken_over() {
    let sandbox = Sandbox::new();
    let first = ListeningServer::start(&sandbox, Transport::Lines);
    let path = sandbox.root().join("easel.sock");
    first.signal("-KILL");
    first.wait();
    assert!(std::fs::symlink_metadata(&path).expect("it is left behind").file_type().is_socket());
    let second = ListeningServer::start(&sandbox, Transport::Lines);
    second.connect().assert_alive();
    second.stop();
    assert!(!path.exists());
}

/// A running server must not remove a file that replaced its own.
#[test]
fn replaced_socket_is_not_removed() {
    let sandbox = Sandbox::new();
    let server = ListeningServer::start(&sandbox, Transport::Lines);
    let path = sandbox.root().join("easel.sock");
    std::fs::remove_file(&path).expect("the socket");
    let _another = UnixListener::bind(&path).expect("a free name");
    server.stop();
    assert!(path.exists());
}

#[tokio::test]
async fn file_that_is_no_socket_is_not_removed() {
    let sandbox = Sandbox::new();
    let path = sandbox.write_file("notes.txt", b"mine");
    let message = start_error(&sandbox, &format!("unix://{}", path.display())).await;
    assert!(message.contains("is not a socket"), "{message}");
    assert_eq!(std::fs::read(&path).expect("the file"), b"mine");
}

#[tokio::test]
async fn a_folder_that_others_may_write_into_is_refused() {
    let sandbox = Sandbox::new();
    let folder = sandbox.root().join("shared");
    std::fs::create_dir(&folder).expect("a folder");
    set_mode(&folder, 0o777);
    let message = start_error(&sandbox, &format!("unix://{}", folder.join("a.sock").display())).await;
    assert!(message.contains("its folder must belong to you"), "{message}");
}

/// Permissions usually keep other users out. This test removes them to reach the check behind them.
#[test]
fn other_users_are_disconnected_despite_open_permissions() {
    let uid = Command::new("id").arg("-u").output().map(|output| output.stdout);
    let is_root = uid.is_ok_and(|uid| uid.trim_ascii() == b"0");
    let tools = ["setpriv", "python3"].iter().all(|tool| Command::new(tool).arg("--version").output().is_ok());
    if !is_root || !tools {
        return easel_testkit::skip("other-user", "only root can act as another user, with setpriv and python3");
    }
    let sandbox = Sandbox::new();
    let server = ListeningServer::start(&sandbox, Transport::Lines);
    let path = sandbox.root().join("easel.sock");
    set_mode(sandbox.root(), 0o755);
    set_mode(&path, 0o666);
    let script = "import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
try:
    s.sendall(b'{\"id\":1,\"method\":\"initialize\"}\\n')
    print(len(s.recv(100)))
except (BrokenPipeError, ConnectionResetError):
    print(0)
";
    let mut stranger = Command::new("setpriv");
    stranger.args(["--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/env", "python3", "-c", script]);
    let output = stranger.arg(&path).output().expect("setpriv");
    if !output.status.success() {
        return easel_testkit::skip("other-user", &String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(output.stdout, b"0\n", "nothing is said to it");
    server.connect().assert_alive();
    server.stop();
}

/// A line over the limit is skipped, as over stdio, and other clients are not affected.
#[test]
fn a_line_over_the_limit_is_skipped() {
    let sandbox = Sandbox::new();
    let server = ListeningServer::start_with(&sandbox, Transport::Lines, &["-c", "server.max_line_bytes=65536"]);
    let (mut ada, mut bob) = (server.connect(), server.connect());
    bob.send_text(&"x".repeat(70_000));
    assert_eq!(bob.read_json()["error"]["code"], -32600);
    bob.assert_alive();
    ada.assert_alive();
    server.stop();
}

/// A shell script can send requests and close its sending side.
#[test]
fn requests_before_the_end_of_input_are_answered() {
    let sandbox = Sandbox::new();
    let server = ListeningServer::start(&sandbox, Transport::Lines);
    let mut stream = UnixStream::connect(sandbox.root().join("easel.sock")).expect("the server listens");
    let hello =
        json!({ "id": 1, "method": "initialize", "params": { "clientInfo": { "name": "nc", "version": "1" } } });
    let question = json!({ "id": 2, "method": "thread/list" });
    stream.write_all(format!("{hello}\n{question}").as_bytes()).expect("room");
    stream.shutdown(std::net::Shutdown::Write).expect("an open connection");
    let mut message = String::new();
    stream.read_to_string(&mut message).expect("an orderly end");
    assert_eq!(message.lines().count(), 2, "{message}");
    assert!(message.lines().last().is_some_and(|line| line.starts_with(r#"{"id":2,"result""#)), "{message}");
    server.stop();
}

/// Clients of the Codex app-server use WebSocket over its socket file.
#[test]
fn a_client_may_speak_websocket_through_the_socket_file() {
    let sandbox = Sandbox::new();
    let server = ListeningServer::start(&sandbox, Transport::Lines);
    let upgrade = |headers: &[(&str, &str)]| {
        let stream = UnixStream::connect(sandbox.root().join("easel.sock")).expect("the server listens");
        let mut request =
            tungstenite::client::IntoClientRequest::into_client_request("ws://localhost/").expect("a URL");
        for (name, value) in headers {
            let name: tungstenite::http::HeaderName = name.parse().expect("a name");
            request.headers_mut().insert(name, value.parse().expect("a value"));
        }
        tungstenite::client(request, stream).map(|(socket, _)| socket).map_err(drop)
    };
    let mut socket = upgrade(&[]).expect("no token is asked for");
    let hello =
        json!({ "id": 1, "method": "initialize", "params": { "clientInfo": { "name": "ws", "version": "1" } } });
    socket.send(tungstenite::Message::text(hello.to_string())).expect("an open connection");
    let response = socket.read().expect("a response").into_text().expect("text");
    assert!(response.starts_with(r#"{"id":1,"result""#), "{response}");
    assert!(upgrade(&[("Origin", "http://localhost")]).is_err(), "no web page");
    server.connect().assert_alive();
    server.stop();
}
