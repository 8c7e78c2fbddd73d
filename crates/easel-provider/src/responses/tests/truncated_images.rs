//! Hosted images whose event is cut.

use std::pin::pin;
use std::sync::Arc;

use easel_imagegen::port::Provider;
use easel_protocol::tool::ToolExposure;
use easel_testkit::http::{MockServer, Step};
use futures_util::StreamExt;
use tokio_util::sync::CancellationToken;

use super::fixture::{MemoryFiles, PATIENT, PNG, all_with, line, provider, request, response, stream};

const STARTED: &str = r#"started ig_1 Generate "draw a fox" []"#;
const ENDED: &str = r#"ended ig_1 Some("req_7") Some("ig_1") 70 bytes None None None"#;
const INVALID: &str = "error InternalServerError: the provider sent an event that is not valid JSON";
const CUT: &str = "error InternalServerError: the provider's response ended early";

/// The events up to the base64 of an image, which is the last value of each text.
fn events_before_image() -> [String; 2] {
    let added = r#"{"type":"response.output_item.added","item":{"type":"image_generation_call","id":"ig_1"}}"#;
    let item = r#"{"type":"image_generation_call","id":"ig_1","status":"completed","result":""#;
    [
        format!("data: {added}\n\ndata: {{\"type\":\"response.output_item.done\",\"item\":{item}"),
        format!("data: {added}\n\nevent: response.completed\ndata: {{\"response\":{{\"output\":[{item}"),
    ]
}

async fn transcript(bytes: Vec<u8>) -> Vec<String> {
    let server = MockServer::play([vec![Step::Send(bytes)]]);
    let provider = provider(&server.base_url(), PATIENT, 0);
    let transcript = all_with(&provider, request(ToolExposure::Hosted), MemoryFiles::default()).await;
    transcript.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn complete_image_of_a_truncated_event_is_kept() {
    for before in events_before_image() {
        for after in ["\"", "\",\"revised_prompt\":\"a \\\"fo", "\",\"size\":", "\"}"] {
            let lines = transcript(stream(format!("{before}{PNG}{after}"))).await;
            assert_eq!(lines, [STARTED, ENDED, CUT], "{before}{after}");
        }
    }
}

#[tokio::test]
async fn complete_image_of_cut_json_is_kept() {
    let item = r#"{"type":"image_generation_call","id":"ig_1","status":"completed","result":""#;
    let head = "content-type: application/json\r\ncontent-length: 9999\r\n";
    let lines = transcript(response("200 OK", head, format!("{{\"output\":[{item}{PNG}\",\"size"))).await;
    assert_eq!(lines[..2], [STARTED, ENDED]);
    assert!(lines[2].contains(" was lost while the response arrived: "), "{lines:?}");
}

#[tokio::test]
async fn complete_image_of_json_that_ends_cleanly_is_kept() {
    let item = r#"{"type":"image_generation_call","id":"ig_1","status":"completed","result":""#;
    let whole = format!("{{\"output\":[{item}{PNG}\"}}]}}");
    for body in [&whole[..whole.len() - 1], &whole[..whole.len() - 3]] {
        let lines = transcript(response("200 OK", "content-type: application/json\r\n", body)).await;
        assert_eq!(lines, [STARTED, ENDED, INVALID], "{body}");
    }
}

#[tokio::test]
async fn complete_image_of_invalid_json_is_kept() {
    let item = format!(r#"{{"type":"image_generation_call","id":"ig_1","status":"completed","result":"{PNG}"}}"#);
    let kept = [
        r#"started image_1 Generate "draw a fox" []"#,
        r#"ended image_1 Some("req_7") None 70 bytes None None None"#,
        INVALID,
    ];
    let body = format!("{{\"output\":[{item}],\"x\":}}<!-- 7 ms -->");
    assert_eq!(transcript(response("200 OK", "content-type: application/json\r\n", &body)).await, kept);
    let done = format!("data: {{\"type\":\"response.output_item.done\",\"item\":{item},\"x\":}}\n\n");
    assert_eq!(transcript(stream(&done)).await, kept);
    // The complete response repeats the image.
    let repeated = format!("data: {{\"type\":\"response.completed\",\"response\":{{\"output\":[{item}]}},\"x\":}}\n\n");
    assert_eq!(transcript(stream(done.clone() + &repeated)).await, kept);
    let preview = done.replace("response.output_item.done", "x.partial_image");
    assert_eq!(transcript(stream(preview)).await, [INVALID], "an unfinished image is none");
}

#[tokio::test]
async fn incomplete_image_of_a_truncated_event_fails() {
    for before in events_before_image() {
        let lines = transcript(stream(format!("{before}{}", &PNG[..PNG.len() - 4]))).await;
        let failed = "failed ig_1 BadResponse billed Uncertain: the response ended before the image: the provider's \
                      response ended early";
        assert_eq!(lines, [STARTED, failed, CUT]);
    }
}

#[tokio::test]
async fn interrupt_keeps_the_image_of_an_unfinished_event() {
    let [before, _] = events_before_image();
    let server = MockServer::play([vec![Step::Send(stream(format!("{before}{PNG}\""))), Step::AwaitDisconnect]]);
    let provider = provider(&server.base_url(), PATIENT, 0);
    let stop = CancellationToken::new();
    let events = provider.respond(request(ToolExposure::Hosted), Arc::new(MemoryFiles::default()), stop.clone());
    let mut events = pin!(events);
    for expected in ["request req_7", STARTED] {
        assert_eq!(events.next().await.map(|event| line(&event)).as_deref(), Some(expected));
    }
    stop.cancel();
    let rest: Vec<String> = events.map(|event| line(&event)).collect().await;
    assert_eq!(rest, [ENDED]);
    server.client_disconnected().await;
}
