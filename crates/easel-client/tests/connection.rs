//! A connection over streams in memory, with a server that the test plays.

#![expect(clippy::expect_used, reason = "helpers of tests")]

use easel_client::{ClientError, Connection, Message, Messages, RpcError, connect};
use easel_protocol::approval::{PermissionProfile, PermissionsRequestApprovalResponse};
use easel_protocol::id::ThreadId;
use easel_protocol::method::{PermissionsRequestApproval, ThreadDelete, ThreadLoadedList};
use easel_protocol::thread::{ThreadDeleteParams, ThreadLoadedListParams};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, DuplexStream, Lines};
use tokio::task::JoinSet;

/// The longest line of a request.
const MAX_LINE: usize = 200;

/// The server's ends of the streams.
struct Server {
    input: Lines<BufReader<DuplexStream>>,
    output: DuplexStream,
}

impl Server {
    fn start() -> (Connection, Messages, Self) {
        let (requests, input) = tokio::io::duplex(256);
        let (output, responses) = tokio::io::duplex(256);
        let (connection, messages) = connect(requests, responses, MAX_LINE);
        (connection, messages, Self { input: BufReader::new(input).lines(), output })
    }

    /// The next line of the client; `None` at the end of its input.
    async fn next(&mut self) -> Option<Value> {
        let line = self.input.next_line().await.expect("a readable stream")?;
        Some(serde_json::from_str(&line).expect("JSON"))
    }

    async fn send(&mut self, line: &Value) {
        self.output.write_all(format!("{line}\n").as_bytes()).await.expect("a writable stream");
    }
}

fn loaded() -> ThreadLoadedListParams {
    ThreadLoadedListParams::default()
}

fn list(id: &Value, name: &str) -> Value {
    json!({"id": id, "result": {"data": [name], "nextCursor": null}})
}

fn closed_event(thread: usize) -> Value {
    json!({"method": "thread/closed", "params": {"threadId": thread.to_string()}})
}

#[tokio::test]
async fn responses_in_any_order_reach_their_requests() {
    let (connection, _messages, mut server) = Server::start();
    let mut first = connection.start::<ThreadLoadedList>(&loaded()).await.unwrap();
    let second = connection.start::<ThreadLoadedList>(&loaded()).await.unwrap();
    let ids = [server.next().await.unwrap()["id"].clone(), server.next().await.unwrap()["id"].clone()];
    server.send(&list(&ids[1], "second")).await;
    assert_eq!(second.await.unwrap().data, ["second"]);
    server.send(&json!({"id": ids[0], "error": {"code": -32600, "message": "no"}})).await;
    let refused = (&mut first).await.unwrap_err();
    assert!(matches!(refused, ClientError::Refused { code: -32600, .. }), "{refused}");
}

#[tokio::test]
async fn unknown_notifications_are_ignored() {
    let (_connection, mut messages, mut server) = Server::start();
    server.send(&json!({"method": "thread/unknown", "params": {"threadId": "a"}})).await;
    server.send(&json!({"method": "thread/unknown"})).await;
    server.send(&closed_event(1)).await;
    let message = messages.next().await.unwrap();
    assert!(matches!(message, Some(Message::Event(event)) if event.method() == "thread/closed"));
}

#[tokio::test]
async fn event_with_wrong_params_is_an_error() {
    let (_connection, mut messages, mut server) = Server::start();
    server.send(&json!({"method": "thread/closed", "params": {"threadId": 1}})).await;
    let error = messages.next().await.unwrap_err();
    assert!(error.to_string().contains("thread/closed"), "{error}");
}

#[tokio::test]
async fn unknown_request_without_params_is_refused() {
    let (_connection, mut messages, mut server) = Server::start();
    server.send(&json!({"id": 7, "method": "later/method"})).await;
    drop(messages.next().await.unwrap());
    let reply = server.next().await.unwrap();
    assert_eq!((&reply["id"], &reply["error"]["code"]), (&json!(7), &json!(1)), "{reply}");
}

#[tokio::test]
async fn dropped_request_is_cancelled_and_its_response_ignored() {
    let (connection, _messages, mut server) = Server::start();
    let request = connection.start::<ThreadLoadedList>(&loaded()).await.unwrap();
    let id = server.next().await.unwrap()["id"].clone();
    drop(request);
    let cancellation = server.next().await.unwrap();
    assert_eq!(cancellation, json!({"method": "$/cancelRequest", "params": {"id": id}}));
    server.send(&json!({"id": id, "error": {"code": -32800, "message": "Request cancelled"}})).await;
    let next = connection.start::<ThreadLoadedList>(&loaded()).await.unwrap();
    let id = server.next().await.unwrap()["id"].clone();
    server.send(&list(&id, "next")).await;
    assert_eq!(next.await.unwrap().data, ["next"]);
}

#[tokio::test]
async fn cancelled_request_still_gets_its_response() {
    let (connection, _messages, mut server) = Server::start();
    let mut request = connection.start::<ThreadLoadedList>(&loaded()).await.unwrap();
    let id = server.next().await.unwrap()["id"].clone();
    request.cancel();
    request.cancel();
    assert_eq!(server.next().await.unwrap()["method"], "$/cancelRequest");
    server.send(&list(&id, "done anyway")).await;
    assert_eq!(request.await.unwrap().data, ["done anyway"]);
}

