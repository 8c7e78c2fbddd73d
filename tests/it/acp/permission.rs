//! Questions whether an image call may be made.

use easel_testkit::http::MockServer;
use serde_json::{Value, json};

use super::{Editor, provider, text_prompt, with_provider};

const ALWAYS: &str = "approval = \"always\"";

/// Sends a prompt and reads up to the question. Returns the id of the prompt, the updates and the question.
async fn ask(editor: &mut Editor, session: &Value) -> (i64, Vec<Value>, Value) {
    let id = editor.send("session/prompt", text_prompt(session, "draw a cat")).await;
    let mut updates = Vec::new();
    loop {
        let message = editor.next().await.expect("a question");
        if message["method"] == "session/request_permission" {
            return (id, updates, message);
        }
        updates.push(message["params"]["update"].clone());
    }
}

fn images(backend: &MockServer) -> usize {
    backend.requests_to("/images/generations").len()
}

async fn answer(editor: &mut Editor, question: &Value, outcome: Value) {
    editor.write(&[json!({ "jsonrpc": "2.0", "id": question["id"], "result": { "outcome": outcome } })]).await;
}

/// The states of the tool call.
fn states(updates: &[Value]) -> Vec<&str> {
    updates.iter().filter_map(|update| update["status"].as_str()).collect()
}

#[tokio::test]
async fn allowed_call_is_pending_then_made() {
    let backend = provider();
    let (sandbox, mut editor) = with_provider(&backend, ALWAYS).await;
    let session = editor.new_session(&sandbox).await;
    let (id, updates, question) = ask(&mut editor, &session).await;
    assert_eq!(states(&updates), ["in_progress", "pending"]);
    assert_eq!(images(&backend), 0);
    let params = &question["params"];
    assert_eq!(params["toolCall"]["toolCallId"], updates[0]["toolCallId"]);
    assert_eq!(params["toolCall"]["rawInput"]["prompt"], "a cat");
    let kinds: Vec<&Value> =
        params["options"].as_array().expect("options").iter().map(|option| &option["kind"]).collect();
    assert_eq!(kinds, ["allow_once", "reject_once"]);
    let option = &params["options"][0]["optionId"];
    answer(&mut editor, &question, json!({ "outcome": "selected", "optionId": option })).await;
    let (updates, response) = editor.response(id).await;
    assert_eq!(states(&updates), ["in_progress", "completed"]);
    assert_eq!((images(&backend), &response["result"]["stopReason"]), (1, &json!("end_turn")));
}

#[tokio::test]
async fn rejected_and_cancelled_questions_are_denials() {
    let backend = provider();
    let (sandbox, mut editor) = with_provider(&backend, ALWAYS).await;
    let session = editor.new_session(&sandbox).await;
    for outcome in [json!({ "outcome": "selected", "optionId": "reject" }), json!({ "outcome": "cancelled" })] {
        let (id, _, question) = ask(&mut editor, &session).await;
        answer(&mut editor, &question, outcome).await;
        let (updates, response) = editor.response(id).await;
        assert_eq!(states(&updates), ["failed"]);
        assert_eq!(response["result"]["stopReason"], "end_turn");
    }
    assert_eq!(images(&backend), 0);
}

#[tokio::test]
async fn question_is_withdrawn_before_its_call_ends() {
    let backend = provider();
    let (sandbox, mut editor) = with_provider(&backend, ALWAYS).await;
    let session = editor.new_session(&sandbox).await;
    let (id, _, question) = ask(&mut editor, &session).await;
    editor.notify("session/cancel", json!({ "sessionId": session })).await;
    let withdrawal = editor.next().await.expect("a message");
    assert_eq!(withdrawal["method"], "$/cancel_request", "{withdrawal}");
    assert_eq!(withdrawal["params"]["requestId"], question["id"]);
    let (updates, response) = editor.response(id).await;
    assert_eq!(states(&updates), ["failed"]);
    assert_eq!(response["result"]["stopReason"], "cancelled");
    // A late answer changes nothing.
    answer(&mut editor, &question, json!({ "outcome": "selected", "optionId": "allow" })).await;
    editor.new_session(&sandbox).await;
    assert_eq!(images(&backend), 0);
}

/// The answer and the end of the call race. Whatever comes first, the end of the call is its last update.
#[tokio::test]
async fn answer_beside_a_cancellation_does_not_continue_an_ended_call() {
    let backend = provider();
    let (sandbox, mut editor) = with_provider(&backend, ALWAYS).await;
    let session = editor.new_session(&sandbox).await;
    for round in 0..10 {
        let (id, _, question) = ask(&mut editor, &session).await;
        let allow = json!({ "outcome": { "outcome": "selected", "optionId": "allow" } });
        let mut messages = [
            json!({ "jsonrpc": "2.0", "id": question["id"], "result": allow }),
            json!({ "jsonrpc": "2.0", "method": "session/cancel", "params": { "sessionId": session } }),
        ];
        if round % 2 == 0 {
            messages.reverse();
        }
        editor.write(&messages).await;
        let mut updates = Vec::new();
        let response = loop {
            let message = editor.next().await.expect("a response");
            if message["id"] == id {
                break message;
            }
            updates.push(message["params"]["update"].clone());
        };
        assert!(response.get("error").is_none(), "{response}");
        let states = states(&updates);
        assert!(matches!(states.last(), Some(&"failed" | &"completed")), "{states:?}");
        assert_eq!(states.iter().filter(|state| **state != "in_progress").count(), 1, "{states:?}");
        // No update follows the response.
        editor.request("session/list", json!({})).await;
    }
}
