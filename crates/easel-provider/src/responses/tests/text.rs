//! Text and calls of a model, in every form that servers use.

use easel_protocol::tool::ToolExposure;
use easel_testkit::http::{MockServer, Step};
use serde_json::{Value, json};

use super::fixture::{PATIENT, all, events, provider, request, response, stream};

pub(super) async fn transcript(body: impl AsRef<[u8]>) -> String {
    transcript_of_bytes(stream(body)).await
}

async fn transcript_of_bytes(bytes: Vec<u8>) -> String {
    let server = MockServer::play([vec![Step::Send(bytes)]]);
    all(&provider(&server.base_url(), PATIENT, 0), request(ToolExposure::Standalone)).await
}

pub(super) fn completed(output: &[Value]) -> Value {
    json!({"type": "response.completed", "response": {"status": "completed", "output": output, "usage": {
        "input_tokens": 100, "input_tokens_details": {"cached_tokens": 5},
        "output_tokens": 20, "output_tokens_details": {"reasoning_tokens": 3}, "total_tokens": 120}}})
}

pub(super) fn message(id: &str, text: &str) -> Value {
    json!({"type": "message", "id": id, "role": "assistant", "content": [{"type": "output_text", "text": text}]})
}

pub(super) fn delta(id: &str, text: &str) -> Value {
    json!({"type": "response.output_text.delta", "item_id": id, "output_index": 0, "delta": text})
}

pub(super) fn done(item: &Value) -> Value {
    json!({"type": "response.output_item.done", "item": item})
}

pub(super) fn done_at(position: usize, item: &Value) -> Value {
    json!({"type": "response.output_item.done", "output_index": position, "item": item})
}

pub(super) fn call(id: &str, call_id: &str, prompt: &str) -> Value {
    json!({"type": "function_call", "id": id, "call_id": call_id, "namespace": "image_gen", "name": "imagegen",
        "arguments": json!({"prompt": prompt}).to_string(), "status": "completed"})
}

