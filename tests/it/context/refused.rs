//! Conversations that the provider refuses as too long.

use easel_protocol::event::Event;
use easel_protocol::turn::{CodexErrorInfo, TurnStatus};
use easel_testkit::http::Response;
use serde_json::json;

use super::{catalogue, count_compactions, methods, model_requests, sandbox, start_provider};
use crate::harness::events::{completed_items, completed_turn};
use crate::harness::{STANDALONE, text};
use crate::http::start_server_with_key;

/// The context window of the model, in tokens. The configured limit is far above it.
const WINDOW: u64 = 3_000;

fn openai_refusal() -> Response {
    let error = json!({"message": "Your input exceeds the context window of this model.",
        "type": "invalid_request_error", "param": "input", "code": "context_length_exceeded"});
    Response::json(400, &json!({ "error": error }))
}

fn failed_response() -> Response {
    let error = json!({"code": "context_length_exceeded", "message": "Your input exceeds the context window."});
    let response = json!({"id": "resp_1", "status": "failed", "error": error});
    Response::events(&[
        json!({"type": "response.created", "response": {"id": "resp_1"}}),
        json!({"type": "response.failed", "response": response}),
    ])
}

fn llama_refusal() -> Response {
    let error = json!({"code": 400, "type": "exceed_context_size_error", "n_prompt_tokens": 9_412, "n_ctx": 8_192,
        "message": "request (9412 tokens) exceeds the available context size (8192 tokens), try increasing it"});
    Response::json(400, &json!({ "error": error }))
}

fn vllm_refusal() -> Response {
    let message = "This model's maximum context length is 3000 tokens. However, your request has 3010 input tokens. \
                   Please reduce the length of the input messages.";
    Response::json(400, &json!({"error": {"message": message, "type": "BadRequestError", "code": 400}}))
}

#[tokio::test]
async fn refused_conversation_is_compacted_and_sent_again() {
    for refusal in [openai_refusal, failed_response, llama_refusal, vllm_refusal] {
        let provider = start_provider(move |tokens| (tokens > WINDOW).then(refusal));
        let sandbox = sandbox(&provider, 100_000, "history.model_images = 0\n");
        let mut server = start_server_with_key(&sandbox, STANDALONE).await;
        let thread = server.start_thread().await;
        let mut compactions = 0;
        for turn in 0..30 {
            let message = format!("describe square {turn} {}", "with soft edges ".repeat(12));
            let events = server.run_turn(&thread.id, vec![text(&message)]).await;
            assert_eq!(completed_turn(&events).status, TurnStatus::Completed);
            compactions += count_compactions(completed_items(&events));
        }
        let bodies = model_requests(&provider);
        assert_eq!(bodies.len(), 30 + compactions, "each refused request is sent once more");
        assert!((1..=8).contains(&compactions), "{compactions} compactions");
        assert!(catalogue(bodies.last().expect("a request")).is_some());
        server.close().await;
    }
}

#[tokio::test]
async fn message_longer_than_the_window_fails_with_advice() {
    let provider = start_provider(|tokens| (tokens > WINDOW).then(openai_refusal));
    let sandbox = sandbox(&provider, 100_000, "");
    let mut server = start_server_with_key(&sandbox, STANDALONE).await;
    let thread = server.start_thread().await;
    server.run_turn(&thread.id, vec![text("hello there")]).await;
    let events = server.run_turn(&thread.id, vec![text(&"long ".repeat(3_000))]).await;
    let turn = completed_turn(&events);
    let error = turn.error.as_ref().expect("an error");
    assert_eq!(error.codex_error_info, Some(CodexErrorInfo::ContextWindowExceeded));
    let message = error.message.replace(&provider.address().to_string(), "HOST");
    insta::assert_snapshot!(message, @"the conversation is too long for the model: Your input exceeds the context window of this model. [HTTP 400, context_length_exceeded, POST HOST/v1/responses]. Shorten the message, use a model with a larger context window, or set `model_context_tokens` to fewer tokens than the window of this model.");
    // One request for the first turn, and two for the second: the refused one, and one without the first turn.
    assert_eq!(model_requests(&provider).len(), 3);
    assert_eq!(methods(&events).iter().filter(|method| **method == "thread/compacted").count(), 1);
    assert!(matches!(events.last(), Some(Event::TurnCompleted(_))));
    // The thread continues, and the long message is reduced to its beginning.
    let events = server.run_turn(&thread.id, vec![text("hello again")]).await;
    assert_eq!(completed_turn(&events).status, TurnStatus::Completed);
    server.close().await;
}
