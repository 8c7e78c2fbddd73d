//! Approvals: the host's user is asked by an elicitation, or by a result that requires input.

use easel_testkit::http::MockServer;
use serde_json::{Value, json};

use super::{Host, IMAGES, kinds, sandbox, text_of};
use crate::credentials::responses;

const ASK: &str = "approval = \"always\"";

fn provider() -> MockServer {
    MockServer::respond(|_| responses::image())
}

fn elicitation() -> Value {
    json!({"elicitation": {"form": {}}})
}

#[tokio::test]
async fn user_is_asked_by_an_elicitation() {
    for (action, made) in [("accept", true), ("decline", false), ("cancel", false)] {
        let provider = provider();
        let sandbox = sandbox(&provider, ASK);
        let (mut host, _) = Host::legacy(&sandbox, &elicitation()).await;
        let id = host.start_call(json!({"prompt": "a fox"})).await;
        let question = host.next_message().await;
        assert_eq!(question["method"], "elicitation/create");
        assert!(question["params"]["message"].as_str().expect("a message").contains("a fox"), "{question}");
        let answer = json!({"jsonrpc": "2.0", "id": question["id"], "result": {"action": action, "content": {}}});
        host.send_line(&answer.to_string()).await;
        let result = host.response(id).await["result"].clone();
        assert_eq!(result["isError"], !made, "{action}: {result}");
        assert_eq!(provider.requests_to(IMAGES).len(), usize::from(made), "{action}");
        host.close().await;
    }
}

/// Reads the server's next question, and skips what else it sends.
async fn question(host: &mut Host) -> Value {
    loop {
        let message = host.next_message().await;
        if message["method"] == "elicitation/create" {
            return message["id"].clone();
        }
    }
}

#[tokio::test]
async fn question_outlives_the_timeout_of_its_host() {
    let provider = provider();
    let sandbox = sandbox(&provider, ASK);
    let (mut host, _) = Host::legacy(&sandbox, &elicitation()).await;
    let id = host.start_call(json!({"prompt": "a fox"})).await;
    let first = question(&mut host).await;
    host.notify("notifications/cancelled", &json!({"requestId": id, "reason": "Request timed out"})).await;
    let id = host.start_call(json!({"prompt": "a fox"})).await;
    let again = question(&mut host).await;
    assert_ne!(first, again);
    let answer = json!({"jsonrpc": "2.0", "id": again, "result": {"action": "accept", "content": {}}});
    host.send_line(&answer.to_string()).await;
    let result = host.response(id).await["result"].clone();
    assert_eq!(kinds(&result), ["text", "image", "resource_link"], "{result}");
    assert_eq!(provider.requests_to(IMAGES).len(), 1);
    host.close().await;
}

#[tokio::test]
async fn call_is_answered_early_while_the_user_is_asked() {
    let provider = provider();
    let sandbox = sandbox(&provider, &format!("{ASK}\nmcp.answer_within_ms = 50"));
    let (mut host, _) = Host::legacy(&sandbox, &elicitation()).await;
    for _ in 0..2 {
        let early = host.call(json!({"prompt": "a fox"})).await;
        assert_eq!(early["isError"], false, "{early}");
        assert!(text_of(&early).contains("exactly the same arguments"), "{early}");
    }
    assert!(provider.requests_to(IMAGES).is_empty());
    host.close().await;
}

#[tokio::test]
async fn host_that_cannot_ask_is_told_why() {
    let provider = provider();
    let sandbox = sandbox(&provider, ASK);
    for modern in [false, true] {
        let mut host =
            if modern { Host::modern(&sandbox, &json!({})) } else { Host::legacy(&sandbox, &json!({})).await.0 };
        let result = host.call(json!({"prompt": "a fox"})).await;
        assert_eq!((&result["isError"], kinds(&result)), (&json!(true), vec!["text".to_owned()]));
        assert!(text_of(&result).contains("cannot ask its user"), "{result}");
        let (rest, _) = host.close().await;
        assert!(rest.is_empty(), "{rest:?}");
    }
    assert!(provider.requests_to(IMAGES).is_empty());
}

/// Calls the tool, and returns the state of the result that requires input.
async fn ask(host: &mut Host, arguments: Value) -> String {
    let result = host.call(arguments).await;
    assert_eq!(result["resultType"], "input_required", "{result}");
    assert_eq!(result["inputRequests"]["approval"]["method"], "elicitation/create", "{result}");
    result["requestState"].as_str().expect("a state").to_owned()
}

fn retry(arguments: &Value, state: &str, responses: &Value) -> Value {
    json!({"name": "imagegen", "arguments": arguments, "requestState": state, "inputResponses": responses})
}

#[tokio::test]
async fn user_is_asked_by_a_result_that_requires_input() {
    for (action, made) in [("accept", true), ("decline", false), ("cancel", false)] {
        let provider = provider();
        let sandbox = sandbox(&provider, ASK);
        let mut host = Host::modern(&sandbox, &elicitation());
        let arguments = json!({"prompt": "a fox"});
        let state = ask(&mut host, arguments.clone()).await;
        let answers = json!({"approval": {"action": action, "content": {}}});
        let result = host.request("tools/call", retry(&arguments, &state, &answers)).await;
        assert_eq!(result["isError"], !made, "{action}: {result}");
        assert_eq!(provider.requests_to(IMAGES).len(), usize::from(made), "{action}");
        host.close().await;
    }
}

#[tokio::test]
async fn state_approves_its_own_call_once() {
    let provider = provider();
    let sandbox = sandbox(&provider, ASK);
    let mut host = Host::modern(&sandbox, &elicitation());
    let (fox, cat) = (json!({"prompt": "a fox"}), json!({"prompt": "a cat"}));
    let accept = || json!({"approval": {"action": "accept", "content": {}}});
    let state = ask(&mut host, fox.clone()).await;
    let mut forged = state.clone();
    forged.pop();
    for (arguments, state) in [(cat, state.as_str()), (fox.clone(), forged.as_str()), (fox.clone(), "x")] {
        let refusal = host.refusal("tools/call", retry(&arguments, state, &accept())).await;
        assert!(refusal.starts_with("-32602 requestState"), "{refusal}");
    }
    assert!(provider.requests_to(IMAGES).is_empty());
    // Without the answer the question is asked again.
    let again = host.request("tools/call", retry(&fox, &state, &json!({"other": {}}))).await;
    let state = again["requestState"].as_str().expect("a state").to_owned();
    host.request("tools/call", retry(&fox, &state, &accept())).await;
    let refusal = host.refusal("tools/call", retry(&fox, &state, &accept())).await;
    assert!(refusal.starts_with("-32602 requestState"), "{refusal}");
    assert_eq!(provider.requests_to(IMAGES).len(), 1);
    host.close().await;
}
