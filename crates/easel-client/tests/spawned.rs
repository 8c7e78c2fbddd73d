//! A spawned program whose output the test chooses.
#![cfg(unix)]
#![expect(clippy::expect_used, reason = "helpers of tests")]

use easel_client::Client;
use serde_json::{Value, json};
use tokio::process::Command;

/// A program that prints these messages, and exits.
fn client(messages: &[Value]) -> Client {
    let mut command = Command::new("printf");
    command.arg("%s\\n").args(messages.iter().map(Value::to_string));
    Client::spawn(command, Box::new(|_, _| {})).expect("the program starts")
}

#[tokio::test]
async fn unknown_notifications_are_ignored() {
    let known = json!({"method": "thread/closed", "params": {"threadId": "a"}});
    let mut client = client(&[json!({"method": "thread/unknown", "params": {}}), json!({"method": "x"}), known]);
    assert_eq!(client.next_event().await.unwrap().unwrap().method(), "thread/closed");
    assert_eq!(client.next_event().await.unwrap(), None);
}

#[tokio::test]
async fn event_with_wrong_params_is_an_error() {
    let mut client = client(&[json!({"method": "thread/closed", "params": {"threadId": 1}})]);
    let error = client.next_event().await.unwrap_err();
    assert!(error.to_string().contains("thread/closed"), "{error}");
}