#[tokio::test]
async fn text_is_reported_once() {
    let whole = message("msg_1", "Hello");
    let body = events(&[
        json!({"type": "response.created", "response": {"id": "resp_1", "output": []}}),
        json!({"type": "response.output_item.added", "output_index": 0, "item": message("msg_1", "")}),
        delta("msg_1", "Hel"),
        delta("msg_1", "lo"),
        json!({"type": "response.output_text.done", "item_id": "msg_1", "text": "Hello"}),
        done(&whole),
        done(&whole),
        completed(&[whole]),
    ]);
    insta::assert_snapshot!(transcript(body).await, @r#"
    delta msg_1 "Hel"
    delta msg_1 "lo"
    message msg_1 "Hello"
    completed 120 = 100 (5 cached) + 20 (3 reasoning)
    "#);
}

#[tokio::test]
async fn message_with_deltas_only_is_completed() {
    let body = events(&[delta("m", "a"), delta("m", "b"), json!({"type": "response.completed", "response": {}})]);
    insta::assert_snapshot!(transcript(body).await, @r#"
    delta m "a"
    delta m "b"
    message m "ab"
    completed 0 = 0 (0 cached) + 0 (0 reasoning)
    "#);
}

#[tokio::test]
async fn message_may_have_another_id_than_its_deltas() {
    let body = events(&[delta("0", "Hi"), done(&message("msg_9", "Hi")), completed(&[message("msg_x", "Hi")])]);
    insta::assert_snapshot!(transcript(body).await, @r#"
    delta 0 "Hi"
    message 0 "Hi"
    completed 120 = 100 (5 cached) + 20 (3 reasoning)
    "#);
}

#[tokio::test]
async fn event_name_replaces_a_missing_type() {
    let whole = message("m", "Hi");
    let typed = [delta("m", "Hi"), done(&whole), completed(&[whole])];
    let untyped = |event: &Value| {
        let mut data = event.clone();
        let kind = data.as_object_mut().and_then(|fields| fields.remove("type"));
        format!("event: {}\ndata: {data}\n\n", kind.as_ref().and_then(Value::as_str).unwrap_or_default())
    };
    let named: String = typed.iter().map(untyped).collect();
    assert_eq!(transcript(named).await, transcript(events(&typed)).await);
    let failed = "event: error\ndata: {\"error\": {\"message\": \"no room\"}}\n\n";
    assert!(transcript(failed).await.contains("no room"));
}

#[tokio::test]
async fn call_is_recognized_in_each_spelling() {
    let spelled = |namespace: Value, name: &str| json!({"type": "function_call", "id": "fc", "call_id": name, "namespace": namespace, "name": name, "arguments": "{}"});
    let calls = [
        spelled(json!("image_gen"), "imagegen"),
        spelled(Value::Null, "image_gen.imagegen"),
        spelled(json!(""), "image_gen__imagegen"),
    ];
    let mut stream: Vec<Value> = calls.iter().map(done).collect();
    stream.push(done(&calls[0]));
    stream.push(completed(&calls));
    insta::assert_snapshot!(transcript(events(&stream)).await, @r#"
    call imagegen Some("image_gen") imagegen {}
    call image_gen.imagegen None image_gen.imagegen {}
    call image_gen__imagegen None image_gen__imagegen {}
    completed 120 = 100 (5 cached) + 20 (3 reasoning)
    "#);
}

#[tokio::test]
async fn parallel_calls_keep_their_order_even_with_one_call_id() {
    let calls = [call("fc_1", "call_1", "a"), call("fc_2", "call_2", "b"), call("fc_3", "call_2", "c")];
    let mut stream: Vec<Value> = calls.iter().map(done).collect();
    stream.push(completed(&calls));
    insta::assert_snapshot!(transcript(events(&stream)).await, @r#"
    call call_1 Some("image_gen") imagegen {"prompt":"a"}
    call call_2 Some("image_gen") imagegen {"prompt":"b"}
    call call_2 Some("image_gen") imagegen {"prompt":"c"}
    completed 120 = 100 (5 cached) + 20 (3 reasoning)
    "#);
}

#[tokio::test]
async fn arguments_may_be_an_object() {
    let item = json!({"type": "function_call", "name": "imagegen", "arguments": {"prompt": "a"}});
    insta::assert_snapshot!(transcript(events(&[done(&item), completed(&[item])])).await, @r#"
    call call_1 None imagegen {"prompt":"a"}
    completed 120 = 100 (5 cached) + 20 (3 reasoning)
    "#);
}

#[tokio::test]
async fn complete_response_is_sufficient() {
    let output = [json!({"type": "reasoning", "content": null}), call("fc_1", "call_1", "a"), message("msg_1", "Hi")];
    insta::assert_snapshot!(transcript(events(&[completed(&output)])).await, @r#"
    call call_1 Some("image_gen") imagegen {"prompt":"a"}
    message msg_1 "Hi"
    completed 120 = 100 (5 cached) + 20 (3 reasoning)
    "#);
}

#[tokio::test]
async fn response_without_stream_is_accepted() {
    let body = json!({"status": "completed", "output": [message("msg_1", "Hi")], "usage": {"input_tokens": 1, "output_tokens": 2}});
    let json = response("200 OK", "content-type: application/json; charset=utf-8\r\n", body.to_string());
    insta::assert_snapshot!(transcript_of_bytes(json).await, @r#"
    message msg_1 "Hi"
    completed 3 = 1 (0 cached) + 2 (0 reasoning)
    "#);
}

#[tokio::test]
async fn unknown_items_are_skipped() {
    let body = events(&[
        json!({"type": "response.new", "item_id": 7, "delta": {"a": 1}, "response": "x"}),
        done(&json!({"type": "web_search_call", "id": 5, "name": []})),
        json!({"type": "response.output_item.added", "item": {"type": "custom", "arguments": []}}),
        completed(&[]),
    ]);
    insta::assert_snapshot!(transcript(format!(": ping\n\n{body}data: [DONE]\n\n")).await, @"completed 120 = 100 (5 cached) + 20 (3 reasoning)");
}

#[tokio::test]
async fn failed_response_has_the_providers_message() {
    let failed = |code: &str, message: &str| {
        events(&[
            delta("m", "I w"),
            json!({"type": "response.failed", "response": {"status": "failed", "error": {"code": code, "message": message}}}),
        ])
    };
    insta::assert_snapshot!(transcript(failed("rate_limit_exceeded", "slow\u{1b}[31m down")).await, @r#"
    delta m "I w"
    error RateLimitExceeded: the rate limit of provider `test` is reached: slow down [rate_limit_exceeded, request req_7]
    "#);
    insta::assert_snapshot!(transcript(failed("server_error", "no key-old-secret here")).await, @r#"
    delta m "I w"
    error InternalServerError: provider `test` failed: no *** here [server_error, request req_7]
    "#);
}

#[tokio::test]
async fn error_event_is_recognized_in_each_spelling() {
    let flat = json!({"type": "error", "code": "insufficient_quota", "message": "spent", "param": null});
    insta::assert_snapshot!(transcript(events(&[flat])).await, @"error UsageLimitExceeded: the usage limit at provider `test` is reached: spent [insufficient_quota, request req_7]");
    let nested = json!({"error": {"message": "broken", "type": "server_error"}});
    insta::assert_snapshot!(transcript(events(&[nested])).await, @"error InternalServerError: provider `test` failed: broken [server_error, request req_7]");
}

#[tokio::test]
async fn incomplete_response_has_a_reason() {
    let incomplete = |reason: Value| {
        events(&[
            json!({"type": "response.incomplete", "response": {"status": "incomplete", "incomplete_details": reason}}),
        ])
    };
    insta::assert_snapshot!(transcript(incomplete(json!({"reason": "max_output_tokens"}))).await, @"error Other: the model's response reached its token limit");
    insta::assert_snapshot!(transcript(incomplete(json!({"reason": "content_filter"}))).await, @"error BadRequest: the provider's content filter ended the model's response");
    insta::assert_snapshot!(transcript(incomplete(Value::Null)).await, @"error Other: the provider ended the model's response before it was complete");
}
