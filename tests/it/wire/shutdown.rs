//! Every way in which a server exits.

use std::io::Read;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::harness::{EASEL, Sandbox};
use crate::wire::raw::{INITIALIZE, NO_WARNINGS, RawServer, Signal};

/// A provider whose responses take longer than any test.
const SLOW: &str = "
model_provider = \"slow\"

[model_providers.slow]
preset = \"preview\"
delay_ms = 600000
";

/// Starts a server with a running turn. Returns the id of its thread.
fn with_running_turn(sandbox: &Sandbox, arguments: &[&str]) -> (RawServer, String) {
    let mut server = RawServer::spawn(sandbox.server_command(arguments).into_std());
    server.initialize();
    let thread_id = server.start_thread();
    server.send(&turn_start(&thread_id));
    server.read_until("turn/started");
    (server, thread_id)
}

fn turn_start(thread_id: &str) -> String {
    let input = json!([{ "type": "text", "text": "draw a red square" }]);
    json!({ "id": "turn", "method": "turn/start", "params": { "threadId": thread_id, "input": input } }).to_string()
}

/// The rest of the output must be an interrupted turn whose started items all end. Then the server exits with 0.
fn assert_interrupted(server: &mut RawServer) {
    let rest: Vec<Value> =
        server.read_to_end().iter().map(|line| serde_json::from_str(line).expect("whole JSON lines")).collect();
    let last = rest.last().expect("an event that ends the turn");
    assert_eq!(last["method"], "turn/completed", "{rest:#?}");
    assert_eq!(last["params"]["turn"]["status"], "interrupted");
    let items = |method: &str| rest.iter().filter(|message| message["method"] == method).count();
    assert_eq!(items("item/started"), items("item/completed"), "{rest:#?}");
    assert_eq!(server.wait_for_exit_code(), Some(0));
}

/// The status of the thread's only turn, as a new server reads it.
fn stored_status(sandbox: &Sandbox, thread_id: &str) -> String {
    let mut server = RawServer::spawn(sandbox.server_command(&[]).into_std());
    server.initialize();
    let page = server.request("thread/turns/list", &json!({ "threadId": thread_id }));
    assert_eq!(page["data"].as_array().map(Vec::len), Some(1), "{page}");
    let status = page["data"][0]["status"].as_str().expect("a status").to_owned();
    server.close();
    status
}

