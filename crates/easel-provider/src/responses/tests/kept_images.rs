//! Hosted images of responses with a fault. An image that arrived is paid for, and kept whatever else happens.

use easel_protocol::tool::ToolExposure;
use easel_testkit::http::{MockServer, Step};
use serde_json::{Value, json};

use super::fixture::{PATIENT, PNG, all, events, provider, request, response, stream};
use super::text::{call, completed, delta, done, message};

const STARTED: &str = r#"started ig_1 Generate "draw a fox" []"#;
const ENDED: &str = r#"ended ig_1 Some("req_7") Some("ig_1") 70 bytes None None None"#;
const COMPLETED: &str = "completed 120 = 100 (5 cached) + 20 (3 reasoning)";

fn image(result: &str) -> Value {
    json!({"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": result})
}

fn added() -> Value {
    json!({"type": "response.output_item.added", "item": {"type": "image_generation_call", "id": "ig_1"}})
}

/// Returns the lines of a response to a request that offered the hosted tool, which was sent once.
async fn transcript(bytes: Vec<u8>) -> Vec<String> {
    let server = MockServer::play([vec![Step::Send(bytes)]]);
    let transcript = all(&provider(&server.base_url(), PATIENT, 0), request(ToolExposure::Hosted)).await;
    assert_eq!(server.requests().len(), 1);
    transcript.lines().map(str::to_owned).collect()
}

async fn lines(list: &[Value]) -> Vec<String> {
    transcript(stream(events(list))).await
}

#[tokio::test]
async fn image_of_a_failed_response_is_kept() {
    let failed =
        json!({"status": "failed", "error": {"code": "server_error", "message": "no"}, "output": [image(PNG)]});
    let incomplete = json!({"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"},
        "output": [message("msg_1", "Hi"), image(PNG)]});
    for (kind, whole, error) in [
        (
            "response.failed",
            failed,
            "error InternalServerError: provider `test` failed: no [server_error, request req_7]",
        ),
        ("response.incomplete", incomplete, "error Other: the model's response reached its token limit"),
    ] {
        let end = json!({"type": kind, "response": whole});
        assert_eq!(lines(std::slice::from_ref(&end)).await, [STARTED, ENDED, error]);
        assert_eq!(lines(&[added(), end.clone()]).await, [STARTED, ENDED, error]);
        assert_eq!(lines(&[added(), done(&image(PNG)), end]).await, [STARTED, ENDED, error]);
        let body = response("200 OK", "content-type: application/json\r\n", whole.to_string());
        assert_eq!(transcript(body).await, [STARTED, ENDED, error]);
    }
}

#[tokio::test]
async fn image_beside_an_invalid_item_is_kept() {
    let long = json!({"type": "function_call", "name": "x".repeat(300), "call_id": "c", "arguments": "{}"});
    let too_long = "error InternalServerError: the provider sent an id or a name that is too long";
    let large = json!({"type": "function_call", "name": "x", "call_id": "c", "arguments": "x".repeat(2 << 20)});
    let too_large = "error InternalServerError: the provider's model called a tool with more than 1 MiB of arguments";
    for (item, error) in [(long, too_long), (large, too_large)] {
        for output in [[image(PNG), item.clone()], [item.clone(), image(PNG)]] {
            assert_eq!(lines(&[completed(&output)]).await, [STARTED, ENDED, error]);
        }
    }
}

#[tokio::test]
async fn image_after_an_event_that_is_too_large_is_kept() {
    let long = json!({"type": "function_call", "name": "x".repeat(300), "call_id": "c", "arguments": "{}"});
    let error = "error InternalServerError: the provider sent an id or a name that is too long";
    let list = [added(), done(&long), done(&image(PNG)), completed(&[image(PNG)])];
    assert_eq!(lines(&list).await, [STARTED, ENDED, error]);
}

#[tokio::test]
async fn words_between_events_are_skipped() {
    let [before, after] = [events(&[added()]), events(&[done(&image(PNG)), completed(&[])])];
    for word in ["ping", "[1]", "\"keep-alive\"", "{"] {
        let whole = word == "{";
        let lines = transcript(stream(format!("{before}data: {word}\n\n{after}"))).await;
        let end = if whole {
            "error InternalServerError: the provider sent an event that is not valid JSON"
        } else {
            COMPLETED
        };
        assert_eq!(lines, [STARTED, ENDED, end], "{word}");
    }
}

#[tokio::test]
async fn lost_call_does_not_complete_the_response() {
    let call = call("fc_1", "call_1", "a");
    let broken = format!("data: {}\n\n", &done(&call).to_string()[1..]);
    let invalid = "error InternalServerError: the provider sent an event that is not valid JSON";
    let made = r#"call call_1 Some("image_gen") imagegen {"prompt":"a"}"#;
    for (output, expected) in
        [(vec![], vec![invalid]), (vec![message("msg_1", "Hi")], vec![invalid]), (vec![call], vec![made, COMPLETED])]
    {
        let lines = transcript(stream(broken.clone() + &events(&[completed(&output)]))).await;
        assert_eq!(lines, expected, "{output:?}");
    }
}

#[tokio::test]
async fn lost_text_arrives_in_the_complete_response() {
    let mut body = events(&[delta("msg_1", "H")]).into_bytes();
    body.extend_from_slice(b"data: {\"type\":\"response.output_text.delta\",\"delta\":\"\xff\"}\n\n");
    body.extend_from_slice(events(&[completed(&[message("msg_1", "Hi")])]).as_bytes());
    assert_eq!(transcript(stream(body)).await, [r#"delta msg_1 "H""#, r#"message msg_1 "Hi""#, COMPLETED]);
}

#[tokio::test]
async fn empty_result_is_not_an_image() {
    let list = [added(), done(&image("")), completed(&[image(PNG)])];
    assert_eq!(lines(&list).await, [STARTED, ENDED, COMPLETED]);
    let failed = "failed ig_1 BadResponse billed Uncertain: the response ended without the image";
    assert_eq!(lines(&[done(&image("")), completed(&[])]).await, [STARTED, failed, COMPLETED]);
}

#[tokio::test]
async fn result_counts_more_than_an_error() {
    let with = |field: &str, value: Value, result: &str| {
        let mut image = image(result);
        image[field] = value;
        image
    };
    for (field, value) in
        [("error", json!({})), ("error", json!("")), ("error", json!({"message": "no"})), ("status", json!("failed"))]
    {
        let item = with(field, value, PNG);
        assert_eq!(lines(&[added(), done(&item), completed(&[])]).await, [STARTED, ENDED, COMPLETED], "{item}");
        assert_eq!(lines(&[completed(std::slice::from_ref(&item))]).await, [STARTED, ENDED, COMPLETED], "{item}");
    }
    // An empty error is none, so the image may still come.
    let list = [done(&with("error", json!({}), "")), completed(&[image(PNG)])];
    assert_eq!(lines(&list).await, [STARTED, ENDED, COMPLETED]);
}