#[tokio::test]
async fn answered_request_is_not_cancelled() {
    let (connection, _messages, mut server) = Server::start();
    let request = connection.start::<ThreadLoadedList>(&loaded()).await.unwrap();
    let id = server.next().await.unwrap()["id"].clone();
    server.send(&list(&id, "done")).await;
    request.await.unwrap();
    connection.close();
    assert_eq!(server.next().await, None);
}

#[tokio::test]
async fn thousand_requests_wait_for_each_other() {
    let (connection, _messages, mut server) = Server::start();
    let mut requests = JoinSet::new();
    for _ in 0..1_000 {
        let connection = connection.clone();
        requests.spawn(async move { connection.request::<ThreadLoadedList>(&loaded()).await });
    }
    let mut unanswered = Vec::new();
    for _ in 0..128 {
        unanswered.push(server.next().await.unwrap()["id"].clone());
    }
    // All permits are taken, so the next line can only be a request that waited for one of these responses.
    for done in 0..1_000 {
        let id = unanswered.pop().unwrap();
        server.send(&list(&id, "done")).await;
        if done < 1_000 - 128 {
            unanswered.push(server.next().await.unwrap()["id"].clone());
        }
    }
    let results = requests.join_all().await;
    assert!(results.iter().all(Result::is_ok), "{results:?}");
}

#[tokio::test]
async fn events_and_requests_of_the_server_keep_their_order() {
    let (connection, mut messages, mut server) = Server::start();
    server.send(&closed_event(1)).await;
    server.send(&approval_request(7)).await;
    server.send(&closed_event(2)).await;
    assert!(matches!(messages.next().await.unwrap(), Some(Message::Event(_))));
    let Some(Message::Request(request)) = messages.next().await.unwrap() else { panic!("no request") };
    assert!(matches!(messages.next().await.unwrap(), Some(Message::Event(_))));
    assert_eq!(request.params::<ThreadDelete>().unwrap().map(|_| ()), None);
    assert_eq!(request.params::<PermissionsRequestApproval>().unwrap().unwrap().cwd, "/work");
    let denied =
        PermissionsRequestApprovalResponse { permissions: PermissionProfile::default(), scope: Default::default() };
    request.reply::<PermissionsRequestApproval>(&Ok::<_, RpcError>(denied)).await.unwrap();
    assert_eq!(server.next().await.unwrap()["id"], 7);
    drop(connection);
}

#[tokio::test]
async fn dropped_request_of_the_server_is_refused() {
    let (_connection, mut messages, mut server) = Server::start();
    server.send(&approval_request(8)).await;
    drop(messages.next().await.unwrap());
    let reply = server.next().await.unwrap();
    assert_eq!((reply["id"].clone(), reply["error"]["code"].clone()), (json!(8), json!(1)));
}

#[tokio::test]
async fn end_of_the_server_ends_requests_and_messages() {
    let (connection, mut messages, mut server) = Server::start();
    let request = connection.start::<ThreadLoadedList>(&loaded()).await.unwrap();
    server.next().await.unwrap();
    drop(server);
    assert!(matches!(request.await, Err(ClientError::Closed)));
    assert!(messages.next().await.unwrap().is_none());
    assert!(matches!(connection.request::<ThreadLoadedList>(&loaded()).await, Err(ClientError::Closed)));
}

#[tokio::test]
async fn dropped_handles_close_the_input_after_its_lines() {
    let (connection, _messages, mut server) = Server::start();
    let params = ThreadDeleteParams { thread_id: ThreadId::from("t") };
    let request = connection.start::<ThreadDelete>(&params).await.unwrap();
    connection.close();
    drop((connection, request));
    assert_eq!(server.next().await.unwrap()["method"], "thread/delete");
    while let Some(line) = server.next().await {
        assert_eq!(line["method"], "$/cancelRequest");
    }
}

#[tokio::test]
async fn line_that_is_no_message_is_an_error() {
    let (_connection, mut messages, mut server) = Server::start();
    server.send(&json!({"result": {}})).await;
    assert!(matches!(messages.next().await, Err(ClientError::Protocol(_))));
    assert!(messages.next().await.unwrap().is_none());
}

fn approval_request(id: u64) -> Value {
    json!({"id": id, "method": "item/permissions/requestApproval", "params": {
        "threadId": "t", "turnId": "u", "itemId": "i", "environmentId": null, "cwd": "/work",
        "permissions": {"network": {"enabled": true}}, "reason": null, "startedAtMs": 0,
        "imageGeneration": {
            "cause": "always", "action": "generate", "prompt": "a red square", "images": [], "provider": "preview",
            "model": "m", "count": 1, "estimatedCostUsd": null, "imagesLeftToday": null, "costLeftTodayUsd": null,
            "costLeftInThreadUsd": null, "timeoutMs": 1000
        }
    }})
}

#[tokio::test]
async fn request_over_the_limit_is_refused() {
    let (connection, _messages, mut server) = Server::start();
    let long = ThreadDeleteParams { thread_id: ThreadId::from("x".repeat(MAX_LINE).as_str()) };
    let refused = connection.start::<ThreadDelete>(&long).await.unwrap_err();
    assert!(matches!(refused, ClientError::TooLong { bytes, max: MAX_LINE } if bytes > MAX_LINE), "{refused}");
    let next = connection.start::<ThreadLoadedList>(&loaded()).await.unwrap();
    let id = server.next().await.unwrap()["id"].clone();
    server.send(&list(&id, "next")).await;
    assert_eq!(next.await.unwrap().data, ["next"]);
}