#[test]
fn last_request_is_answered_even_without_a_newline() {
    for last in ["{\"id\":1,\"method\":\"thread/list\"}\n", "{\"id\":1,\"method\":\"thread/list\"}"] {
        let sandbox = Sandbox::new();
        let mut server = RawServer::start(&sandbox, &[]);
        server.send_bytes(last.as_bytes());
        server.close_input();
        let rest = server.read_to_end();
        assert_eq!(rest.len(), 1, "{rest:?}");
        assert!(rest[0].starts_with(r#"{"id":1,"result":"#), "{rest:?}");
        assert_eq!(server.wait_for_exit_code(), Some(0));
    }
}

#[test]
fn empty_input_ends_the_server_cleanly() {
    let sandbox = Sandbox::new();
    let mut server = RawServer::spawn(sandbox.server_command(&["-c", NO_WARNINGS]).into_std());
    server.close_input();
    assert_eq!(server.read_to_end(), [""; 0]);
    assert_eq!(server.wait_for_exit_code(), Some(0));
}

#[test]
fn end_of_input_interrupts_the_turn_and_reports_it() {
    let sandbox = Sandbox::with_config(SLOW);
    let (mut server, thread_id) = with_running_turn(&sandbox, &[]);
    server.close_input();
    assert_interrupted(&mut server);
    assert_eq!(stored_status(&sandbox, &thread_id), "interrupted");
}

#[test]
fn turn_started_at_the_end_of_input_is_interrupted() {
    let sandbox = Sandbox::with_config(SLOW);
    let mut server = RawServer::spawn(sandbox.server_command(&[]).into_std());
    server.initialize();
    let thread_id = server.start_thread();
    server.send(&turn_start(&thread_id));
    server.close_input();
    let response = server.read_json();
    assert_eq!((&response["id"], &response["result"]["turn"]["status"]), (&json!("turn"), &json!("inProgress")));
    assert_interrupted(&mut server);
    assert_eq!(stored_status(&sandbox, &thread_id), "interrupted");
}

#[cfg(unix)]
#[test]
fn sigterm_interrupts_a_running_turn_and_exits_0() {
    for signal in [Signal::Term, Signal::Int, Signal::HangUp] {
        let sandbox = Sandbox::with_config(SLOW);
        let (mut server, thread_id) = with_running_turn(&sandbox, &[]);
        server.signal(signal);
        assert_interrupted(&mut server);
        assert_eq!(stored_status(&sandbox, &thread_id), "interrupted");
    }
}

/// `nohup` starts programs like this.
#[cfg(target_os = "linux")]
#[test]
fn ignored_sighup_keeps_the_server_running() {
    let sandbox = Sandbox::new();
    let mut command = std::process::Command::new("sh");
    command.args(["-c", r#"trap "" HUP; exec "$0" app-server -c "$1""#, EASEL, NO_WARNINGS]);
    command.env_clear().env("EASEL_HOME", sandbox.home()).env("HOME", sandbox.root()).current_dir(sandbox.project());
    let mut server = RawServer::spawn(command);
    server.initialize();
    server.signal(Signal::HangUp);
    for _ in 0..100 {
        server.assert_alive();
    }
    server.close();
}

/// A provider that accepts connections and never answers keeps a request in flight for longer than the grace period.
#[test]
fn slow_request_does_not_delay_the_end_of_a_turn() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = silent.local_addr().expect("an address");
    let sandbox = Sandbox::with_config(&format!(
        "model_provider = \"mute\"\n[server]\nshutdown_grace_ms = 2000\n\
         [model_providers.mute]\npreset = \"generic\"\nbase_url = \"http://{url}/v1\"\n\
         [model_providers.slow]\npreset = \"preview\"\ndelay_ms = 600000\n"
    ));
    let mut server = RawServer::spawn(sandbox.server_command(&[]).into_std());
    server.initialize();
    let started = server.request("thread/start", &json!({ "modelProvider": "slow" }));
    let thread_id = started["thread"]["id"].as_str().expect("a thread id").to_owned();
    server.read_until("thread/started");
    server.send(&turn_start(&thread_id));
    server.read_until("turn/started");
    server.send(r#"{"id":"list","method":"model/list"}"#);
    // The provider has received the request.
    let (connection, _) = silent.accept().expect("a request");
    server.close_input();
    let rest: Vec<Value> = server.read_to_end().iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let response = rest.iter().find(|message| message["id"] == "list").expect("every request is answered");
    assert_eq!(response["error"]["code"], -32800, "{response}");
    let last = rest.last().expect("the turn's end");
    assert_eq!((&last["method"], &last["params"]["turn"]["status"]), (&json!("turn/completed"), &json!("interrupted")));
    assert_eq!(server.wait_for_exit_code(), Some(0));
    assert_eq!(stored_status(&sandbox, &thread_id), "interrupted");
    drop(connection);
}

/// Signals of one kind merge while one is pending. The log shows when the first one was handled.
#[cfg(unix)]
#[test]
fn a_second_sigterm_exits_at_once() {
    use std::io::{BufRead, BufReader};

    use crate::wire::in_flight::{DatabaseLock, rename};

    let sandbox = Sandbox::new();
    let mut command = sandbox.server_command(&["-c", NO_WARNINGS, "-c", "server.shutdown_grace_ms=600000"]).into_std();
    command.env("RUST_LOG", "info").stderr(Stdio::piped());
    let mut server = RawServer::spawn(command);
    let mut log = BufReader::new(server.child.stderr.take().expect("a piped stderr"));
    server.initialize();
    let thread_id = server.start_thread();
    let lock = DatabaseLock::new(&sandbox);
    server.send(&rename("7", &thread_id));
    server.assert_alive();
    server.signal(Signal::Term);
    let mut line = String::new();
    while !line.contains("a signal stops the server") {
        line.clear();
        assert!(log.read_line(&mut line).expect("a log in UTF-8") > 0, "the log ended");
    }
    server.signal(Signal::Term);
    let rest = server.read_to_end();
    assert!(rest.iter().all(|line| !line.contains("result")), "nothing was waited for: {rest:?}");
    assert!(server.wait_for_exit_code().is_some(), "an exit, not a death");
    lock.release();
}

#[test]
fn closed_output_ends_an_idle_server() {
    let sandbox = Sandbox::new();
    let mut server = RawServer::start(&sandbox, &[]);
    server.close_output();
    assert_eq!(server.wait_for_exit_code(), Some(0));
}

#[test]
fn closed_output_ends_the_running_turn() {
    let sandbox = Sandbox::with_config(SLOW);
    let (mut server, thread_id) = with_running_turn(&sandbox, &[]);
    server.close_output();
    assert_eq!(server.wait_for_exit_code(), Some(0));
    assert_eq!(stored_status(&sandbox, &thread_id), "interrupted");
}

/// A shell starts the server and waits for it. The test kills the shell and keeps all pipes open.
#[test]
fn server_exits_with_its_parent() {
    let sandbox = Sandbox::with_config(SLOW);
    let easel = std::path::absolute(EASEL).expect("an absolute path");
    let mut command = if cfg!(windows) {
        let mut command = tokio::process::Command::new("cmd.exe");
        command.arg("/c").arg(easel).arg("app-server");
        command
    } else {
        let mut command = tokio::process::Command::new("/bin/sh");
        command.args(["-c", r#"exec 3<&0; "$0" app-server <&3 & wait"#]).arg(easel);
        command
    };
    command.stderr(Stdio::piped());
    let mut shell = RawServer::spawn(sandbox.isolate(command).into_std());
    let mut stderr = shell.child.stderr.take().expect("a piped stderr");
    shell.send(INITIALIZE);
    assert_eq!(shell.read_json()["id"], "hello");
    let thread_id = shell.start_thread();
    shell.send(&turn_start(&thread_id));
    shell.read_until("turn/started");
    shell.signal(Signal::Kill);
    shell.wait_for_exit_code();
    shell.read_to_end();
    // Only the server has this end of the pipe now, until it exits.
    stderr.read_to_end(&mut Vec::new()).expect("the end of stderr");
    assert_eq!(stored_status(&sandbox, &thread_id), "interrupted");
}

#[test]
fn zero_grace_period_ends_a_busy_server_soon() {
    let sandbox = Sandbox::with_config(SLOW);
    let (mut server, thread_id) = with_running_turn(&sandbox, &["-c", "server.shutdown_grace_ms=0"]);
    server.close_input();
    server.read_to_end();
    assert_eq!(server.wait_for_exit_code(), Some(0));
    assert_eq!(stored_status(&sandbox, &thread_id), "interrupted", "the next start closes what was left open");
}
