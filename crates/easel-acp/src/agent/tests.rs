//! Tests of the agent with an app-server that the test plays.
#![expect(clippy::disallowed_methods, reason = "the tests await the tasks that they spawn")]

use easel_client::Messages;
use easel_protocol::turn::TurnStartParams;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines};
use tokio_util::sync::CancellationToken;

use super::*;

/// The server's ends of a connection. `_messages` keeps it open.
struct App {
    input: Lines<BufReader<DuplexStream>>,
    output: DuplexStream,
    _messages: Messages,
}

impl App {
    fn start() -> (Connection, Self) {
        let (requests, input) = tokio::io::duplex(4096);
        let (output, responses) = tokio::io::duplex(4096);
        let (connection, messages) = easel_client::connect(requests, responses, 4096);
        (connection, Self { input: BufReader::new(input).lines(), output, _messages: messages })
    }

    async fn next(&mut self) -> Value {
        let line = self.input.next_line().await.unwrap().unwrap();
        serde_json::from_str(&line).unwrap()
    }

    async fn answer(&mut self, request: &Value, result: &Value) {
        self.send(&json!({ "id": request["id"], "result": result })).await;
    }

    async fn send(&mut self, line: &Value) {
        self.output.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    }
}

/// An agent, and the servers of its two connections.
fn agent() -> (Arc<Agent>, App, App) {
    let ((turns, app), (reads, reads_app)) = (App::start(), App::start());
    let outbox = Outbox::start(std::io::sink(), 1 << 20).unwrap();
    (Agent::new(turns, reads, outbox, PictureMode::Preview, "1"), app, reads_app)
}

#[tokio::test]
async fn events_of_the_agent_are_without_base64() {
    let (agent, mut app, mut reads) = agent();
    let params = serde_json::from_value(json!({ "protocolVersion": 1 })).unwrap();
    let initialized = tokio::spawn(async move { agent.initialize(params).await.map(drop) });
    for app in [&mut app, &mut reads] {
        let request = app.next().await;
        assert_eq!(request["params"]["capabilities"]["imageResult"], "none", "{request}");
        let server = json!({
            "userAgent": "easel", "codexHome": "/", "platformFamily": "unix", "platformOs": "linux",
            "tools": [],
        });
        app.answer(&request, &server).await;
    }
    initialized.await.unwrap().unwrap();
}

#[tokio::test]
async fn session_over_the_limit_starts_no_thread() {
    let (agent, mut app, mut reads) = agent();
    let opened = Opened { cwd: "/".into(), model: "m".to_owned() };
    for number in 0..MAX_SESSIONS {
        let permit = agent.reserve_session().unwrap();
        agent.open(number.to_string().as_str().into(), opened.clone(), Some(permit)).unwrap();
    }
    // One that is open needs no other permit.
    agent.open("0".into(), opened, None).unwrap();
    let params = || serde_json::from_value(json!({ "cwd": std::env::temp_dir(), "mcpServers": [] })).unwrap();
    let (starting, checks) = (Arc::clone(&agent), async {
        let request = reads.next().await;
        reads.answer(&request, &json!({ "account": null, "requiresOpenaiAuth": false })).await;
    });
    let (refused, ()) = tokio::join!(starting.new_session(params()), checks);
    assert_eq!(refused.unwrap_err().code(), -32600);
    // The next request is the first one of this connection, so no thread was started.
    let closed = tokio::spawn({
        let agent = Arc::clone(&agent);
        async move { agent.close_session(&"1".into()).await }
    });
    let request = app.next().await;
    assert_eq!(request["method"], "thread/unsubscribe");
    app.answer(&request, &json!({ "status": "unsubscribed" })).await;
    closed.await.unwrap().unwrap();
    drop(agent.reserve_session().unwrap());
}

#[tokio::test]
async fn closed_session_starts_no_prompt_and_ends_those_that_wait() {
    let (agent, _app, _reads) = agent();
    let opened = Opened { cwd: "/".into(), model: "m".to_owned() };
    let session = agent.open("t".into(), opened, None).unwrap();
    let mut permit = session.start_prompt().unwrap();
    let cancelled = permit.cancelled.clone();
    let stopping = tokio::spawn({
        let session = Arc::clone(&session);
        async move { session.stop().await }
    });
    cancelled.cancelled().await;
    drop(permit);
    let stopped = stopping.await.unwrap().unwrap();
    assert_eq!(session.start_prompt().map(drop).unwrap_err().code(), -32600, "the session is being closed");
    drop(stopped);
    permit = session.start_prompt().unwrap();
    agent.close(&session);
    assert!(permit.turn_end(&"u".into()).await.is_none());
    drop(permit);
    assert_eq!(session.start_prompt().map(drop).unwrap_err().code(), -32002);
    assert_eq!(session.stop().await.map(drop).unwrap_err().code(), -32002);
}

#[tokio::test]
async fn cancelled_start_of_a_turn_finds_a_stored_turn() {
    let (agent, mut app, _reads) = agent();
    for stored in [true, false] {
        let client_id = Some("ours".to_owned());
        let start =
            TurnStartParams { thread_id: "t".into(), client_user_message_id: client_id, ..TurnStartParams::default() };
        let cancelled = CancellationToken::new();
        let starting = tokio::spawn({
            let (agent, cancelled) = (Arc::clone(&agent), cancelled.clone());
            async move { agent.start_turn(&start, cancelled.cancelled()).await }
        });
        let request = app.next().await;
        assert_eq!(request["method"], "turn/start");
        cancelled.cancel();
        let cancellation = app.next().await;
        assert_eq!(cancellation["params"]["id"], request["id"], "{cancellation}");
        app.send(&json!({ "id": request["id"], "error": { "code": -32800, "message": "Request cancelled" } })).await;
        let list = app.next().await;
        assert_eq!((&list["method"], &list["params"]["limit"]), (&json!("thread/turns/list"), &json!(1)));
        let message = json!({
            "type": "userMessage", "id": "m", "clientId": if stored { "ours" } else { "another" },
            "content": [], "startedAtMs": 0, "completedAtMs": 0,
        });
        let turn = json!({
            "id": "u", "rootTurnId": "u", "items": [message], "itemsView": "summary", "status": "inProgress", "error": null,
            "startedAt": 0, "completedAt": null, "durationMs": null,
        });
        app.answer(&list, &json!({ "data": [turn], "nextCursor": null, "backwardsCursor": null })).await;
        let id = starting.await.unwrap().unwrap();
        assert_eq!(id, stored.then(|| "u".into()));
    }
}
