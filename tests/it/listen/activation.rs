//! A socket that a service manager hands over, in the way of systemd: as file 3, with `LISTEN_PID` and `LISTEN_FDS`.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::harness::{EASEL, Sandbox};
use crate::listen::server::{Connection, ListeningServer};

/// Hands its input over as file 3, and becomes the server.
const MANAGER: &str = r#"LISTEN_PID=$$ exec "$0" "$@" 3<&0 </dev/null"#;

/// The command of a service manager that hands over this socket, and says that there are so many.
fn manager(sandbox: &Sandbox, socket: OwnedFd, count: &str) -> Command {
    let mut command = sandbox.isolate(tokio::process::Command::new("sh")).into_std();
    command.args(["-c", MANAGER, EASEL, "app-server", "-c", "model_provider=preview", "--listen", "unix://"]);
    command.env("LISTEN_FDS", count).stdin(Stdio::from(socket));
    command
}

/// The error of a server that does not take the socket.
fn start_error(sandbox: &Sandbox, socket: OwnedFd, count: &str) -> String {
    let output = manager(sandbox, socket, count).output().expect("a shell");
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).expect("UTF-8")
}

#[test]
fn socket_of_a_service_manager_is_used_and_kept() {
    let sandbox = Sandbox::new();
    let path = sandbox.root().join("manager.sock");
    let listener = UnixListener::bind(&path).expect("a new socket");
    // The first client connects before there is a server, which is why the manager starts one.
    let early = UnixStream::connect(&path).expect("the manager listens");
    let server = ListeningServer::spawn_command(manager(&sandbox, listener.into(), "1"));
    assert_eq!(server.url, format!("unix://{}", path.display()));
    assert!(!sandbox.home().join("app-server.sock").exists());
    let mut early = Connection::over(early);
    early.initialize(&json!({}));
    early.assert_alive();
    server.connect().assert_alive();
    server.stop();
    assert!(path.exists(), "the manager owns the file");
}

#[test]
fn socket_of_another_kind_is_refused() {
    let sandbox = Sandbox::new();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let message = start_error(&sandbox, listener.into(), "1");
    assert!(message.contains("cannot use the socket of the service manager"), "{message}");
}

#[test]
fn several_sockets_are_refused() {
    let sandbox = Sandbox::new();
    let listener = UnixListener::bind(sandbox.root().join("manager.sock")).expect("a new socket");
    let message = start_error(&sandbox, listener.into(), "2");
    assert!(message.contains("passes 2 sockets; its unit must have one ListenStream="), "{message}");
}
