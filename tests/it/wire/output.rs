//! Output: stdout has only short JSON lines, and an unread stderr blocks nothing.

use std::process::Stdio;

use easel_client::Direction;
use easel_protocol::method::{
    AccountRead, ConfigRead, ExperimentalFeatureList, ImageList, ModelList, ModelProviderList, ThreadItemsList,
    ThreadList, ThreadLoadedList, ThreadRead, ThreadTurnsList, ToolList,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::harness::{Sandbox, Server, text};
use crate::wire::raw::{INITIALIZE, RawServer};

/// The longest line that every public client accepts, in bytes.
const LONGEST: usize = 64 * 1024;

fn params<P: DeserializeOwned>(params: Value) -> P {
    serde_json::from_value(params).expect("params of the method")
}

#[tokio::test]
async fn no_line_of_a_usual_session_is_over_64_kib() {
    let sandbox = Sandbox::new();
    let mut server = sandbox.start_server().await;
    let thread = server.start_thread().await;
    server.run_turn(&thread.id, vec![text("draw a red square")]).await;
    for turn in 1..10 {
        server.run_turn(&thread.id, vec![text(&format!("make it {turn} times larger"))]).await;
    }
    lists(&mut server, &thread.id).await;
    for (direction, line) in server.transcript() {
        assert!(line.len() <= LONGEST, "{} bytes: {}", line.len(), &line[..200]);
        if direction == Direction::Received {
            let message: Value = serde_json::from_str(&line).expect("a JSON line");
            assert!(message.is_object(), "{line}");
        }
    }
    server.close().await;
}

async fn lists(server: &mut Server, thread_id: &str) {
    server.request::<AccountRead>(&params(json!({}))).await;
    server.request::<ConfigRead>(&params(json!({ "includeLayers": true }))).await;
    server.request::<ExperimentalFeatureList>(&params(json!({}))).await;
    server.request::<ModelList>(&params(json!({}))).await;
    server.request::<ModelProviderList>(&params(json!({}))).await;
    server.request::<ToolList>(&params(json!({}))).await;
    server.request::<ThreadList>(&params(json!({}))).await;
    server.request::<ThreadLoadedList>(&params(json!({}))).await;
    let read = server.request::<ThreadRead>(&params(json!({ "threadId": thread_id }))).await;
    assert!(read.thread.turns.is_empty());
    let turns = server.request::<ThreadTurnsList>(&params(json!({ "threadId": thread_id }))).await;
    assert_eq!(turns.data.len(), 10);
    let items = server.request::<ThreadItemsList>(&params(json!({ "threadId": thread_id }))).await;
    assert!(items.data.len() >= 25, "a full page: {}", items.data.len());
    let images = server.request::<ImageList>(&params(json!({ "threadId": thread_id }))).await;
    assert_eq!(images.data.len(), 10);
}

/// Warnings, logs of every level and a logged error do not reach stdout.
#[test]
fn stdout_is_json_objects_from_the_first_byte() {
    let sandbox = Sandbox::with_config("nonsense = [");
    let mut command = sandbox.server_command(&["-c", "no_such_key=1", "--enable", "no_such_feature"]).into_std();
    command.env("RUST_LOG", "trace").env("RUST_BACKTRACE", "1").stderr(Stdio::null());
    let mut server = RawServer::spawn(command);
    server.send("garbage");
    server.send(INITIALIZE);
    server.send(r#"{"id":1,"method":"thread/start"}"#);
    server.read_until("thread/started");
    server.send(r#"{"id":2,"method":"thread/read","params":{"threadId":"x"}}"#);
    server.close_input();
    for line in server.read_to_end() {
        assert!(line.starts_with('{'), "{line}");
        assert!(serde_json::from_str::<Value>(&line).is_ok_and(|message| message.is_object()), "{line}");
    }
    assert_eq!(server.wait_for_exit_code(), Some(0));
}

#[test]
fn logs_go_to_stderr_as_json_objects_when_asked() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.server_command(&["-c", "model_provider=preview"]).into_std();
    command.env("RUST_LOG", "trace").env("LOG_FORMAT", "json").stderr(Stdio::piped());
    let mut server = RawServer::spawn(command);
    let log = server.child.stderr.take().expect("a piped stderr");
    server.initialize();
    server.start_thread();
    server.close();
    let log = String::from_utf8(rest(log)).expect("a log in UTF-8");
    assert!(!log.is_empty());
    for line in log.lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok_and(|entry| entry["level"].is_string()), "{line}");
    }
}

#[test]
fn unread_stderr_does_not_block_the_server() {
    let sandbox = Sandbox::new();
    let mut command = sandbox.server_command(&["-c", "model_provider=preview"]).into_std();
    command.env("RUST_LOG", "trace").stderr(Stdio::piped());
    let mut server = RawServer::spawn(command);
    server.initialize();
    // The pipe is never read, and 64 KiB fill it.
    let unread = server.child.stderr.take().expect("a piped stderr");
    let thread_id = server.start_thread();
    for id in 0..5_000 {
        let response = server
            .round_trip(&format!(r#"{{"id":{id},"method":"thread/read","params":{{"threadId":"{thread_id}"}}}}"#));
        assert!(response.starts_with(&format!(r#"{{"id":{id},"result":"#)), "{response}");
        server.send(r#"{"method":"no/such"}"#);
    }
    let input = json!([{ "type": "text", "text": "draw a red square" }]);
    server.request("turn/start", &json!({ "threadId": thread_id, "input": input }));
    server.read_until("turn/completed");
    server.close();
    assert!(rest(unread).len() >= 60 * 1024, "the log really filled its pipe");
}

/// Reads a pipe until its writer exits.
fn rest(mut pipe: impl std::io::Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    pipe.read_to_end(&mut bytes).expect("the end of the pipe");
    bytes
}
